// The evenings strip: one row per service, one mark per evening, by shape and colour.
import { visible } from "../dom.js";
import { axis, frame } from "../figure.js";
import { dayName, number, percent, t } from "../text.js";
import { eveningWords, legend } from "./calendar.js";

const SHAPES = {
  fine: "circle",
  slow: "triangle",
  dead: "path://M2 0 8 6 14 0 16 2 10 8 16 14 14 16 8 10 2 16 0 14 6 8 0 2Z",
  refused: "diamond",
  unusable: "rect",
};
const ORDER = ["fine", "slow", "dead", "refused", "unusable"];

function colour(c, state) {
  return { fine: c.good, slow: c.warn, dead: c.bad, refused: c.other, unusable: c.field }[state];
}

function dates(answer) {
  return answer.targets[0]?.evenings.map((evening) => evening.date) ?? [];
}

function marks(answer, state) {
  return answer.targets.flatMap((strip, y) =>
    strip.evenings
      .map((evening, x) => ({ evening, value: [x, y], target: strip.target }))
      .filter((mark) => mark.evening.state === state),
  );
}

export function eveningsOption(answer) {
  const days = dates(answer);
  return (c) => ({
    ...frame(c),
    grid: { left: 96, right: 12, top: 10, bottom: 30 },
    tooltip: {
      ...frame(c).tooltip,
      formatter: (p) => eveningWords(visible(p.data.target), p.data.evening),
    },
    xAxis: axis(c, {
      type: "category",
      data: days,
      axisLabel: { formatter: (d) => dayName(d, true), hideOverlap: true },
      splitLine: { show: false },
    }),
    yAxis: axis(c, {
      type: "category",
      inverse: true,
      data: answer.targets.map((strip) => visible(strip.target)),
      axisLabel: { width: 88, overflow: "truncate" },
      splitLine: { show: true, lineStyle: { color: c.line } },
    }),
    series: ORDER.map((state) => ({
      name: state,
      type: "scatter",
      symbol: SHAPES[state],
      symbolSize: (_, p) => symbolSize(days.length, p.data.evening),
      itemStyle:
        state === "fine"
          ? { color: "transparent", borderColor: c.good, borderWidth: 1.5 }
          : { color: colour(c, state) },
      data: marks(answer, state),
    })),
  });
}

function symbolSize(nDays, evening) {
  const most = Math.max(3, Math.min(11, ((innerWidth - 200) / nDays) * 0.75));
  if (evening.state === "unusable") return [most - 2, 2];
  return evening.state === "slow" || evening.state === "dead" ? most + 2 : most;
}

export function eveningsData(answer) {
  const rows = answer.targets.flatMap((strip) =>
    strip.evenings.map((e) => [
      e.date,
      strip.target,
      e.state,
      e.ratio,
      e.n,
      e.n_failed,
      strip.metric,
    ]),
  );
  return {
    columns: [
      "date",
      "target",
      "state",
      "times_slower_beyond_controls",
      "probes",
      "failed",
      "metric",
    ],
    rows,
  };
}

export function eveningsAbout(answer) {
  const counts = answer.targets.map((strip) => {
    const n = (state) => strip.evenings.filter((e) => e.state === state).length;
    return t("evenings.count", {
      target: strip.target,
      slow: number(n("slow")),
      dead: number(n("dead")),
      fine: number(n("fine")),
      unusable: number(n("unusable")),
    });
  });
  const isQuick = answer.targets.some(
    (strip) => strip.source === "rollups" && strip.evenings.some((e) => e.n > 0),
  );
  const all = answer.targets.flatMap((strip) => strip.evenings);
  const covered = all.filter((e) => e.state !== "unusable").length / all.length;
  const words = [
    t("evenings.about", {
      start: answer.window.start,
      end: answer.window.end,
      zone: answer.timezone,
      share: percent(covered),
    }),
    legend(all),
  ];
  if (isQuick) words.push(t("evenings.quick"));
  return { words, label: `${t("evenings.title")}. ${counts.join(" ")}` };
}
