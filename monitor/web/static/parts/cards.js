// A card for each service: above this moment, below all evenings; never mixed.
import { element } from "../dom.js";
import { address } from "../shell.js";
import { duration, number, short, t } from "../text.js";
import { scale, shown, times } from "../units.js";
import { worst } from "./services.js";
import { strip } from "./sparks.js";

const SIGNS = { well: "○", slow: "▲", failed: "✕", unmeasured: "–" };
const TONES = { well: "fine", slow: "warn", failed: "alarm", unmeasured: "open" };

function isOneHost(verdict) {
  return verdict.members.length === 1 && verdict.members[0].target === verdict.service;
}

function host({ target, part_title, verdict, kind, heading }) {
  return element(
    "li",
    { class: kind.tone, "data-host": target, "data-verdict": verdict },
    element("span", { class: "sign", "aria-hidden": "true" }, kind.sign),
    element("span", { class: "host" }, target),
    element("span", { class: "part" }, part_title),
    element("span", { class: "heading" }, heading),
  );
}

/** The hosts of a judged service, unless it is its own only one. */
export function hosts(verdict) {
  if (isOneHost(verdict)) return null;
  return element(
    "ul",
    { class: "hosts", "aria-label": t("card.hosts", { service: verdict.service }) },
    ...verdict.members.map(host),
  );
}

/** The figure that tells a host's moment: how many times slower, else what it measured. */
function figure(site) {
  if (site.state === "failed")
    return element("p", { class: "figure" }, t(`stage.${site.failed_operation ?? "unknown"}`));
  if (site.value === null) return element("p", { class: "figure" }, t("none"));
  if (site.state === "slow") {
    return element(
      "p",
      { class: "figure" },
      element("strong", {}, t("card.times", { times: times(site.times_slower) })),
      ` ${t("card.slower")}`,
    );
  }
  const { factor, unit } = scale(site.metric);
  return element(
    "p",
    { class: "figure" },
    element("strong", {}, short(site.value * factor)),
    ` ${unit}`,
  );
}

function beside(site, now) {
  const controls = now.controls_times_slower;
  const told = [
    site.state === "slow" ? shown(site.metric, site.value) : null,
    site.usual === null
      ? t("card.no_usual")
      : t("card.usual", { usual: shown(site.metric, site.usual) }),
    controls === null ? null : t("card.controls", { times: number(controls, 1) }),
  ];
  return element("p", { class: "soft" }, told.filter(Boolean).join(" · "));
}

function hostRow(site) {
  return element(
    "li",
    { class: TONES[site.state], "data-site": site.target, "data-state": site.state },
    element("span", { class: "sign", "aria-hidden": "true" }, SIGNS[site.state]),
    element("span", { class: "host" }, site.target),
    element(
      "span",
      { class: "part" },
      site.state === "failed" ? t("now.failed") : shown(site.metric, site.value),
    ),
  );
}

/** The upper half: this moment. */
function moment_(sites, now, isBegun) {
  const site = worst(sites);
  if (site === null) return [];
  const state = element(
    "p",
    { class: `state ${TONES[site.state]}` },
    element("span", { "aria-hidden": "true" }, `${SIGNS[site.state]} `),
    t(`now.${site.state}`),
  );
  if (!isBegun) return [state];
  return [
    state,
    figure(site),
    beside(site, now),
    element("div", { class: "spark-place", "data-spark": site.target, "data-metric": site.metric }),
    sites.length > 1 ? element("ul", { class: "hosts" }, ...sites.map(hostRow)) : null,
  ];
}

/** How long a service has been measured that no night has judged yet. */
function measured(sites, every_s) {
  const begun = sites.filter((site) => site.first_sample_utc);
  if (!begun.length) return t("card.nothing", { every: duration(every_s) });
  const since =
    (Math.max(...begun.map((site) => Date.parse(site.last_sample_utc))) -
      Math.min(...begun.map((site) => Date.parse(site.first_sample_utc)))) /
    1000;
  return since < every_s / 2
    ? t("card.measured_once")
    : t("card.measuring", { since: duration(since) });
}

function judgement({ verdict }) {
  const { heading, sentence, facts } = verdict.told;
  return [
    element(
      "p",
      { class: `word ${verdict.kind.tone}` },
      element("span", { "aria-hidden": "true" }, `${verdict.kind.sign} `),
      heading,
    ),
    element("p", {}, sentence),
    hosts(verdict),
    element(
      "dl",
      {},
      ...facts.flatMap(({ term, text }) => [element("dt", {}, term), element("dd", {}, text)]),
    ),
  ];
}

function waiting({ sites }, every_s) {
  return [
    element("p", { class: "word" }, t("verdict.none")),
    element("p", {}, measured(sites, every_s)),
  ];
}

function evenings(of) {
  if (!of || !of.evenings.some((evening) => evening.state !== "unusable")) return null;
  const n = (state) => number(of.evenings.filter((evening) => evening.state === state).length);
  return strip(
    of.evenings,
    t("evenings.count", {
      target: of.target,
      slow: n("slow"),
      dead: n("dead"),
      fine: n("fine"),
      unusable: n("unusable"),
    }),
  );
}

/**
 * The card of a service.
 * @param {object} service one of `servicesOf`
 * @param {object | null} now the present; null where there is none
 * @param {object | undefined} strips the evenings of the host that leads
 */
export function card(service, now, strips, every_s) {
  const sites = now
    ? now.sites.filter((site) => service.sites.some(({ name }) => name === site.target))
    : [];
  const state = worst(sites)?.state ?? "";
  return element(
    "article",
    {
      class: `card ${TONES[state] ?? ""}`,
      "data-target": service.service,
      "data-verdict": service.verdict?.verdict ?? "",
      "data-state": state,
    },
    element("h3", {}, service.service),
    ...moment_(
      sites,
      now,
      service.sites.some((site) => site.first_sample_utc),
    ),
    element("p", { class: "label" }, t("card.again")),
    ...(service.verdict ? judgement(service) : waiting(service, every_s)),
    evenings(strips),
    element(
      "p",
      {},
      element(
        "a",
        { href: address(["evenings", service.service]) },
        t("card.evenings", { service: service.service }),
      ),
    ),
  );
}
