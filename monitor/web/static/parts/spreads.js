// Two spans of time as boxes: middle half, 10th to 90th percentile.
import { visible } from "../dom.js";
import { axis, frame } from "../figure.js";
import { moment, number, t } from "../text.js";
import { scale, shown, slower } from "../units.js";

const SIDES = ["a", "b"];

export function compareOption(comparison) {
  const { factor, unit } = scale(comparison.metric);
  const row = (spread) =>
    [spread.p10, spread.p25, spread.median, spread.p75, spread.p90].map(
      (value) => (value ?? 0) * factor,
    );
  const controls = SIDES.flatMap((side, i) =>
    comparison[side].controls_median === null
      ? []
      : [[i, comparison[side].controls_median * factor]],
  );
  return (c) => ({
    ...frame(c),
    legend: { textStyle: { color: c.soft }, top: 0, right: 8 },
    grid: { left: 64, right: 12, top: 72, bottom: 30 },
    xAxis: axis(c, { type: "category", data: SIDES.map((side) => t(`compare.${side}`)) }),
    yAxis: axis(c, { type: "value", name: unit, min: 0 }),
    series: [
      {
        name: visible(comparison.target),
        type: "boxplot",
        boxWidth: [20, 90],
        data: SIDES.map((side) => row(comparison[side])),
        itemStyle: { color: c.mute, borderColor: c.accent, borderWidth: 2 },
      },
      {
        name: t("live.controls"),
        type: "scatter",
        symbol: "diamond",
        symbolSize: 14,
        data: controls,
        itemStyle: { color: c.control },
      },
    ],
  });
}

export function compareData(comparison) {
  const names = [
    "since",
    "until",
    "n",
    "n_failed",
    "p10",
    "p25",
    "median",
    "p75",
    "p90",
    "controls_median",
  ];
  return {
    columns: ["span", ...names],
    rows: SIDES.map((side) => [side, ...names.map((name) => comparison[side][name])]),
  };
}

/** When a window was. */
export function spanWords(comparison, side) {
  return t("compare.span", {
    which: t(`compare.${side}`),
    from: moment(comparison[side].since),
    to: moment(comparison[side].until),
  });
}

/** What a comparison says. */
export function comparisonWords(comparison) {
  const values = {
    target: comparison.target,
    a: shown(comparison.metric, comparison.a.median),
    b: shown(comparison.metric, comparison.b.median),
    na: number(comparison.a.n),
    nb: number(comparison.b.n),
  };
  const base = t("compare.words", values);
  if (comparison.ratio === null) return base;
  if (comparison.ratio_beyond_controls === null)
    return `${base} ${t("compare.alone", { ratio: slower(comparison.ratio) })}`;
  return `${base} ${t("compare.ratio", { ratio: slower(comparison.ratio), beyond: slower(comparison.ratio_beyond_controls) })}`;
}
