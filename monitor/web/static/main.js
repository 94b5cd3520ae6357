// Puts the page together: what is chosen, what is asked, what is shown.
import { ask, base, send } from "./api.js";
import { cards } from "./cards.js";
import * as curves from "./curves.js";
import { eveningsAbout, eveningsData, eveningsOption } from "./evenings.js";
import { Figure, element, redrawAll } from "./figure.js";
import { cellWords, heatmapAbout, heatmapData, heatmapOption } from "./heatmap.js";
import { bytes, clockTime, dayName, duration, fromLocal, localMs, moment, number, percent, setZone, t, toLocalField } from "./text.js";
import { nowParts } from "./now.js";
import { METRICS, scale, shown, times } from "./units.js";

const REFRESH_MS = 30000;
const AGAIN_MS = 4000;
const STALE_HOURS = 100;
const DAY_MS = 86400000;
const byId = (id) => document.getElementById(id);

const state = { targets: null, map: null, selected: null, day: null, samples: [], notes: [] };
const figures = {};

/** What is chosen is in the address, so that a link shows the same. */
function chosen() {
  const form = new FormData(byId("choice"));
  return Object.fromEntries(form.entries());
}

function remember() {
  const parameters = new URLSearchParams({ ...chosen(), day: state.day ?? "" });
  history.replaceState(null, "", `?${parameters}`);
}

function tell(error) {
  const place = byId("failure");
  place.hidden = false;
  place.textContent = t("failure", { reason: error.message });
}

/** Run a part of the page; a failure is said, and the other parts go on. */
async function part(work) {
  try {
    await work();
    byId("failure").hidden = true;
  } catch (error) {
    tell(error);
  }
}

function fill(select, options, value) {
  select.replaceChildren(...options.map(([key, text]) => element("option", { value: key }, text)));
  if (options.some(([key]) => key === value)) select.value = value;
}

function fillChoice() {
  const asked = new URLSearchParams(location.search);
  const form = byId("choice").elements;
  const groups = state.targets.targets.map((one) => [one.name, one.role !== "target" ? t("choice.control", { name: one.name }) : one.name]);
  fill(form.target, groups, asked.get("target"));
  fill(form.metric, METRICS.map((m) => [m, t(`metric.${m}`)]), asked.get("metric") ?? firstMetric());
  fill(form.view, [["beyond_controls", t("view.beyond_controls")], ["absolute", t("view.absolute")]], asked.get("view"));
  fill(form.weeks, ["2", "5", "8", "26", "52"].map((n) => [n, t(`weeks.${n}`)]), asked.get("weeks") ?? "5");
  fill(form.vantage, state.targets.vantages.map((name) => [name, name]), asked.get("vantage"));
  byId("vantage-choice").hidden = state.targets.vantages.length < 2;
}

function firstMetric() {
  const target = state.targets.targets[0];
  return target && target.probes.length && !target.probes.includes("download") ? "duration_s" : "goodput_bps";
}

function since(weeks) {
  const last = state.targets.last_date ?? new Date(localMs(Date.now())).toISOString().slice(0, 10);
  const first = new Date(Date.parse(last) - (weeks * 7 - 1) * DAY_MS).toISOString().slice(0, 10);
  return state.targets.first_date && first < state.targets.first_date ? state.targets.first_date : first;
}

/** The present is that of the measuring point itself, whichever is chosen below. */
async function showNow() {
  byId("now-section").hidden = isSimulated();
  if (isSimulated()) return;
  const wasOpen = byId("now").querySelector("details")?.open;
  byId("now").replaceChildren(...nowParts(await ask("/now", { language: document.documentElement.lang })));
  if (wasOpen) byId("now").querySelector("details").open = true;
}

async function showCards() {
  const found = await ask("/services", { language: document.documentElement.lang });
  byId("answer-lead").textContent = found.lead;
  byId("cards").replaceChildren(...cards(state.targets, found));
}

async function showHeatmap() {
  const { target, metric, view, weeks, vantage } = chosen();
  const map = await ask("/heatmap", { target, metric, view, vantage, since: since(weeks) });
  state.map = map;
  state.selected = null;
  const isEmpty = map.n.every((day) => day.every((n) => n === 0));
  if (isEmpty) {
    figures.heatmap.showEmpty(t("heatmap.empty", { every: duration(state.targets.every_s) }));
    return;
  }
  drawHeatmap();
  if (map.n_stale_hours > STALE_HOURS) askAgainSoon();
}

