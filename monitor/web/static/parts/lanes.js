// Which step got slower: one lane for each phase of a page, from zero, on its own scale.
import { axis, frame } from "../figure.js";
import { localMs, short, t } from "../text.js";
import { PHASES, shown, slower } from "../units.js";
import { CROSS, gapSeries, gapsIn, isInWindow, timeAxis, windowArea } from "./axes.js";
import { sampleWords } from "./band.js";

const LANE = 78;
const STAGES = {
  domain_lookup_s: "resolve",
  connect_s: "connect",
  tls_handshake_s: "tls_handshake",
  waiting_s: "http_round_trip",
  response_s: "read",
};

/** The middle value; null of none. */
export function median(values) {
  if (!values.length) return null;
  const ordered = [...values].sort((a, b) => a - b);
  const half = ordered.length >> 1;
  return ordered.length % 2 ? ordered[half] : (ordered[half - 1] + ordered[half]) / 2;
}

/** Of each phase the median in the window and in the rest of what is shown [s]. */
export function phaseMedians(samples, window_) {
  const inside = (sample) => isInWindow(window_, Date.parse(sample.started_at_utc));
  return PHASES.map((phase) => {
    const of = (isEvening) =>
      median(
        samples
          .filter((sample) => sample[phase] !== undefined && inside(sample) === isEvening)
          .map((sample) => sample[phase]),
      );
    return { phase, rest: of(false), evening: of(true) };
  });
}

export function lanesOption(samples, time) {
  const byId = new Map(samples.map((sample) => [sample.id, sample]));
  const gaps = gapsIn(
    samples.map((sample) => Date.parse(sample.started_at_utc) / 1000),
    time.every_s,
    time.measured,
  );
  const when = (sample) => localMs(Date.parse(sample.started_at_utc));
  const bars = (phase) =>
    samples
      .filter((sample) => sample[phase] !== undefined)
      .map((sample) => ({ value: [when(sample), sample[phase] * 1000], id: sample.id }));
  const failures = (phase) =>
    samples
      .filter((sample) => sample.failure && sample.failed_operation === STAGES[phase])
      .map((sample) => ({ value: [when(sample), 0], id: sample.id }));
  return (c) => ({
    ...frame(c),
    useUTC: true,
    grid: PHASES.map((_, i) => ({
      outerBoundsMode: "none",
      left: 60,
      right: 24,
      top: 26 + i * LANE,
      height: LANE - 34,
    })),
    xAxis: PHASES.map((_, i) =>
      timeAxis(c, time.span, {
        gridIndex: i,
        axisTick: { show: false },
        axisLabel: { show: i === PHASES.length - 1 },
      }),
    ),
    yAxis: PHASES.map((_, i) =>
      axis(c, {
        type: "value",
        gridIndex: i,
        min: 0,
        splitNumber: 1,
        splitLine: { show: false },
        axisLabel: { showMinLabel: i === 0, formatter: (value) => short(value) },
      }),
    ),
    title: PHASES.map((phase, i) => ({
      text: `${t(`metric.${phase}`)} [${t("unit.ms")}]`,
      left: 60,
      top: 6 + i * LANE,
      textStyle: { color: c.ink, fontSize: 12 },
    })),
    tooltip: {
      ...frame(c).tooltip,
      formatter: (p) => (p.data?.id ? sampleWords(byId.get(p.data.id)) : ""),
    },
    series: PHASES.flatMap((phase, i) => {
      const place = { xAxisIndex: i, yAxisIndex: i };
      return [
        {
          ...place,
          type: "bar",
          barWidth: 3,
          large: false,
          itemStyle: { color: c.accent },
          data: bars(phase),
          markArea: windowArea(c, time.window, time.span),
        },
        {
          ...place,
          type: "scatter",
          symbol: CROSS,
          symbolSize: 10,
          itemStyle: { color: c.bad },
          data: failures(phase),
        },
        { ...gapSeries(c, gaps, i === 0), ...place },
      ];
    }),
  });
}

export function lanesData(samples) {
  const rows = samples.map((sample) => [
    sample.started_at_utc,
    ...PHASES.map((phase) => sample[phase] ?? null),
    sample.failed_operation ?? "",
    sample.failure ?? "",
  ]);
  return {
    columns: [
      "started_at_utc",
      ...PHASES.map((phase) => `${phase} [s]`),
      "failed_operation",
      "failure",
    ],
    rows,
  };
}

/** In words what each step took in the evening and in the rest of what is shown. */
export function lanesAbout(samples, window_) {
  const told = phaseMedians(samples, window_).filter(
    ({ rest, evening }) => rest !== null && evening !== null && rest > 0,
  );
  const words = [
    t("lanes.about"),
    ...told.map(({ phase, rest, evening }) =>
      t("lanes.step", {
        step: t(`metric.${phase}`),
        rest: shown(phase, rest),
        evening: shown(phase, evening),
        ratio: slower(evening / rest),
      }),
    ),
  ];
  return { words, label: words.join(" ") };
}
