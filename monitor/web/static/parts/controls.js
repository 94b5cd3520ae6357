// The sites for comparison at this moment.
import { element, wideTable } from "../dom.js";
import { number, t } from "../text.js";
import { shown } from "../units.js";

const TONES = { well: "fine", slow: "warn", failed: "alarm", unmeasured: "open" };

// The outcome says that nothing was measured: once in a row is enough.
const figure = (metric, value) => (value === null ? "–" : shown(metric, value));

function row(site) {
  return element(
    "tr",
    { class: TONES[site.state], "data-site": site.target, "data-state": site.state },
    element("th", { scope: "row" }, site.target),
    element("td", { class: "outcome" }, t(`now.${site.state}`)),
    element("td", { class: "number" }, figure(site.metric, site.value)),
    element("td", { class: "number" }, figure(site.metric, site.usual)),
    element(
      "td",
      { class: "number" },
      site.times_slower === null ? "–" : number(site.times_slower, 1),
    ),
  );
}

export function controlTable(now) {
  const sites = now.sites.filter((site) => site.role === "control");
  if (!sites.length) return element("p", { class: "soft" }, t("controls.none"));
  const titles = ["now.site", "now.outcome", "now.now", "now.usual", "now.times"];
  return wideTable(
    t("now.table"),
    titles.map((key) => t(key)),
    sites.map(row),
  );
}
