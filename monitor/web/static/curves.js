// Values over time: the last day, a day's phases and transfers, a sample's bytes.
import { axis, frame } from "./figure.js";
import { bytes, clockTime, localMs, moment, number, percent, short, t } from "./text.js";
import { PHASES, scale, shown } from "./units.js";

const PHASE_COLOURS = ["#4477aa", "#66ccee", "#228833", "#ccbb44", "#aa3377"];

function clock(ms) {
  return new Date(ms).toISOString().slice(11, 16);
}

function timeAxis(c, since, until) {
  return axis(c, {
    // A single bar would otherwise stretch the axis beyond the day.
    type: "time", min: localMs(since), max: localMs(until), containShape: false,
    splitLine: { show: false },
    axisLabel: { formatter: (ms) => clock(ms), hideOverlap: true },
  });
}

/** The evening windows between two moments, as shaded areas on the home's clock. */
function windows(window_, since, until) {
  const areas = [];
  const first = Math.floor(localMs(since) / 86400000) - 1;
  for (let day = first; day * 86400000 <= localMs(until); day += 1) {
    const at = (text) => day * 86400000 + Number(text.slice(0, 2)) * 3600000 + Number(text.slice(3)) * 60000;
    const start = at(window_.start);
    const end = at(window_.end) + (window_.end <= window_.start ? 86400000 : 0);
    areas.push([{ xAxis: start }, { xAxis: end }]);
  }
  return areas;
}

function windowArea(c, window_, since, until) {
  return { silent: true, itemStyle: { color: c.accent, opacity: 0.12 }, data: windows(window_, since, until) };
}

/** Stretches without a sample for more than two intervals. */
export function gapsIn(times, everySeconds, since, until) {
  const edges = [since / 1000, ...times, until / 1000];
  const gaps = [];
  for (let i = 1; i < edges.length; i += 1) {
    if (edges[i] - edges[i - 1] > 2.5 * everySeconds) gaps.push([edges[i - 1] * 1000, edges[i] * 1000]);
  }
  return gaps;
}

function gapSeries(c, gaps) {
  return {
    type: "line", data: [], silent: true, legendHoverLink: false,
    markArea: {
      silent: true,
      itemStyle: { color: c.field, opacity: 0.35 },
      label: { show: true, color: c.ink, position: "insideBottom", fontSize: 10 },
      data: gaps.map(([a, b]) => [{ xAxis: localMs(a), name: b - a > 3600000 ? t("day.gap") : "" }, { xAxis: localMs(b) }]),
    },
  };
}

function failurePoints(curve) {
  return curve.time_s.map((s, i) => [s * 1000, curve.n_failed[i]]).filter(([, failed]) => failed > 0).map(([ms]) => [localMs(ms), 0]);
}

/** The last 24 hours: single samples of the target, hourly median of the controls. */
export function liveOption(found, window_, everySeconds) {
  const { factor, unit } = scale(found.metric);
  const since = Date.parse(found.since);
  const until = Date.parse(found.until);
  const points = (curve) => curve.time_s.map((s, i) => [localMs(s * 1000), curve.value[i] === null ? null : curve.value[i] * factor]);
  return (c) => ({
    ...frame(c),
    useUTC: true,
    legend: { textStyle: { color: c.soft }, top: 0, type: "scroll", pageTextStyle: { color: c.soft }, left: 100, data: [found.target, ...(found.controls ? [t("live.controls")] : []), t("live.failed")] },
    grid: { left: 56, right: 12, top: 34, bottom: 28 },
    xAxis: timeAxis(c, since, until),
    yAxis: axis(c, { type: "value", name: unit, min: 0 }),
    tooltip: { ...frame(c).tooltip, formatter: (p) => `${clock(p.value[0])} · ${p.seriesName} · ${p.value[1] === null ? "" : `${short(p.value[1])} ${unit}`}` },
    series: [
      { name: found.target, type: "scatter", symbolSize: 4, data: points(found.curve), itemStyle: { color: c.accent }, markArea: windowArea(c, window_, since, until) },
      ...(found.controls ? [{ name: t("live.controls"), type: "line", showSymbol: false, data: points(found.controls), lineStyle: { color: c.soft, type: "dashed", width: 2 }, itemStyle: { color: c.soft } }] : []),
      { name: t("live.failed"), type: "scatter", symbol: "path://M2 0 8 6 14 0 16 2 10 8 16 14 14 16 8 10 2 16 0 14 6 8 0 2Z", symbolSize: 9, data: failurePoints(found.curve), itemStyle: { color: c.bad } },
      gapSeries(c, gapsIn(found.curve.time_s, everySeconds, since, until)),
    ],
  });
}

