// Bytes of transfers over their time: a fixed rate is a straight line, a freeze a step.
import { axis, frame } from "../figure.js";
import { bytes, clockTime, number, t } from "../text.js";
import { isInWindow } from "./axes.js";

/** The transfer of the evening that was slowest, and a usual one of the rest, to look at
 * beside each other; null where there is none. */
export function telling(transfers, window_) {
  const measured = transfers
    .filter((sample) => sample.goodput_bps > 0)
    .sort((a, b) => a.goodput_bps - b.goodput_bps);
  const inside = (sample) => isInWindow(window_, Date.parse(sample.started_at_utc));
  const rest = measured.filter((sample) => !inside(sample));
  return { slow: measured.find(inside) ?? null, usual: rest[rest.length >> 1] ?? null };
}

const points = (sample) => [[0, 0], ...sample.timeline].map(([second, n]) => [second, n / 1000]);

export function bytesOption(samples) {
  return (c) => ({
    ...frame(c),
    legend: samples.length > 1 ? { textStyle: { color: c.soft }, top: 0, right: 8 } : undefined,
    grid: { left: 64, right: 16, top: 34, bottom: 44 },
    xAxis: axis(c, {
      type: "value",
      name: t("bytes.time"),
      nameLocation: "middle",
      nameGap: 26,
      min: 0,
    }),
    yAxis: axis(c, { type: "value", name: "kB", min: 0 }),
    tooltip: {
      ...frame(c).tooltip,
      formatter: (p) => `${number(p.value[0], 3)} ${t("unit.s")} · ${bytes(p.value[1] * 1000)}`,
    },
    series: samples.map((sample, i) => ({
      name: clockTime(sample.started_at_utc),
      type: "line",
      showSymbol: sample.timeline.length < 60,
      data: points(sample),
      lineStyle: { color: i ? c.control : c.accent, width: 2, type: i ? "dashed" : "solid" },
      itemStyle: { color: i ? c.control : c.accent },
    })),
  });
}

export function bytesData(samples) {
  return {
    columns: ["started_at_utc", "seconds", "bytes"],
    rows: samples.flatMap((sample) =>
      sample.timeline.map(([second, n]) => [sample.started_at_utc, second, n]),
    ),
  };
}

export function bytesAbout(samples) {
  const words = samples.map((sample) =>
    t("bytes.caption", {
      time: clockTime(sample.started_at_utc),
      bytes: bytes(sample.timeline.at(-1)[1]),
      seconds: number(sample.timeline.at(-1)[0], 2),
    }),
  );
  return {
    words: [...words, t("bytes.reading")],
    label: `${t("bytes.title")}. ${words.join(" ")}`,
  };
}

/** Why a sample has no curve. */
export function noCurve(sample) {
  return t(
    sample.probe === "download" || sample.goodput_bps !== undefined
      ? "bytes.not_kept"
      : "bytes.empty",
  );
}
