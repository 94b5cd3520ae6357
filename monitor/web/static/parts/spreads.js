// Two spans of time as boxes: middle half, 10th to 90th percentile.
import { visible } from "../dom.js";
import { axis, frame } from "../figure.js";
import { moment, number, t } from "../text.js";
import { scale, shown, slower } from "../units.js";

const SIDES = ["a", "b"];

export function compareOption(found) {
  const { factor, unit } = scale(found.metric);
  const row = (spread) =>
    [spread.p10, spread.p25, spread.median, spread.p75, spread.p90].map(
      (value) => (value ?? 0) * factor,
    );
  const controls = SIDES.flatMap((side, i) =>
    found[side].controls_median === null ? [] : [[i, found[side].controls_median * factor]],
  );
  return (c) => ({
    ...frame(c),
    legend: { textStyle: { color: c.soft }, top: 0, right: 8 },
    grid: { left: 64, right: 12, top: 72, bottom: 30 },
    xAxis: axis(c, { type: "category", data: SIDES.map((side) => t(`compare.${side}`)) }),
    yAxis: axis(c, { type: "value", name: unit, min: 0 }),
    series: [
      {
        name: visible(found.target),
        type: "boxplot",
        boxWidth: [20, 90],
        data: SIDES.map((side) => row(found[side])),
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

export function compareData(found) {
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
    rows: SIDES.map((side) => [side, ...names.map((name) => found[side][name])]),
  };
}

/** When a window was. */
export function spanWords(found, side) {
  return t("compare.span", {
    which: t(`compare.${side}`),
    from: moment(found[side].since),
    to: moment(found[side].until),
  });
}

/** What a comparison says. */
export function comparisonWords(found) {
  const values = {
    target: found.target,
    a: shown(found.metric, found.a.median),
    b: shown(found.metric, found.b.median),
    na: number(found.a.n),
    nb: number(found.b.n),
  };
  const base = t("compare.words", values);
  if (found.ratio === null) return base;
  if (found.ratio_beyond_controls === null)
    return `${base} ${t("compare.alone", { ratio: slower(found.ratio) })}`;
  return `${base} ${t("compare.ratio", { ratio: slower(found.ratio), beyond: slower(found.ratio_beyond_controls) })}`;
}