export function liveData(found) {
  const rows = found.curve.time_s.map((s, i) => [new Date(s * 1000).toISOString(), found.target, found.curve.value[i], found.curve.n_failed[i]]);
  const controls = found.controls?.time_s.map((s, i) => [new Date(s * 1000).toISOString(), "controls", found.controls.value[i], null]) ?? [];
  return { columns: ["time_utc", "series", `${found.metric} [${found.unit}]`, "failed"], rows: [...rows, ...controls] };
}

export function liveAbout(found, title) {
  const words = [
    `${title} (${scale(found.metric).unit})`,
    t("figure.coverage", { zone: found.timezone, share: percent(found.coverage) }),
  ];
  if (found.control_names.length) words.push(t("figure.controls", { names: found.control_names.join(", ") }));
  return { words, label: words.join(". ") };
}

function barsOf(samples, phase) {
  return samples.map((s) => ({ value: [localMs(Date.parse(s.started_at_utc)), (s[phase] ?? 0) * 1000], id: s.id }));
}

export function sampleWords(sample) {
  const parts = PHASES.filter((p) => sample[p] !== undefined).map((p) => `${t(`metric.${p}`)} ${shown(p, sample[p])}`);
  const failure = sample.failure ? `${t(`stage.${sample.failed_operation ?? "unknown"}`)}: ${sample.failure}` : t("day.answered");
  return `${clockTime(sample.started_at_utc)} · ${failure}\n${parts.join("\n")}`;
}

/** One bar per page probe, its phases stacked; crosses where one failed. */
export function phasesOption(samples, window_, everySeconds, since, until) {
  const byId = new Map(samples.map((s) => [s.id, s]));
  const failed = samples.filter((s) => s.failure);
  const times = samples.map((s) => Date.parse(s.started_at_utc) / 1000);
  return (c) => ({
    ...frame(c),
    useUTC: true,
    legend: { textStyle: { color: c.soft }, top: 0, left: 100, type: "scroll", pageTextStyle: { color: c.soft }, data: [...PHASES.map((p) => t(`metric.${p}`)), t("live.failed")] },
    grid: { left: 56, right: 12, top: 34, bottom: 60 },
    dataZoom: [{ type: "inside" }, { type: "slider", height: 18, bottom: 8, textStyle: { color: c.soft }, labelFormatter: (ms) => clock(ms) }],
    xAxis: timeAxis(c, since, until),
    yAxis: axis(c, { type: "value", name: t("unit.ms"), min: 0 }),
    tooltip: { ...frame(c).tooltip, formatter: (p) => (p.data?.id ? sampleWords(byId.get(p.data.id)) : "") },
    series: [
      ...PHASES.map((phase, i) => ({
        name: t(`metric.${phase}`), type: "bar", stack: "phases", barWidth: 3, large: false,
        itemStyle: { color: PHASE_COLOURS[i] }, data: barsOf(samples, phase),
        markArea: i === 0 ? windowArea(c, window_, since, until) : undefined,
      })),
      { name: t("live.failed"), type: "scatter", symbol: "path://M2 0 8 6 14 0 16 2 10 8 16 14 14 16 8 10 2 16 0 14 6 8 0 2Z", symbolSize: 11, itemStyle: { color: c.bad }, data: failed.map((s) => ({ value: [localMs(Date.parse(s.started_at_utc)), 0], id: s.id })) },
      gapSeries(c, gapsIn(times, everySeconds, since, until)),
    ],
  });
}

export function phasesData(samples) {
  const rows = samples.map((s) => [s.started_at_utc, ...PHASES.map((p) => s[p] ?? null), s.failed_operation ?? "", s.failure ?? ""]);
  return { columns: ["started_at_utc", ...PHASES.map((p) => `${p} [s]`), "failed_operation", "failure"], rows };
}

