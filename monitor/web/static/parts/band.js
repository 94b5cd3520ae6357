// Every sample of a host beside what it would have measured, had it gone as the controls.
import { visible } from "../dom.js";
import { axis, frame } from "../figure.js";
import { clockTime, localMs, number, percent, short, t } from "../text.js";
import { PHASES, scale, shown } from "../units.js";
import { CROSS, gapSeries, gapsIn, timeAxis, windowArea } from "./axes.js";

const HOUR_S = 3600;

/** What is said of a sample. */
export function sampleWords(sample) {
  const failure = sample.failure
    ? `${t(`stage.${sample.failed_operation ?? "unknown"}`)}: ${visible(sample.failure)}`
    : t("day.answered");
  const parts = PHASES.filter((phase) => sample[phase] !== undefined).map(
    (phase) => `${t(`metric.${phase}`)} ${shown(phase, sample[phase])}`,
  );
  if (sample.goodput_bps !== undefined)
    parts.push(`${t("metric.goodput_bps")} ${shown("goodput_bps", sample.goodput_bps)}`);
  return [`${clockTime(sample.started_at_utc)} · ${failure}`, ...parts].join("\n");
}

/** The expected range at a moment [s], [low, high]; null: nothing is expected there. */
export function expectedAt(expected, second) {
  const place = expected.time_s.findLastIndex((start) => start <= second);
  if (place < 0 || second >= expected.time_s[place] + HOUR_S || expected.low[place] === null)
    return null;
  return [expected.low[place], expected.high[place]];
}

/** Whether a sample is slow beside what is expected: by the factor that the API names. */
export function isSlow(expected, sample) {
  const value = sample[expected.metric];
  const range = expectedAt(expected, Date.parse(sample.started_at_utc) / 1000);
  if (value === undefined || range === null) return false;
  return expected.metric === "goodput_bps"
    ? value * expected.slow_factor <= range[0]
    : value >= range[1] * expected.slow_factor;
}

/** Samples by what they are: answered in time, slow, without an answer. */
export function sorted(expected, samples) {
  const failed = samples.filter((sample) => sample.failure);
  const measured = samples.filter(
    (sample) => !sample.failure && sample[expected.metric] !== undefined,
  );
  return {
    usual: measured.filter((sample) => !isSlow(expected, sample)),
    slow: measured.filter((sample) => isSlow(expected, sample)),
    failed,
  };
}

function bandSeries(c, expected, factor) {
  const points = expected.time_s.flatMap((second, i) =>
    expected.low[i] === null
      ? []
      : [
          [
            localMs(second * 1000),
            localMs((second + HOUR_S) * 1000),
            expected.low[i] * factor,
            expected.high[i] * factor,
          ],
        ],
  );
  return {
    name: t("band.expected"),
    type: "custom",
    silent: true,
    z: 1,
    data: points,
    encode: { x: [0, 1], y: [2, 3] },
    clip: true,
    itemStyle: { color: c.control },
    renderItem: (_, api) => {
      const [left, bottom] = api.coord([api.value(0), api.value(2)]);
      const [right, top] = api.coord([api.value(1), api.value(3)]);
      return {
        type: "rect",
        shape: {
          x: left,
          y: top - 1,
          width: right - left + 0.5,
          height: Math.max(2, bottom - top + 2),
        },
        style: { fill: c.controlPaper },
      };
    },
  };
}

/**
 * The chart.
 * @param {object} expected answer of `/expected`
 * @param {object[]} samples of the metric
 * @param {{window: object, span: number[], measured: number[], every_s: number}} time
 */
