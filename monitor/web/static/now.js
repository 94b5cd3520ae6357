// The first part of the page: whether the line is well, and each site at this moment.
import { element } from "./figure.js";
import { number, t } from "./text.js";
import { shown } from "./units.js";

const TONES = { well: "", slow: "warn", failed: "alarm", unmeasured: "" };

function row(site) {
  const times = site.times_slower;
  return element("tr", { class: TONES[site.state], "data-site": site.target, "data-state": site.state },
    element("th", { scope: "row" }, site.role === "control" ? t("choice.control", { name: site.target }) : site.target),
    element("td", {}, shown(site.metric, site.value)),
    element("td", {}, shown(site.metric, site.usual)),
    element("td", {}, times === null ? t("none") : number(times, 1)),
    element("td", {}, t(`now.${site.state}`)));
}

function table(sites) {
  const titles = ["now.site", "now.now", "now.usual", "now.times", "now.outcome"];
  return element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": t("now.table") },
    element("table", {},
      element("thead", {}, element("tr", {}, ...titles.map((key) => element("th", { scope: "col" }, t(key))))),
      element("tbody", {}, ...sites.map(row))));
}

/** What is said of the line and of the sites that are slow or silent, then each site. */
export function nowParts(now) {
  const tone = { up: "good", down: "bad" }[now.line] ?? "";
  const [first, ...rest] = now.told;
  return [
    element("p", { class: `line ${tone}`, "data-line": now.line }, first),
    rest.length ? element("ul", {}, ...rest.map((words) => element("li", {}, words))) : null,
    element("details", {}, element("summary", {}, t("now.table")), table(now.sites)),
  ].filter(Boolean);
}