/** Roll-ups of a long history are still being made: the picture fills by itself. */
function askAgainSoon() {
  clearTimeout(state.again);
  state.again = setTimeout(() => {
    part(showHeatmap);
    part(showEvenings);
  }, AGAIN_MS);
}

function drawHeatmap() {
  const { map, selected } = state;
  const title = t("heatmap.title", { target: map.target, metric: t(`metric.${map.metric}`) });
  figures.heatmap.show(heatmapOption(map, selected, state.notes), heatmapData(map), heatmapAbout(map, title));
}

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

function moveInHeatmap(event) {
  const { map } = state;
  if (!map) return;
  const at = state.selected ?? [map.days.length, 20];
  if (event.key === "Enter" && state.selected) openDay(map.days[at[0]], true);
  const step = ARROWS[event.key];
  if (!step) return;
  event.preventDefault();
  const within = (value, most) => Math.max(0, Math.min(most, value));
  state.selected = [within(at[0] + step[0], map.days.length - 1), within(at[1] + step[1], 23)];
  drawHeatmap();
  figures.heatmap.say(`${cellWords(map, ...state.selected)}. ${t("heatmap.enter")}`);
}

async function showEvenings() {
  const { weeks, vantage } = chosen();
  const found = await ask("/evenings", { vantage, since: since(weeks) });
  if (!found.targets.some((one) => one.evenings.some((e) => e.n > 0))) {
    figures.evenings.showEmpty(t("evenings.empty", { start: found.window.start, end: found.window.end }));
    return;
  }
  figures.evenings.show(eveningsOption(found), eveningsData(found), eveningsAbout(found));
}

/** Seconds between two samples of a metric. */
function interval(metric) {
  return metric === "goodput_bps" ? state.targets.transfer_every_s : state.targets.every_s;
}

/** Share of a span of time that was measured, when a sample is due every so often. */
function share(n, from, to, everySeconds) {
  const planned = Math.max(1, Math.round((to - from) / 1000 / everySeconds));
  return Math.min(1, n / planned);
}

async function showLive() {
  const { target, metric, vantage } = chosen();
  const found = await ask("/series", { target, metric, vantage, resolution: "sample", with_controls: "true" });
  if (!found.curve.time_s.length) {
    figures.live.showEmpty(t("live.empty", { every: duration(state.targets.every_s) }));
    return;
  }
  const title = t("live.caption", { target, metric: t(`metric.${metric}`) });
  figures.live.show(curves.liveOption(found, state.targets.window, interval(metric)), curves.liveData(found), curves.liveAbout(found, title));
}

async function allSamples(parameters) {
  const found = [];
  let cursor = null;
  do {
    const page = await ask("/samples", { ...parameters, limit: 1000, cursor });
    found.push(...page.samples);
    cursor = page.next;
  } while (cursor !== null && found.length < 20000);
  return found;
}

async function showDay() {
  const { target, vantage } = chosen();
  const from = fromLocal(`${state.day}T00:00`);
  const to = fromLocal(`${new Date(Date.parse(state.day) + DAY_MS).toISOString().slice(0, 10)}T00:00`);
  const span = { since: new Date(from).toISOString(), until: new Date(to).toISOString() };
  const [samples, { gaps }] = await Promise.all([
    allSamples({ target, vantage: vantage || state.targets.vantage, path: "direct", ...span }),
    ask("/gaps", { ...span, language: document.documentElement.lang }),
  ]);
  state.samples = samples;
  const title = t("day.caption", { target, date: dayName(state.day) });
  showPhases(samples.filter((s) => s.probe !== "download"), title, from, to, gaps);
  showTransfers(samples.filter((s) => s.probe === "download" || s.goodput_bps !== undefined), title, from, to);
  fillSampleTable();
}

function gapWords(gap) {
  return t("day.gap_words", { from: clockTime(gap.start_utc), to: clockTime(gap.end_utc), reason: gap.told ?? t(`round.${gap.status}`) });
}

/** A day that is not over is measured up to now. */
function measuredUntil(to, samples) {
  return Math.min(to, Math.max(Date.parse(state.targets.now_utc), Date.parse(samples.at(-1).started_at_utc)));
}