export function bandOption(expected, samples, time) {
  const { factor, unit } = scale(expected.metric);
  const isRate = expected.metric === "goodput_bps";
  const { usual, slow, failed } = sorted(expected, samples);
  const byId = new Map(samples.map((sample) => [sample.id, sample]));
  const point = (sample) => ({
    value: [localMs(Date.parse(sample.started_at_utc)), sample[expected.metric] * factor],
    id: sample.id,
  });
  const gaps = gapsIn(
    samples.map((sample) => Date.parse(sample.started_at_utc) / 1000),
    time.every_s,
    time.measured,
  );
  const failures = failed.map((sample) => ({
    value: [localMs(Date.parse(sample.started_at_utc)), 0],
    id: sample.id,
  }));
  // On a phone the legend takes two lines: nothing of it is behind an arrow.
  const isNarrow = innerWidth < 640;
  return (c) => ({
    ...frame(c),
    useUTC: true,
    legend: {
      textStyle: { color: c.soft },
      top: 0,
      ...(isNarrow ? { left: 0, itemGap: 6, itemWidth: 16 } : { right: 8 }),
      data: [t("state.fine"), t("state.slow"), t("live.failed"), t("band.expected")],
    },
    grid: [
      { left: 60, right: 24, top: isNarrow ? 76 : 44, bottom: 62 },
      { left: 60, right: 24, height: 20, bottom: 34 },
    ].map((grid) => ({ ...grid, outerBoundsMode: "none" })),
    xAxis: [
      timeAxis(c, time.span, { axisLabel: { show: false } }),
      timeAxis(c, time.span, { gridIndex: 1 }),
    ],
    yAxis: [
      axis(c, {
        type: isRate ? "log" : "value",
        name: unit,
        ...(isRate ? {} : { min: 0 }),
        axisLabel: { formatter: (value) => short(value) },
      }),
      axis(c, {
        type: "value",
        gridIndex: 1,
        min: -1,
        max: 1,
        interval: 1,
        splitLine: { show: false },
        axisLabel: { formatter: (value) => (value === 0 ? t("band.fails") : "") },
      }),
    ],
    tooltip: {
      ...frame(c).tooltip,
      formatter: (p) => (p.data?.id ? sampleWords(byId.get(p.data.id)) : ""),
    },
    series: [
      { name: "", type: "line", data: [], markArea: windowArea(c, time.window, time.span) },
      bandSeries(c, expected, factor),
      {
        name: t("state.fine"),
        type: "scatter",
        symbolSize: 5,
        itemStyle: { color: c.ink },
        data: usual.map(point),
      },
      {
        name: t("state.slow"),
        type: "scatter",
        symbol: "triangle",
        symbolSize: 9,
        itemStyle: { color: c.warn },
        data: slow.map(point),
      },
      {
        name: t("live.failed"),
        type: "scatter",
        symbol: CROSS,
        symbolSize: 10,
        itemStyle: { color: c.bad },
        xAxisIndex: 1,
        yAxisIndex: 1,
        data: failures,
      },
      gapSeries(c, gaps),
    ],
  });
}

export function bandData(expected, samples) {
  const rows = samples.map((sample) => {
    const range = expectedAt(expected, Date.parse(sample.started_at_utc) / 1000) ?? [null, null];
    return [
      sample.started_at_utc,
      sample[expected.metric] ?? null,
      ...range,
      sample.failed_operation ?? "",
      sample.failure ?? "",
    ];
  });
  return {
    columns: [
      "started_at_utc",
      `${expected.metric} [${expected.unit}]`,
      "expected_low",
      "expected_high",
      "failed_operation",
      "failure",
    ],
    rows,
  };
}

/** Caption: how many of each, what the band is, how much of the time was measured. */
export function bandAbout(expected, samples, zone, covered) {
  const { usual, slow, failed } = sorted(expected, samples);
  const words = [
    t("band.count", {
      n: number(samples.length),
      usual: number(usual.length),
      slow: number(slow.length),
      failed: number(failed.length),
      factor: number(expected.slow_factor, 1),
    }),
    expected.control_names.length
      ? t("band.about", { names: expected.control_names.join(", ") })
      : t("band.no_controls"),
    t("figure.coverage", { zone, share: percent(covered) }),
  ];
  return { words, label: words.join(" ") };
}
