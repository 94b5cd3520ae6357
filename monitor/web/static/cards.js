// One card per service: what the server tells of its verdict.
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

function card(one) {
  const { heading, sentence, facts } = one.told;
  return element("article", { class: `card ${one.kind.tone}`, "data-target": one.target, "data-verdict": one.verdict },
    element("h3", {}, one.target),
    element("p", { class: "word" }, heading),
    element("p", {}, sentence),
    element("dl", {}, ...facts.flatMap(({ term, text }) => [element("dt", {}, term), element("dd", {}, text)])),
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
  const sorted = [...own].sort((a, b) => a.kind.gravity - b.kind.gravity);
  const rest = targets.targets.filter((one) => one.role === "target" && !judged.has(one.name));
  return [...sorted.map(card), ...rest.map((one) => waiting(one, targets))];
}