function showPhases(pages, title, from, to, gaps) {
  if (!pages.length) {
    figures.phases.showEmpty(t("day.empty", { date: dayName(state.day) }));
    return;
  }
  const failed = pages.filter((s) => s.failure).length;
  const covered = share(pages.length, from, measuredUntil(to, pages), state.targets.every_s);
  const words = [
    `${title}: ${t("day.phases", { unit: t("unit.ms") })}`,
    t("day.count", { n: number(pages.length), failed: number(failed) }),
    t("figure.coverage", { zone: state.targets.timezone, share: percent(covered) }),
    t("day.open"),
    ...gaps.slice(0, 8).map(gapWords),
  ];
  figures.phases.show(curves.phasesOption(pages, state.targets.window, state.targets.every_s, from, to), curves.phasesData(pages), { words, label: words.slice(0, 3).join(". ") });
}

function showTransfers(transfers, title, from, to) {
  if (!transfers.length) {
    figures.transfers.showEmpty(t("day.no_transfers"));
    return;
  }
  const covered = share(transfers.length, from, measuredUntil(to, transfers), state.targets.transfer_every_s);
  const words = [`${title}: ${t("day.transfers", { unit: t("unit.mbps") })}`, t("figure.coverage", { zone: state.targets.timezone, share: percent(covered) })];
  figures.transfers.show(curves.transfersOption(transfers, state.targets.window, from, to), curves.transfersData(transfers), { words, label: words.join(". ") });
}

function fillSampleTable() {
  const place = byId("day-samples");
  if (!place.open) return;
  const row = (s) => element("tr", {},
    element("td", {}, element("button", { type: "button", onclick: () => part(() => openSample(s.id)) }, clockTime(s.started_at_utc))),
    element("td", {}, s.probe), element("td", {}, s.failure ?? t("day.answered")),
    element("td", { class: "number" }, shown("duration_s", s.duration_s)), element("td", { class: "number" }, shown("goodput_bps", s.goodput_bps)));
  const head = ["day.time", "day.probe", "day.outcome", "metric.duration_s", "metric.goodput_bps"].map((key) => element("th", { scope: "col" }, t(key)));
  place.querySelector("div").replaceChildren(element("table", {}, element("thead", {}, element("tr", {}, ...head)), element("tbody", {}, ...state.samples.map(row))));
}

function openDay(date, isFar = false) {
  state.day = date;
  byId("day-choice").elements.date.value = date;
  remember();
  part(showDay);
  if (isFar) {
    byId("day-section").scrollIntoView();
    byId("day-choice").elements.date.focus({ preventScroll: true });
  }
}

function moveDay(by) {
  openDay(new Date(Date.parse(state.day) + by * DAY_MS).toISOString().slice(0, 10));
}

async function openSample(id) {
  const sample = await ask(`/samples/${id}`);
  byId("sample-words").textContent = `${sample.target}, ${moment(sample.started_at_utc, true)} (${state.targets.timezone})`;
  const rows = Object.entries(sample).filter(([name]) => name !== "timeline").map(([name, value]) =>
    element("tr", {}, element("th", { scope: "row" }, name), element("td", {}, typeof value === "object" ? JSON.stringify(value) : String(value))));
  byId("sample-fields").replaceChildren(...rows);
  byId("sample").showModal();
  showBytes(sample);
}

function showBytes(sample) {
  figures.bytes ??= new Figure(byId("bytes"), { name: "bytes", label: t("bytes.title"), size: "short" });
  if (!sample.timeline) {
    figures.bytes.showEmpty(t("bytes.empty"));
    return;
  }
  const words = [t("bytes.caption", { bytes: bytes(sample.timeline.at(-1)[1]), seconds: number(sample.timeline.at(-1)[0], 2) })];
  figures.bytes.show(curves.bytesOption(sample), curves.bytesData(sample), { words, label: `${t("bytes.title")}. ${words[0]}` });
}

function prefillCompare() {
  const last = state.targets.last_date;
  if (!last) return;
  const before = new Date(Date.parse(last) - 7 * DAY_MS).toISOString().slice(0, 10);
  const { start, end } = state.targets.window;
  const form = byId("compare-choice").elements;
  const next = (date) => (end > start ? date : new Date(Date.parse(date) + DAY_MS).toISOString().slice(0, 10));
  form.a_since.value = `${last}T${start}`;
  form.a_until.value = `${next(last)}T${end}`;
  form.b_since.value = `${before}T${start}`;
  form.b_until.value = `${next(before)}T${end}`;
}

