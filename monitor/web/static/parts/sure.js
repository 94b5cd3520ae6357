// How sure a verdict is: in words, with what was looked at.
import { element } from "../dom.js";
import { number, t } from "../text.js";

/** Which sentence says how sure a verdict is; pure. */
export function sureness(verdict) {
  if (verdict.strength) return `sure.${verdict.strength}`;
  return (
    {
      alarm: "sure.beyond_chance",
      warn: "sure.beyond_chance",
      other: "sure.other",
      fine: "sure.fine",
    }[verdict.kind.tone] ?? "sure.open"
  );
}

function check({ title, sign, outcome, detail }) {
  return element(
    "li",
    { "data-sign": sign },
    element("span", { class: "sign", "aria-hidden": "true" }, sign),
    element("span", {}, `${title} `, element("strong", {}, outcome), detail ? ` (${detail})` : ""),
  );
}

/** What is said of the method's errors: the first in sight, where somebody is accused. */
export function ratesShown(verdict, rates) {
  const accuses = ["alarm", "warn"].includes(verdict.kind.tone);
  return accuses
    ? { open: rates.slice(0, 1), folded: rates.slice(1) }
    : { open: [], folded: rates };
}

function howOften(verdict, rates) {
  const { open, folded } = ratesShown(verdict, rates);
  if (!rates.length) return [];
  return [
    ...open.map((rate) => element("p", { class: "rate" }, rate)),
    element(
      "details",
      { id: "sure-rates" },
      element("summary", {}, t("sure.rates")),
      element("ul", { class: "reasons" }, ...folded.map((rate) => element("li", {}, rate))),
    ),
  ];
}

/** What stands beside the calendar. */
export function sure(service, rates) {
  const { verdict } = service;
  if (!verdict) return [element("p", {}, t("sure.unjudged"))];
  const { reasons, checks } = verdict.told;
  const made = checks.filter(({ sign }) => sign !== "?");
  return [
    element("p", { id: "sure-words" }, t(sureness(verdict))),
    ...(reasons.length
      ? [element("ul", { class: "reasons" }, ...reasons.map((reason) => element("li", {}, reason)))]
      : []),
    made.length
      ? element(
          "details",
          {},
          element(
            "summary",
            {},
            t("sure.checks", { made: number(made.length), all: number(checks.length) }),
          ),
          element("ul", { class: "checks" }, ...made.map(check)),
        )
      : null,
    ...howOften(verdict, rates),
    element("p", { class: "soft" }, t("sure.not_who")),
  ].filter(Boolean);
}
