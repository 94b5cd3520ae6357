// Sites, metrics and measuring points to choose from.
import { fillSelect } from "../dom.js";
import { t } from "../text.js";
import { METRICS } from "../units.js";

/** Targets and controls for a select; controls say what they are. */
export function siteOptions(targets) {
  return targets.targets.map((site) => [
    site.name,
    site.role === "target" ? site.name : t("choice.control", { name: site.name }),
  ]);
}

/** The metric that says most of a site: its transfers', where it has some. */
export function firstMetric(site) {
  return site && site.probes.length && !site.probes.includes("download")
    ? "duration_s"
    : "goodput_bps";
}

export function fillMetric(select, value, metrics = METRICS) {
  fillSelect(
    select,
    metrics.map((metric) => [metric, t(`metric.${metric}`)]),
    value,
  );
}

/** Shown only where there are several. */
export function fillVantage(select, targets, value) {
  fillSelect(
    select,
    targets.vantages.map((name) => [name, name]),
    value,
  );
  select.closest("label").hidden = targets.vantages.length < 2;
}

/** Seconds between two samples of a metric. */
export function interval(targets, metric) {
  return metric === "goodput_bps" ? targets.transfer_every_s : targets.every_s;
}

/** Share of a span [ms] that was measured, when a sample is due every so often. */
export function share(n, from, to, everySeconds) {
  return Math.min(1, n / Math.max(1, Math.round((to - from) / 1000 / everySeconds)));
}
