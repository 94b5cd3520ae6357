// Words, numbers, times: in the page's language and the home's time zone.
import { visible } from "./dom.js";

const messages = JSON.parse(document.getElementById("messages").textContent);
export const language = document.documentElement.lang;
const plurals = new Intl.PluralRules(language);
// Many browsers do not know Kazakh: its numbers are written as in Russian, and the names
// of its months and days come with the messages.
const isKnown = !/\d/.test(new Intl.DateTimeFormat(language, { month: "short" }).format(0));
const locale = isKnown ? language : "ru";

export const zone = document.documentElement.dataset.zone;
// A home that moved has another zone since; a browser knows each of them only.
const moves = JSON.parse(document.documentElement.dataset.moves ?? "[]").reverse();

function zoneAt(ms) {
  return (moves.find(([since]) => since === null || ms >= since) ?? [null, zone])[1];
}

/** The message of a key, with {named} places filled. */
export function t(key, values = {}) {
  const text = messages[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (_, name) => visible(values[name] ?? ""));
}

/** The message in the form that goes with a number. */
export function tn(key, n, values = {}) {
  const form = `${key}.${plurals.select(n)}`;
  return t(form in messages ? form : `${key}.other`, { n: number(n), ...values });
}

export function number(value, digits = 0) {
  return new Intl.NumberFormat(locale, { maximumFractionDigits: digits }).format(value);
}

/** About three digits, whatever the size. */
export function short(value) {
  const options = { maximumSignificantDigits: 3 };
  return new Intl.NumberFormat(locale, options).format(value);
}

export function percent(share) {
  const options = { style: "percent", maximumFractionDigits: 0 };
  return new Intl.NumberFormat(locale, options).format(share);
}

function format(instant, options) {
  return new Intl.DateTimeFormat(locale, options).format(instant);
}

/** A local date (YYYY-MM-DD) in words. */
export function dayName(date, isShort = false) {
  const noon = new Date(`${date}T12:00:00Z`);
  if (!isKnown) return ownDayName(noon, isShort);
  const options = isShort
    ? { day: "numeric", month: "short", timeZone: "UTC" }
    : { weekday: "short", day: "numeric", month: "short", year: "numeric", timeZone: "UTC" };
  return format(noon, options);
}

function ownDayName(noon, isShort) {
  const day = `${noon.getUTCDate()} ${t(`month.${noon.getUTCMonth() + 1}`)}`;
  return isShort ? day : `${t(`weekday.${noon.getUTCDay()}`)}, ${day} ${noon.getUTCFullYear()}`;
}

/** A day of the week in short, 0 is Sunday. */
export function weekdayName(day) {
  if (!isKnown) return t(`weekday.${day}`);
  return format(new Date(Date.UTC(2026, 0, 4 + day)), { weekday: "short", timeZone: "UTC" });
}

/** A moment on the home's clock. */
export function moment(value, withSeconds = false) {
  const instant = new Date(value);
  const date = new Date(localMs(instant.getTime())).toISOString().slice(0, 10);
  const second = withSeconds ? "2-digit" : undefined;
  const time = format(instant, {
    hour: "2-digit",
    minute: "2-digit",
    second,
    hourCycle: "h23",
    timeZone: zoneAt(instant.getTime()),
  });
  return `${dayName(date, true)}, ${time}`;
}

/** Time of day on the home's clock. */
export function clockTime(value) {
  const instant = new Date(value);
  return format(instant, {
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
    timeZone: zoneAt(instant.getTime()),
  });
}

export function duration(seconds) {
  if (seconds < 90) return tn("unit.seconds", Math.round(seconds));
  if (seconds < 5400) return tn("unit.minutes", Math.round(seconds / 60));
  if (seconds < 129600) return tn("unit.hours", Math.round(seconds / 3600));
  return tn("unit.days", Math.round(seconds / 86400));
}

const SIZES = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"];

function sized(value, unit) {
  return new Intl.NumberFormat(locale, { style: "unit", unit, maximumSignificantDigits: 3 })
    .formatToParts(value)
    .map((part) => (part.type === "unit" && unit === "byte" ? t("unit.byte") : part.value))
    .join("");
}

/** An amount of data in the language's own unit: 24.2 GB, 24,2 ГБ. */
export function bytes(n) {
  let step = 0;
  while (n >= 1000 ** (step + 1) && step < SIZES.length - 1) step += 1;
  return sized(n / 1000 ** step, SIZES[step]);
}

/** Minutes that the home's clock is ahead of UTC at a moment. */
const offsets = new Map();
export function offsetMinutes(ms) {
  const quarter = Math.floor(ms / 900000);
  if (!offsets.has(quarter)) offsets.set(quarter, measuredOffset(quarter * 900000));
  return offsets.get(quarter);
}

function measuredOffset(ms) {
  const parts = new Intl.DateTimeFormat("en-GB", {
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
    hourCycle: "h23",
    timeZone: zoneAt(ms),
  }).formatToParts(new Date(ms));
  const clock = Object.fromEntries(parts.map((part) => [part.type, Number(part.value)]));
  const local = Date.UTC(
    clock.year,
    clock.month - 1,
    clock.day,
    clock.hour,
    clock.minute,
    clock.second,
  );
  return Math.round((local - ms) / 60000);
}

/** Reading of the home's clock, as milliseconds that a chart in UTC shows rightly. */
export function localMs(ms) {
  return ms + offsetMinutes(ms) * 60000;
}

/** The moment at which the home's clock shows a time like 2026-10-20T20:00. */
export function fromLocal(text) {
  const shown = Date.parse(`${text}Z`);
  const first = shown - offsetMinutes(shown) * 60000;
  return shown - offsetMinutes(first) * 60000;
}

export const DAY_MS = 86400000;

/** A local date some days later. */
export function laterDate(date, days) {
  return new Date(Date.parse(date) + days * DAY_MS).toISOString().slice(0, 10);
}

/** The date on the home's clock. */
export function localDate(ms) {
  return new Date(localMs(ms)).toISOString().slice(0, 10);
}

/** What a date-time field takes for a moment. */
export function toLocalField(ms) {
  return new Date(localMs(ms)).toISOString().slice(0, 16);
}
