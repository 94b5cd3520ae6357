// One card per service: what the server tells of its verdict, and its hosts beneath.
import { element } from "./figure.js";
import { duration, number, t } from "./text.js";

function checked(check) {
  const detail = check.detail ? ` (${check.detail})` : "";
  return element("li", {}, `${check.title} `, element("strong", {}, `${check.sign} ${check.outcome}`), detail);
}

function why(one) {
  const { reasons, checks } = one.told;
  if (!checks.length && !reasons.length) return null;
  const made = checks.filter((check) => check.sign !== "?");
  const open = checks.length - made.length;
  const lines = [...reasons.map((reason) => element("li", {}, reason)), ...made.map(checked)];
  if (open) lines.push(element("li", {}, t("card.open", { n: number(open), all: number(checks.length) })));
  return element("details", {}, element("summary", {}, t("card.why")), element("ul", {}, ...lines));
}

function isOneHost(one) {
  return one.members.length === 1 && one.members[0].target === one.service;
}

function host({ target, part_title, verdict, kind, heading }) {
  return element("li", { class: kind.tone, "data-host": target, "data-verdict": verdict },
    element("span", { class: "sign", "aria-hidden": "true" }, kind.sign),
    element("span", { class: "host" }, target),
    element("span", { class: "part" }, part_title),
    element("span", { class: "heading" }, heading));
}

function hosts(one) {
  if (isOneHost(one)) return null;
  return element("ul", { class: "hosts", "aria-label": t("card.hosts", { service: one.service }) }, ...one.members.map(host));
}

function card(one) {
  const { heading, sentence, facts } = one.told;
  return element("article", { class: `card ${one.kind.tone}`, "data-target": one.service, "data-verdict": one.verdict },
    element("h3", {}, one.service),
    element("p", { class: "word" }, heading),
    element("p", {}, sentence),
    hosts(one),
    element("dl", {}, ...facts.flatMap(({ term, text }) => [element("dt", {}, term), element("dd", {}, text)])),
    why(one));
}

/** A service of which no host was judged: how long the first of them is measured. */
function waiting(service, own, every_s) {
  return element("article", { class: "card", "data-target": service, "data-verdict": "" },
    element("h3", {}, service), element("p", { class: "word" }, t("verdict.none")),
    element("p", {}, measured(own, every_s)));
}

/** How long a service has been measured that no night has judged yet. */
function measured(own, every_s) {
  const begun = own.filter((one) => one.first_sample_utc);
  if (!begun.length) return t("card.nothing", { every: duration(every_s) });
  const since = (Math.max(...begun.map((one) => Date.parse(one.last_sample_utc))) - Math.min(...begun.map((one) => Date.parse(one.first_sample_utc)))) / 1000;
  return since < every_s / 2 ? t("card.measured_once") : t("card.measuring", { since: duration(since) });
}

/** Cards of the services under suspicion, the gravest first. */
export function cards(targets, found) {
  const own = found.services.filter((one) => one.vantage === targets.vantage);
  const judged = new Set(own.map((one) => one.service));
  const sorted = [...own].sort((a, b) => a.kind.gravity - b.kind.gravity);
  const rest = new Map();
  for (const one of targets.targets) {
    if (one.role === "target" && !judged.has(one.service)) rest.set(one.service, [...(rest.get(one.service) ?? []), one]);
  }
  return [...sorted.map(card), ...[...rest].map(([service, hosts]) => waiting(service, hosts, targets.every_s))];
}
