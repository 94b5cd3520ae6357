// One card per service: the verdict in plain words, how sure, since when.
import { element } from "./figure.js";
import { dayName, duration, has, number, percent, t, tn } from "./text.js";
import { times } from "./units.js";

const KIND = {
  targeted_throttling: "bad", targeted_blocking: "bad",
  selective_slowdown: "warn", recurring_slowdown: "warn",
  server_side: "other", general_congestion: "other", own_line: "other",
  no_recurring_slowdown: "good", inconclusive: "", insufficient_data: "",
};
const RANK = Object.keys(KIND);

function fact(term, text) {
  return text ? [element("dt", {}, term), element("dd", {}, text)] : [];
}

function isSuspect(one) {
  return ["bad", "warn"].includes(KIND[one.verdict]);
}

function isBlocked(one) {
  return one.verdict === "targeted_blocking";
}

/** Dead evenings are among the slow ones. */
function evenings(one) {
  const e = one.evenings;
  if (!e || !e.usable) return "";
  if (!isSuspect(one)) return tn("card.usable", e.usable);
  return tn("card.evenings", e.usable, { slow: number(isBlocked(one) ? e.dead : e.slow) });
}

function effect(one) {
  const ratio = one.effect?.ratio;
  if (!ratio) return "";
  const [low, high] = one.effect.ci95 ?? [null, null];
  if (KIND[one.verdict] === "good") return high ? t("card.at_most", { times: times(high) }) : "";
  const value = times(ratio);
  return low && high ? t("card.interval", { times: value, low: number(low, 1), high: number(high, 1) }) : value;
}

function sureness(one) {
  if (one.strength) return t(`strength.${one.strength}`);
  if (!isSuspect(one) || one.p_value === null || one.p_value === undefined) return "";
  return t("card.chance", { p: one.p_value < 0.001 ? t("card.below", { p: percent001() }) : number(one.p_value * 100, 1) + " %" });
}

function percent001() {
  return `${number(0.1, 1)} %`;
}

function since(one) {
  if (!one.onset_date) return "";
  const begin = t("card.since", { date: dayName(one.onset_date) });
  return one.offset_date ? `${begin} ${t("card.until", { date: dayName(one.offset_date) })}` : begin;
}

function hours(one) {
  return one.found_window ? t("card.hours", { start: one.found_window.start, end: one.found_window.end }) : "";
}

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

function word(verdict) {
  return has(`verdict.${verdict}`) ? t(`verdict.${verdict}`) : verdict;
}

function card(one) {
  const kind = KIND[one.verdict] ?? "";
  const { slow = 0, dead = 0, usable = 0 } = one.evenings ?? {};
  const values = { name: one.target, slow: number(slow), dead: number(dead), usable: number(usable) };
  const sentence = has(`sentence.${one.verdict}`) ? t(`sentence.${one.verdict}`, values) : "";
  return element("article", { class: `card ${kind}`, "data-target": one.target, "data-verdict": one.verdict },
    element("h3", {}, one.target),
    element("p", { class: "word" }, word(one.verdict)),
    element("p", {}, sentence),
    element("dl", {}, ...fact(t("card.evenings_term"), evenings(one)), ...fact(t("card.effect_term"), effect(one)),
      ...fact(t("card.hours_term"), hours(one)), ...fact(t("card.since_term"), since(one)), ...fact(t("card.sure_term"), sureness(one))),
    why(one));
}

function waiting(target, targets) {
  return element("article", { class: "card", "data-target": target.name, "data-verdict": "" },
    element("h3", {}, target.name), element("p", { class: "word" }, t("verdict.none")),
    element("p", {}, measured(target, targets.every_s)));
}

/** How long a service has been measured that no night has judged yet. */
function measured({ first_sample_utc: first, last_sample_utc: last }, every_s) {
  if (!first) return t("card.nothing", { every: duration(every_s) });
  const since = (Date.parse(last) - Date.parse(first)) / 1000;
  return since < every_s / 2 ? t("card.measured_once") : t("card.measuring", { since: duration(since) });
}

/** Cards of the services under suspicion, the gravest first. */
export function cards(targets, verdicts) {
  const own = verdicts.verdicts.filter((one) => one.vantage === targets.vantage);
  const judged = new Set(own.map((one) => one.target));
  const sorted = [...own].sort((a, b) => RANK.indexOf(a.verdict) - RANK.indexOf(b.verdict));
  const rest = targets.targets.filter((one) => one.role === "target" && !judged.has(one.name));
  return [...sorted.map(card), ...rest.map((one) => waiting(one, targets))];
}

const LEADS = {
  "lead.suspected": ["targeted_throttling", "selective_slowdown"],
  "lead.blocked": ["targeted_blocking"],
  "lead.alone": ["recurring_slowdown"],
  "lead.other": ["server_side", "general_congestion", "own_line"],
};

/** What stands above the cards: one sentence for each kind of finding, never more than it. */
export function lead(targets, verdicts) {
  const own = verdicts.verdicts.filter((one) => one.vantage === targets.vantage);
  if (!own.length) return t("lead.none", { start: targets.window.start, end: targets.window.end });
  const found = Object.entries(LEADS).map(([key, kinds]) => [key, own.filter((one) => kinds.includes(one.verdict)).map((one) => one.target)]);
  const said = found.filter(([, names]) => names.length).map(([key, names]) => t(key, { names: names.join(", ") }));
  const isGood = own.every((one) => KIND[one.verdict] === "good");
  if (!said.length) said.push(t(isGood ? "lead.good" : "lead.open"));
  const period = t("lead.period", { since: dayName(verdicts.since), until: dayName(verdicts.until) });
  return [...said, period].join(" ");
}
