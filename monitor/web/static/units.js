// How values of each metric are shown.
import { number, percent, short, t, tn } from "./text.js";

export const METRICS = [
  "goodput_bps",
  "duration_s",
  "domain_lookup_s",
  "connect_s",
  "tls_handshake_s",
  "waiting_s",
  "response_s",
  "failed_share",
];
export const PHASES = [
  "domain_lookup_s",
  "connect_s",
  "tls_handshake_s",
  "waiting_s",
  "response_s",
];

/** Factor from the stored unit to the shown one, and the name of that. */
export function scale(metric) {
  if (metric === "goodput_bps") return { factor: 1e-6, unit: t("unit.mbps") };
  if (metric === "failed_share") return { factor: 100, unit: "%" };
  return { factor: 1000, unit: t("unit.ms") };
}

export function shown(metric, value) {
  if (value === null || value === undefined) return t("none");
  if (metric === "failed_share") return percent(value);
  const { factor, unit } = scale(metric);
  return `${short(value * factor)} ${unit}`;
}

/** Whether of two ratios between these bounds nobody says that one is slower. */
export const AS_FAST = [0.8, 1.25];

/** How much slower, or quicker, or as fast: never "1 time slower". */
export function slower(ratio) {
  if (ratio >= AS_FAST[0] && ratio <= AS_FAST[1]) return t("ratio.as_fast");
  return ratio > 1
    ? t("ratio.slower", { times: times(ratio) })
    : t("ratio.quicker", { times: times(1 / ratio) });
}

/** "3.1 times", in the form that the language wants. */
export function times(ratio) {
  const digits = ratio < 10 ? 1 : 0;
  const rounded = Number(ratio.toFixed(digits));
  return tn("times", rounded, { n: number(rounded, digits) });
}
