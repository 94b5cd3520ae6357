// What charts over time share: the home's clock, the evening, gaps, failures.
import { axis } from "../figure.js";
import { DAY_MS, localMs, t } from "../text.js";

export const CROSS = "path://M2 0 8 6 14 0 16 2 10 8 16 14 14 16 8 10 2 16 0 14 6 8 0 2Z";

export function clock(ms) {
  return new Date(ms).toISOString().slice(11, 16);
}

export function timeAxis(c, [since, until], extra = {}) {
  return axis(c, {
    // A single bar would otherwise stretch the axis beyond the day.
    type: "time",
    min: localMs(since),
    max: localMs(until),
    containShape: false,
    splitLine: { show: false },
    ...extra,
    axisLabel: { formatter: (ms) => clock(ms), hideOverlap: true, ...extra.axisLabel },
  });
}

/** The evening windows between two moments, on the home's clock [ms]. */
export function windows(window_, [since, until]) {
  const areas = [];
  for (
    let day = Math.floor(localMs(since) / DAY_MS) - 1;
    day * DAY_MS <= localMs(until);
    day += 1
  ) {
    const instant = (text) =>
      day * DAY_MS + Number(text.slice(0, 2)) * 3600000 + Number(text.slice(3)) * 60000;
    const start = instant(window_.start);
    const end = instant(window_.end) + (window_.end <= window_.start ? DAY_MS : 0);
    if (end > localMs(since) && start < localMs(until)) areas.push([start, end]);
  }
  return areas;
}

/** Whether a moment [ms] is in an evening window. */
export function isInWindow(window_, ms) {
  return windows(window_, [ms, ms]).some(
    ([start, end]) => start <= localMs(ms) && localMs(ms) < end,
  );
}

export function windowArea(c, window_, span) {
  return {
    silent: true,
    itemStyle: { color: c.evening },
    data: windows(window_, span).map(([start, end]) => [{ xAxis: start }, { xAxis: end }]),
  };
}

/**
 * Stretches without a sample for more than two intervals.
 * @param {number[]} times of the samples [s]
 * @param {number} everySeconds between two samples that are due
 * @param {number[]} span that was measured [ms]: not before the installation, not after now
 */
export function gapsIn(times, everySeconds, [since, until]) {
  const edges = [since / 1000, ...times, until / 1000];
  const gaps = [];
  for (let i = 1; i < edges.length; i += 1) {
    if (edges[i] - edges[i - 1] > 2.5 * everySeconds)
      gaps.push([edges[i - 1] * 1000, edges[i] * 1000]);
  }
  return gaps;
}

export function gapSeries(c, gaps, isNamed = true) {
  return {
    type: "line",
    data: [],
    silent: true,
    legendHoverLink: false,
    markArea: {
      silent: true,
      itemStyle: { color: c.field, opacity: 0.35 },
      label: { show: true, color: c.ink, position: "insideTop", fontSize: 12 },
      data: gaps.map(([a, b]) => [
        { xAxis: localMs(a), name: isNamed && b - a > 3600000 ? t("day.gap") : "" },
        { xAxis: localMs(b) },
      ]),
    },
  };
}
