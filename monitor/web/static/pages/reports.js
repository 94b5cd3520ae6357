// The night reports, and what went wrong with them.
import { ask, base } from "../api.js";
import { byId, element } from "../dom.js";
import { run } from "../parts/errand.js";
import { begin, language, part } from "../shell.js";
import { dayName, moment, t } from "../text.js";

const MOST = 60;

function file(report, name) {
  const digest = report.digests[name];
  return element(
    "li",
    {},
    element(
      "a",
      {
        href: `${base}/reports/${report.date}/${encodeURIComponent(name)}`,
        target: "_blank",
        rel: "noopener",
      },
      name,
    ),
    digest ? element("code", { class: "digest" }, `SHA-256 ${digest}`) : null,
  );
}

function night(report) {
  return element(
    "li",
    {},
    element("strong", {}, dayName(report.date)),
    element("ul", { class: "files" }, ...report.files.map((name) => file(report, name))),
  );
}

async function show() {
  const { reports, troubles } = await ask("/reports");
  const wrong = troubles.map((trouble) =>
    element("li", {}, t(`reports.${trouble.what}`, { ...trouble, time: moment(trouble.at_utc) })),
  );
  byId("reports").replaceChildren(
    ...(wrong.length ? [element("ul", { class: "troubles" }, ...wrong)] : []),
    reports.length
      ? element("ul", { class: "nights" }, ...reports.slice(0, MOST).map(night))
      : element("p", { class: "empty" }, t("reports.empty")),
  );
}

function wire() {
  const form = byId("make-report");
  form?.addEventListener("submit", (event) => {
    event.preventDefault();
    const { date, bundle } = Object.fromEntries(new FormData(form).entries());
    part(async () => {
      await run("report", { ...(date ? { date } : {}), bundle, language });
      await show();
    });
  });
}

wire();
await begin(show);
