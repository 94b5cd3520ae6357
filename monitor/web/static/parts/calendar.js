// Which evenings: weeks in rows, each evening a link to its day.
import { element } from "../dom.js";
import { address } from "../shell.js";
import { dayName, laterDate, number, t, weekdayName } from "../text.js";
import { slower } from "../units.js";

export const MARKS = { fine: "○", slow: "▲", dead: "✕", refused: "◆", unusable: "–" };

/** What is said of an evening. */
export function eveningWords(target, evening) {
  const ratio = evening.ratio === null ? "" : ` · ${slower(evening.ratio)}`;
  const failed = evening.n_failed
    ? ` · ${t("evenings.failed", { failed: number(evening.n_failed), n: number(evening.n) })}`
    : "";
  const state = evening.n === 0 ? t("none") : t(`state.${evening.state}`);
  return `${target}, ${dayName(evening.date)}: ${state}${ratio}${failed}`;
}

const weekday = (date) => new Date(`${date}T12:00:00Z`).getUTCDay();

/** Evenings in weeks that begin on Monday; null where none is known. */
export function weeksOf(evenings) {
  if (!evenings.length) return [];
  const byDate = new Map(evenings.map((evening) => [evening.date, evening]));
  const monday = laterDate(evenings[0].date, -((weekday(evenings[0].date) + 6) % 7));
  const weeks = [];
  for (let first = monday; first <= evenings.at(-1).date; first = laterDate(first, 7)) {
    weeks.push(Array.from({ length: 7 }, (_, day) => byDate.get(laterDate(first, day)) ?? null));
  }
  return weeks;
}

/** Slow and usable evenings of each day of the week, Monday first. */
export function byWeekday(weeks) {
  return Array.from({ length: 7 }, (_, day) => {
    const usable = weeks
      .map((week) => week[day])
      .filter((evening) => evening && ["fine", "slow", "dead"].includes(evening.state));
    return { slow: usable.filter(({ state }) => state !== "fine").length, usable: usable.length };
  });
}

function cell(target, evening, isLast, vantage) {
  if (!evening) return element("td", {});
  const state = isLast && evening.state === "unusable" && evening.n === 0 ? "open" : evening.state;
  const shownRatio =
    evening.ratio !== null && (state === "slow" || state === "dead")
      ? `${number(evening.ratio, evening.ratio < 10 ? 1 : 0)}×`
      : "";
  return element(
    "td",
    { class: state },
    element(
      "a",
      {
        href: address(["day", evening.date, target], { vantage }),
        title: eveningWords(target, evening),
        "data-date": evening.date,
      },
      element("span", { class: "unseen" }, eveningWords(target, evening)),
      element("span", { "aria-hidden": "true" }, String(Number(evening.date.slice(8)))),
      element("span", { "aria-hidden": "true" }, MARKS[evening.state]),
      element("span", { class: "ratio", "aria-hidden": "true" }, shownRatio),
    ),
  );
}

function monthOf(week, previous) {
  const first = week.find(Boolean)?.date.slice(0, 7) ?? "";
  return first !== previous ? dayName(week.find(Boolean).date, true).replace(/\d+/, "").trim() : "";
}

/** The calendar of one host. */
export function calendar(of, vantage) {
  const weeks = weeksOf(of.evenings);
  const last = of.evenings.at(-1)?.date;
  const days = [1, 2, 3, 4, 5, 6, 0];
  let previous = "";
  const rows = weeks.map((week) => {
    const month = monthOf(week, previous);
    previous = week.find(Boolean).date.slice(0, 7);
    return element(
      "tr",
      {},
      month ? element("th", { scope: "row" }, month) : element("td", {}),
      ...week.map((evening) => cell(of.target, evening, evening?.date === last, vantage)),
    );
  });
  const counts = byWeekday(weeks).map(({ slow, usable }) =>
    element(
      "td",
      {},
      usable ? t("calendar.of", { slow: number(slow), usable: number(usable) }) : "",
    ),
  );
  return element(
    "div",
    { class: "scroll weeks", tabindex: "0", role: "region", "aria-label": t("calendar.title") },
    element(
      "table",
      { class: "calendar" },
      element("caption", {}, t("calendar.caption")),
      element(
        "thead",
        {},
        element(
          "tr",
          {},
          element("td", {}),
          ...days.map((day) => element("th", { scope: "col" }, weekdayName(day))),
        ),
      ),
      element("tbody", {}, ...rows),
      element("tfoot", {}, element("tr", {}, element("th", { scope: "row" }, "▲"), ...counts)),
    ),
  );
}

/** What the marks mean, those that occur. */
export function legend(evenings) {
  const there = Object.keys(MARKS).filter(
    (state) => state !== "refused" || evenings.some((evening) => evening.state === state),
  );
  return element(
    "p",
    { class: "legend" },
    ...there.map((state) =>
      element("span", { class: state }, `${MARKS[state]} ${t(`state.${state}`)}`),
    ),
  );
}