/** One point per throughput transfer. */
export function transfersOption(samples, window_, since, until) {
  const byId = new Map(samples.map((s) => [s.id, s]));
  const point = (s) => ({ value: [localMs(Date.parse(s.started_at_utc)), (s.goodput_bps ?? 0) / 1e6], id: s.id });
  return (c) => ({
    ...frame(c),
    useUTC: true,
    grid: { left: 56, right: 12, top: 30, bottom: 28 },
    xAxis: timeAxis(c, since, until),
    yAxis: axis(c, { type: "value", name: t("unit.mbps"), min: 0 }),
    tooltip: { ...frame(c).tooltip, formatter: (p) => (p.data?.id ? `${sampleWords(byId.get(p.data.id))}\n${shown("goodput_bps", byId.get(p.data.id).goodput_bps)}` : "") },
    series: [
      { type: "scatter", symbolSize: 6, itemStyle: { color: c.accent }, data: samples.filter((s) => s.goodput_bps !== undefined).map(point), markArea: windowArea(c, window_, since, until) },
      { type: "scatter", symbol: "path://M2 0 8 6 14 0 16 2 10 8 16 14 14 16 8 10 2 16 0 14 6 8 0 2Z", symbolSize: 11, itemStyle: { color: c.bad }, data: samples.filter((s) => s.failure).map(point) },
    ],
  });
}

export function transfersData(samples) {
  const rows = samples.map((s) => [s.started_at_utc, s.goodput_bps ?? null, s.encoded_body_bytes ?? null, s.failure ?? ""]);
  return { columns: ["started_at_utc", "goodput_bps [bit/s]", "encoded_body_bytes", "failure"], rows };
}

/** Bytes of one transfer over its time: a fixed rate is a straight line, a freeze a step. */
export function bytesOption(sample) {
  const points = [[0, 0], ...sample.timeline].map(([s, n]) => [s, n / 1000]);
  return (c) => ({
    ...frame(c),
    grid: { left: 64, right: 16, top: 30, bottom: 44 },
    xAxis: axis(c, { type: "value", name: t("bytes.time"), nameLocation: "middle", nameGap: 26, min: 0 }),
    yAxis: axis(c, { type: "value", name: "kB", min: 0 }),
    tooltip: { ...frame(c).tooltip, trigger: "axis", formatter: ([p]) => `${number(p.value[0], 3)} ${t("unit.s")} · ${bytes(p.value[1] * 1000)}` },
    series: [{ type: "line", showSymbol: points.length < 60, data: points, lineStyle: { color: c.accent, width: 2 }, itemStyle: { color: c.accent } }],
  });
}

export function bytesData(sample) {
  return { columns: ["seconds", "bytes"], rows: sample.timeline };
}

/** Two spans as boxes: middle half, 10th to 90th percentile. */
export function compareOption(found) {
  const { factor, unit } = scale(found.metric);
  const row = (spread) => [spread.p10, spread.p25, spread.median, spread.p75, spread.p90].map((v) => (v ?? 0) * factor);
  const name = (spread) => `${moment(spread.since)} – ${moment(spread.until)}`;
  const controls = [found.a, found.b].map((s, i) => [i, (s.controls_median ?? NaN) * factor]);
  return (c) => ({
    ...frame(c),
    legend: { textStyle: { color: c.soft }, top: 0 },
    grid: { left: 64, right: 12, top: 34, bottom: 40 },
    xAxis: axis(c, { type: "category", data: [name(found.a), name(found.b)], axisLabel: { interval: 0, width: 150, overflow: "break" } }),
    yAxis: axis(c, { type: "value", name: unit, min: 0 }),
    series: [
      { name: found.target, type: "boxplot", data: [row(found.a), row(found.b)], itemStyle: { color: c.mute, borderColor: c.accent, borderWidth: 2 } },
      { name: t("live.controls"), type: "scatter", symbol: "diamond", symbolSize: 14, data: controls, itemStyle: { color: c.soft } },
    ],
  });
}

export function compareData(found) {
  const names = ["since", "until", "n", "n_failed", "p10", "p25", "median", "p75", "p90", "controls_median"];
  return { columns: ["span", ...names], rows: ["a", "b"].map((side) => [side, ...names.map((name) => found[side][name])]) };
}
