// The samples of a day: asked for, in a table, and one of them with all its fields.
import { ask } from "../api.js";
import { byId, element } from "../dom.js";
import { Figure } from "../figure.js";
import { clockTime, moment, t, zone } from "../text.js";
import { shown } from "../units.js";
import { bytesAbout, bytesData, bytesOption, noCurve } from "./bytes.js";

const MOST = 20000;

/** All samples of a question, page by page. */
export async function allSamples(parameters) {
  const samples = [];
  let cursor = null;
  do {
    const page = await ask("/samples", { ...parameters, limit: 1000, cursor });
    samples.push(...page.samples);
    cursor = page.next;
  } while (cursor !== null && samples.length < MOST);
  return samples;
}

function row(sample, open) {
  return element(
    "tr",
    { "data-id": sample.id, onclick: () => open(sample.id) },
    element("td", {}, element("button", { type: "button" }, clockTime(sample.started_at_utc))),
    element("td", {}, sample.probe),
    element("td", {}, sample.failure ?? t("day.answered")),
    element("td", { class: "number" }, shown("duration_s", sample.duration_s)),
    element("td", { class: "number" }, shown("goodput_bps", sample.goodput_bps)),
  );
}

/** A row opens its sample, wherever it is hit; its button is for the keyboard. */
export function sampleTable(samples, open) {
  const titles = [
    "day.time",
    "day.probe",
    "day.outcome",
    "metric.duration_s",
    "metric.goodput_bps",
  ];
  return element(
    "table",
    { class: "rows" },
    element(
      "thead",
      {},
      element("tr", {}, ...titles.map((key) => element("th", { scope: "col" }, t(key)))),
    ),
    element("tbody", {}, ...samples.map((sample) => row(sample, open))),
  );
}

function curve(figure, sample) {
  if (sample.timeline)
    figure.show(bytesOption([sample]), bytesData([sample]), bytesAbout([sample]));
  else figure.showEmpty(noCurve(sample));
}

/** One sample in its dialog. */
export async function openSample(id, figureOf) {
  const sample = await ask(`/samples/${id}`);
  byId("sample-words").textContent = t("sample.when", {
    target: sample.target,
    time: moment(sample.started_at_utc, true),
    zone,
  });
  const rows = Object.entries(sample)
    .filter(([name]) => name !== "timeline")
    .map(([name, value]) =>
      element(
        "tr",
        {},
        element("th", { scope: "row" }, name),
        element("td", {}, typeof value === "object" ? JSON.stringify(value) : String(value)),
      ),
    );
  byId("sample-fields").replaceChildren(...rows);
  byId("sample").showModal();
  curve(figureOf(), sample);
}

/** Makes the chart of the dialog once it is open: only then it has a size. */
export function bytesFigure() {
  let figure = null;
  return () =>
    (figure ??= new Figure(byId("bytes"), {
      name: "bytes",
      label: t("bytes.title"),
      size: "short",
    }));
}
