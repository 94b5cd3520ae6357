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

/** What stands beside the calendar. */
export function sure(service) {
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
    element("p", { class: "soft" }, t("sure.not_who")),
  ].filter(Boolean);
}