async function showComparison() {
  const { target, metric, vantage } = chosen();
  const form = byId("compare-choice").elements;
  const asked = Object.fromEntries(["a_since", "a_until", "b_since", "b_until"].map((name) => [name, new Date(fromLocal(form[name].value)).toISOString()]));
  const found = await ask("/compare", { target, metric, vantage, ...asked });
  figures.compare ??= new Figure(byId("compare"), { name: "compare", label: t("compare.title") });
  if (found.a.n === 0 || found.b.n === 0) {
    byId("compare-words").textContent = "";
    figures.compare.showEmpty(t("compare.empty"));
    return;
  }
  byId("compare-words").textContent = comparisonWords(found);
  const covered = (span) => percent(share(span.n, Date.parse(span.since), Date.parse(span.until), interval(metric)));
  const words = [
    t("compare.caption", { zone: found.timezone, metric: `${t(`metric.${metric}`)} (${scale(metric).unit})` }),
    t("compare.coverage", { a: covered(found.a), b: covered(found.b) }),
  ];
  if (found.control_names.length) words.push(t("figure.controls", { names: found.control_names.join(", ") }));
  figures.compare.show(curves.compareOption(found), curves.compareData(found), { words, label: `${comparisonWords(found)} ${words.join(" ")}` });
}

function comparisonWords(found) {
  const values = { target: found.target, a: shown(found.metric, found.a.median), b: shown(found.metric, found.b.median), na: number(found.a.n), nb: number(found.b.n) };
  const base = t("compare.words", values);
  if (found.ratio_beyond_controls === null) return base;
  return `${base} ${t("compare.ratio", { ratio: times(found.ratio), beyond: times(found.ratio_beyond_controls) })}`;
}

async function showNotes() {
  const { annotations } = await ask("/annotations", { since: since(52) });
  state.notes = annotations;
  if (annotations.length && state.map && figures.heatmap.option) drawHeatmap();
  const span = (one) => (one.first_date === one.last_date ? dayName(one.first_date) : `${dayName(one.first_date)} – ${dayName(one.last_date)}`);
  const list = element("ul", {}, ...annotations.map((one) => element("li", {}, `${span(one)}: ${one.text}`)));
  byId("notes").replaceChildren(annotations.length ? list : element("p", {}, t("notes.empty")));
}

async function showReports() {
  const { reports, troubles } = await ask("/reports");
  const link = (one, name) => element("a", { href: `${base}/reports/${one.date}/${encodeURIComponent(name)}`, target: "_blank", rel: "noopener" }, name);
  const digest = (one, name) => (one.digests[name] ? [element("code", { class: "digest" }, `SHA-256 ${one.digests[name]}`), " "] : []);
  const item = (one) => element("li", {}, `${dayName(one.date)}: `, ...one.files.flatMap((name) => [link(one, name), " ", ...digest(one, name)]));
  const list = element("ul", {}, ...reports.slice(0, 30).map(item));
  const wrong = troubles.map((one) => element("li", {}, t(`reports.${one.what}`, { ...one, time: moment(one.at_utc) })));
  const nights = reports.length ? [list] : [element("p", {}, t("reports.empty"))];
  byId("reports").replaceChildren(...nights, ...(wrong.length ? [element("ul", { class: "troubles" }, ...wrong)] : []));
}

async function showHealth() {
  const health = await ask("/health");
  const pill = byId("health");
  const isWell = health.is_fresh && health.line !== "down";
  pill.className = `pill ${isSimulated() ? "" : isWell ? "good" : "bad"}`;
  pill.textContent = freshness(health);
  const used = health.usage;
  const budget = used.budget_per_month_bytes;
  const facts = [
    ["house.last", health.last_sample_utc ? moment(health.last_sample_utc) : t("none")],
    ["house.rounds", t("house.rounds_value", { complete: number(health.rounds_complete), overlong: number(health.rounds_overlong), gaps: number(health.gaps), time: duration(health.gap_s) })],
    ["house.today", bytes(used.today_bytes)],
    ["house.month", budget ? t("house.budget", { used: bytes(used.month_bytes), budget: bytes(budget), share: percent(used.month_bytes / budget) }) : bytes(used.month_bytes)],
    ["house.forecast", used.forecast_month_bytes === null ? t("house.no_forecast") : budget ? t("house.budget", { used: bytes(used.forecast_month_bytes), budget: bytes(budget), share: percent(used.forecast_month_bytes / budget) }) : bytes(used.forecast_month_bytes)],
    ["house.lateness", health.event_loop_lateness_s === null ? t("none") : `${number(health.event_loop_lateness_s * 1000, 1)} ${t("unit.ms")}`],
    ["house.spool", number(health.spool_records)],
  ];
  byId("house").replaceChildren(...facts.flatMap(([key, text]) => [element("dt", {}, t(key)), element("dd", {}, text)]));
}

