// The sites for comparison at this moment.
import { element, wideTable } from "../dom.js";
import { number, t } from "../text.js";
import { shown } from "../units.js";

const TONES = { well: "fine", slow: "warn", failed: "alarm", unmeasured: "open" };

function row(site) {
  return element(
    "tr",
    { class: TONES[site.state], "data-site": site.target, "data-state": site.state },
    element("th", { scope: "row" }, site.target),
    element("td", { class: "number" }, shown(site.metric, site.value)),
    element("td", { class: "number" }, shown(site.metric, site.usual)),
    element(
      "td",
      { class: "number" },
      site.times_slower === null ? t("none") : number(site.times_slower, 1),
    ),
    element("td", { class: "outcome" }, t(`now.${site.state}`)),
  );
}

export function controlTable(now) {
  const sites = now.sites.filter((site) => site.role === "control");
  if (!sites.length) return element("p", { class: "soft" }, t("controls.none"));
  const titles = ["now.site", "now.now", "now.usual", "now.times", "now.outcome"];
  return wideTable(
    t("now.table"),
    titles.map((key) => t(key)),
    sites.map(row),
  );
}
