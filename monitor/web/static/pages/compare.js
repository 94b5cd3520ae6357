// Two spans of time of one site, beside the sites for comparison.
import { ask } from "../api.js";
import { byId, fillSelect } from "../dom.js";
import { Figure } from "../figure.js";
import {
  fillMetric,
  fillVantage,
  firstMetric,
  interval,
  share,
  siteOptions,
} from "../parts/choice.js";
import { compareData, compareOption, comparisonWords, spanWords } from "../parts/spreads.js";
import { asked, begin, part, remember } from "../shell.js";
import { fromLocal, laterDate, percent, t, zone } from "../text.js";
import { scale } from "../units.js";

const WEEK = 7;
const EDGES = ["a_since", "a_until", "b_since", "b_until"];
const form = byId("compare-choice");

/** The last evening, and that of a week before. */
function proposed({ last_date, window: { start, end } }) {
  if (!last_date) return {};
  const before = laterDate(last_date, -WEEK);
  const next = (date) => (end > start ? date : laterDate(date, 1));
  return {
    a_since: `${last_date}T${start}`,
    a_until: `${next(last_date)}T${end}`,
    b_since: `${before}T${start}`,
    b_until: `${next(before)}T${end}`,
  };
}

function fillChoice(targets) {
  const { elements } = form;
  const parameters = asked();
  fillSelect(elements.target, siteOptions(targets), parameters.get("target"));
  fillMetric(
    elements.metric,
    parameters.get("metric") ??
      firstMetric(targets.targets.find(({ name }) => name === elements.target.value)),
  );
  fillVantage(elements.vantage, targets, parameters.get("vantage"));
  const spans = proposed(targets);
  for (const name of EDGES) elements[name].value = parameters.get(name) ?? spans[name] ?? "";
}

async function show(targets, figure) {
  const chosen = Object.fromEntries(new FormData(form).entries());
  remember(["compare"], chosen);
  const edges = Object.fromEntries(
    EDGES.map((name) => [name, new Date(fromLocal(chosen[name])).toISOString()]),
  );
  const comparison = await ask("/compare", { ...chosen, ...edges });
  if (comparison.a.n === 0 || comparison.b.n === 0) {
    byId("compare-words").textContent = "";
    figure.showEmpty(t("compare.empty"));
    return;
  }
  byId("compare-words").textContent = comparisonWords(comparison);
  const covered = (span) =>
    percent(
      share(
        span.n,
        Date.parse(span.since),
        Date.parse(span.until),
        interval(targets, comparison.metric),
      ),
    );
  const words = [
    t("compare.caption", {
      zone,
      metric: `${t(`metric.${comparison.metric}`)} (${scale(comparison.metric).unit})`,
    }),
    spanWords(comparison, "a"),
    spanWords(comparison, "b"),
    t("compare.coverage", { a: covered(comparison.a), b: covered(comparison.b) }),
    ...(comparison.control_names.length
      ? [t("figure.controls", { names: comparison.control_names.join(", ") })]
      : []),
  ];
  figure.show(compareOption(comparison), compareData(comparison), {
    words,
    label: `${comparisonWords(comparison)} ${words.join(" ")}`,
  });
}

await begin(async (targets) => {
  fillChoice(targets);
  const figure = new Figure(byId("compare"), { name: "compare", label: t("compare.title") });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    part(() => show(targets, figure));
  });
  if (EDGES.every((name) => form.elements[name].value)) await part(() => show(targets, figure));
  else figure.showEmpty(t("compare.empty"));
});