function isSimulated() {
  return state.targets.vantage === "simulated";
}

function freshness(health) {
  if (isSimulated()) return t("health.simulated");
  if (health.age_s === null) return t("health.none");
  const ago = duration(Math.max(0, health.age_s));
  if (health.is_fresh && health.line === "down") return t("health.line_down", { ago });
  return t(health.is_fresh ? "health.fresh" : "health.stale", { ago });
}

async function loadTargets() {
  state.targets = await ask("/targets");
  setZone(state.targets.timezone);
  const { vantage, timezone, targets } = state.targets;
  const nControls = targets.filter((one) => one.role === "control").length;
  const nServices = new Set(targets.filter((one) => one.role === "target").map((one) => one.service)).size;
  byId("place").textContent = t(isSimulated() ? "place.simulated" : "place", { vantage, zone: timezone, targets: number(nServices), controls: number(nControls) });
}

async function makeShare() {
  const share = await send("/shares", { hours: 168 });
  const place = byId("shared");
  place.hidden = false;
  place.textContent = t("share.made", { url: new URL(share.path, location.href).href, until: moment(share.expires_at_utc) });
}

function otherTheme() {
  const root = document.documentElement;
  const isDark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = isDark ? "light" : "dark";
  localStorage.setItem("theme", root.dataset.theme);
  redrawAll();
}

function makeFigures() {
  const figure = (name, key, size) => new Figure(byId(name), { name, label: t(key), size });
  figures.heatmap = figure("heatmap", "picture.title", "tall");
  figures.evenings = figure("evenings", "evenings.title", "short");
  figures.live = figure("live", "live.title");
  figures.phases = figure("phases", "day.title");
  figures.transfers = figure("transfers", "day.title", "short");
  figures.heatmap.plot.tabIndex = 0;
  figures.heatmap.plot.addEventListener("keydown", moveInHeatmap);
}

function openFromChart(figure, open) {
  figure.chart.on("click", (event) => open(event));
}

function wire() {
  byId("choice").addEventListener("change", () => {
    remember();
    showChosen();
  });
  byId("day-choice").addEventListener("submit", (event) => event.preventDefault());
  byId("day-choice").elements.date.addEventListener("change", (event) => event.target.value && openDay(event.target.value));
  byId("day-before").addEventListener("click", () => moveDay(-1));
  byId("day-after").addEventListener("click", () => moveDay(1));
  byId("day-samples").addEventListener("toggle", fillSampleTable);
  byId("compare-choice").addEventListener("submit", (event) => {
    event.preventDefault();
    part(showComparison);
  });
  byId("theme").addEventListener("click", otherTheme);
  byId("share")?.addEventListener("click", () => part(makeShare));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redrawAll);
  for (const link of document.querySelectorAll("[data-language]")) {
    link.addEventListener("click", () => {
      const parameters = new URLSearchParams(location.search);
      parameters.set("lang", link.dataset.language);
      link.href = `${base}/?${parameters}`;
    });
  }
  openFromChart(figures.heatmap, (event) => event.seriesIndex === 0 && openDay(state.map.days[event.value[0]], true));
  openFromChart(figures.evenings, (event) => event.data?.evening && openDay(event.data.evening.date, true));
  for (const figure of [figures.phases, figures.transfers]) {
    openFromChart(figure, (event) => event.data?.id && part(() => openSample(event.data.id)));
  }
}

function showChosen() {
  part(showHeatmap);
  part(showEvenings);
  part(showLive);
  if (state.day) part(showDay);
}

/** New samples came: what shows the present is asked again, unless nobody looks. */
async function refresh() {
  if (document.hidden) return;
  const before = state.targets;
  await part(async () => {
    await loadTargets();
    await showHealth();
    await showNow();
    await showLive();
    await showCards();
  });
  if (!before.last_date && state.targets.last_date) begin();
}

function begin() {
  fillChoice();
  const asked = new URLSearchParams(location.search).get("day");
  state.day = asked || state.targets.last_date || new Date(localMs(Date.now())).toISOString().slice(0, 10);
  byId("day-choice").elements.date.value = state.day;
  prefillCompare();
  part(showNow);
  part(showCards);
  showChosen();
  part(showHealth);
  part(showNotes);
  part(showReports);
}

makeFigures();
wire();
await part(loadTargets);
if (state.targets) begin();
document.documentElement.dataset.ready = "true";
setInterval(refresh, REFRESH_MS);
