// Which sites are measured: switched, added, and the way back.
import { follow, post } from "../api.js";
import { byId, coded, element } from "../dom.js";
import { begin, part } from "../shell.js";
import { t } from "../text.js";

function row(site, change) {
  const button = element(
    "button",
    { type: "button", "aria-pressed": String(site.is_on), "data-switch": site.name },
    t(site.is_on ? "settings.on" : "settings.off"),
  );
  button.addEventListener("click", () => change("switch", { name: site.name, is_on: !site.is_on }));
  return element(
    "tr",
    {},
    element("th", { scope: "row" }, site.name),
    element("td", {}, t(`settings.${site.kind}`)),
    element("td", {}, button),
  );
}

function show({ sites, can_undo }, change) {
  const titles = ["choice.target", "settings.kind", "settings.measured"];
  byId("undo").hidden = !can_undo;
  byId("sites").replaceChildren(
    element(
      "table",
      {},
      element(
        "thead",
        {},
        element("tr", {}, ...titles.map((key) => element("th", { scope: "col" }, t(key)))),
      ),
      element("tbody", {}, ...sites.map((site) => row(site, change))),
    ),
  );
}

await begin(async () => {
  if (!byId("add")) return;
  const change = (what, body) =>
    part(async () => {
      show(await post(`/sites/${what}`, body), change);
      const words = t(what === "undo" ? "settings.undone" : "settings.written");
      byId("settings-state").replaceChildren(...coded(words));
    });
  byId("undo").addEventListener("click", () => change("undo", {}));
  byId("add").addEventListener("submit", (event) => {
    event.preventDefault();
    change("add", Object.fromEntries(new FormData(event.target).entries()));
  });
  show(await follow("/sites"), change);
});
