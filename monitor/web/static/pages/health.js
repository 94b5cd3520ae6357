// Whether the monitor itself can be believed.
import { ask, send } from "../api.js";
import { byId, element, wideTable } from "../dom.js";
import { Figure } from "../figure.js";
import { usedAbout, usedData, usedOption } from "../parts/used.js";
import { begin, isSimulated, language, part } from "../shell.js";
import {
  DAY_MS,
  bytes,
  duration,
  laterDate,
  localDate,
  moment,
  number,
  percent,
  t,
} from "../text.js";

const GAP_DAYS = 14;
const USED_DAYS = 31;

function ofBudget(used, budget) {
  return budget
    ? t("house.budget", { used: bytes(used), budget: bytes(budget), share: percent(used / budget) })
    : bytes(used);
}

function factsOf(health) {
  const { usage } = health;
  const lateness = health.event_loop_lateness_s;
  return [
    ["house.last", health.last_sample_utc ? moment(health.last_sample_utc) : t("none")],
    [
      "house.rounds",
      t("house.rounds_value", {
        complete: number(health.rounds_complete),
        overlong: number(health.rounds_overlong),
        gaps: number(health.gaps),
        time: duration(health.gap_s),
      }),
    ],
    ["house.today", bytes(usage.today_bytes)],
    ["house.month", ofBudget(usage.month_bytes, usage.budget_per_month_bytes)],
    [
      "house.forecast",
      usage.forecast_month_bytes === null
        ? t("house.no_forecast")
        : ofBudget(usage.forecast_month_bytes, usage.budget_per_month_bytes),
    ],
    [
      "house.lateness",
      lateness === null ? t("none") : `${number(lateness * 1000, 1)} ${t("unit.ms")}`,
    ],
    ["house.spool", number(health.spool_records)],
  ];
}

function gapRow(gap) {
  return element(
    "tr",
    {},
    element("td", {}, moment(gap.start_utc)),
    element("td", {}, moment(gap.end_utc)),
    element("td", {}, duration((Date.parse(gap.end_utc) - Date.parse(gap.start_utc)) / 1000)),
    element("td", {}, gap.told ?? t(`round.${gap.status}`)),
  );
}

async function showGaps(targets) {
  const until = Date.parse(targets.now_utc);
  const { gaps } = await ask("/gaps", {
    language,
    since: new Date(until - GAP_DAYS * DAY_MS).toISOString(),
    until: targets.now_utc,
  });
  const titles = ["compare.from", "compare.to", "gaps.length", "gaps.reason"];
  byId("gaps").replaceChildren(
    gaps.length
      ? wideTable(
          t("gaps.title"),
          titles.map((key) => t(key)),
          gaps.reverse().map(gapRow),
        )
      : element("p", { class: "empty" }, t("gaps.none")),
  );
}

function showPause({ paused_until_utc: until }) {
  byId("pause-words").textContent = until
    ? t("pause.until", { time: moment(until) })
    : t("pause.none");
  byId("resume").hidden = !until;
}

function wire() {
  byId("pause")?.addEventListener("submit", (event) => {
    event.preventDefault();
    const minutes = Number(event.target.elements.minutes.value);
    part(async () => showPause(await send("/pause", { minutes })));
  });
  byId("resume")?.addEventListener("click", () =>
    part(async () => showPause(await send("/resume", {}))),
  );
}

function showUsed(figure, used, by) {
  for (const button of byId("used-by").children)
    button.setAttribute("aria-pressed", String(button.dataset.by === by));
  if (used.days.length) figure.show(usedOption(used, by), usedData(used), usedAbout(used));
  else figure.showEmpty(t("used.empty"));
}

/** The picture of what was used; it changes by the hour and is not asked for again. */
async function drawUsed(targets) {
  const last = targets.last_date ?? localDate(Date.parse(targets.now_utc));
  const used = await ask("/used", { since: laterDate(last, 1 - USED_DAYS), until: last });
  const figure = new Figure(byId("used"), { name: "used", label: t("used.title") });
  byId("used-by").addEventListener(
    "click",
    (event) => event.target.dataset.by && showUsed(figure, used, event.target.dataset.by),
  );
  showUsed(figure, used, "probe");
}

async function show(targets, telling) {
  const health = await telling;
  byId("house").replaceChildren(
    ...factsOf(health).flatMap(([key, text]) => [
      element("dt", {}, t(key)),
      element("dd", {}, text),
    ]),
  );
  // Simulated weeks do not go on: there is nothing to pause.
  if (isSimulated(targets)) byId("pausing")?.remove();
  if (byId("pausing")) showPause(health);
  await showGaps(targets);
}

wire();
await begin(async (targets, health) => {
  await show(targets, health);
  await drawUsed(targets);
}, show);
