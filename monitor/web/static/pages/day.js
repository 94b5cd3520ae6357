// What happened at 20:00 on one evening, sample by sample.
import { ask } from "../api.js";
import { byId, element, fillSelect } from "../dom.js";
import { Figure } from "../figure.js";
import { bandAbout, bandData, bandOption } from "../parts/band.js";
import { bytesAbout, bytesData, bytesOption, noCurve, telling } from "../parts/bytes.js";
import { eveningWords } from "../parts/calendar.js";
import { fillVantage, firstMetric, interval, share, siteOptions } from "../parts/choice.js";
import { lanesAbout, lanesData, lanesOption } from "../parts/lanes.js";
import { allSamples, bytesFigure, openSample, sampleTable } from "../parts/samples.js";
import { asked, begin, language, part, pathParts, remember } from "../shell.js";
import { clockTime, dayName, fromLocal, laterDate, localDate, t, zone } from "../text.js";

const AROUND_MS = 2 * 3600000;
const form = byId("day-choice");

/** The span [ms] that is shown of a date: its evening with two hours about it, or all. */
function spanOf(date, window_, isWhole) {
  if (isWhole) return [fromLocal(`${date}T00:00`), fromLocal(`${laterDate(date, 1)}T00:00`)];
  const last = window_.end > window_.start ? date : laterDate(date, 1);
  return [
    fromLocal(`${date}T${window_.start}`) - AROUND_MS,
    fromLocal(`${last}T${window_.end}`) + AROUND_MS,
  ];
}

/** The part of a span in which there could be samples: since the first, up to now. */
function measuredOf([from, to], site, nowUtc) {
  const first = site?.first_sample_utc ? Date.parse(site.first_sample_utc) : from;
  return [Math.max(from, Math.min(first, to)), Math.max(from, Math.min(to, Date.parse(nowUtc)))];
}

function gapWords(gap) {
  return t("day.gap_words", {
    from: clockTime(gap.start_utc),
    to: clockTime(gap.end_utc),
    reason: gap.told ?? t(`round.${gap.status}`),
  });
}

function chosen(state) {
  return {
    date: form.elements.date.value,
    target: form.elements.target.value,
    vantage: form.elements.vantage.value,
    isWhole: state.isWhole,
  };
}

async function showHead({ date, target, vantage }, gaps) {
  const [{ targets: strips }, { annotations }] = await Promise.all([
    ask("/evenings", { vantage, since: date, until: date }),
    ask("/annotations", { vantage, since: date, until: date }),
  ]);
  const evening = strips.find((strip) => strip.target === target)?.evenings[0];
  byId("day-title").textContent = evening
    ? eveningWords(target, evening)
    : t("day.caption", { target, date: dayName(date) });
  document.title = `${byId("day-title").textContent} · ${t("title")}`;
  byId("day-notes").replaceChildren(
    ...annotations.map(({ text }) => element("li", {}, text)),
    ...gaps.slice(0, 8).map((gap) => element("li", { class: "gap" }, gapWords(gap))),
  );
}

function showBand(figure, expected, samples, time, date) {
  if (!samples.length) {
    figure.showEmpty(t("day.empty", { date: dayName(date) }));
    return;
  }
  const covered = share(samples.length, ...time.measured, time.every_s);
  figure.show(
    bandOption(expected, samples, time),
    bandData(expected, samples),
    bandAbout(expected, samples, zone, covered),
  );
}

function showLanes(figure, pages, time, date) {
  if (!pages.length) figure.showEmpty(t("day.empty", { date: dayName(date) }));
  else figure.show(lanesOption(pages, time), lanesData(pages), lanesAbout(pages, time.window));
}

async function showCurve(figure, transfers, window_) {
  const { slow, usual } = telling(transfers, window_);
  const samples = await Promise.all(
    [slow, usual].filter(Boolean).map(({ id }) => ask(`/samples/${id}`)),
  );
  const curves = samples.filter((sample) => sample.timeline);
  if (curves.length) figure.show(bytesOption(curves), bytesData(curves), bytesAbout(curves));
  else figure.showEmpty(samples.length ? noCurve(samples[0]) : t("day.no_transfers"));
}

async function showDay(targets, figures, choice, open) {
  const { date, target, vantage, isWhole } = choice;
  const site = targets.targets.find(({ name }) => name === target);
  const span = spanOf(date, targets.window, isWhole);
  const asking = { since: new Date(span[0]).toISOString(), until: new Date(span[1]).toISOString() };
  const metric = firstMetric(site);
  const [samples, { gaps }, expected] = await Promise.all([
    allSamples({ target, vantage: vantage || targets.vantage, path: "direct", ...asking }),
    ask("/gaps", { ...asking, language }),
    ask("/expected", { target, metric, vantage, ...asking }),
  ]);
  const pages = samples.filter((sample) => sample.probe !== "download");
  const transfers = samples.filter(
    (sample) => sample.probe === "download" || sample.goodput_bps !== undefined,
  );
  const time = {
    window: targets.window,
    span,
    measured: measuredOf(span, site, targets.now_utc),
    every_s: targets.every_s,
  };
  showBand(
    figures.band,
    expected,
    metric === "goodput_bps" ? transfers : pages,
    { ...time, every_s: interval(targets, metric) },
    date,
  );
  showLanes(figures.lanes, pages, time, date);
  byId("day-samples").replaceChildren(
    samples.length
      ? sampleTable(samples, open)
      : element("p", { class: "empty" }, t("day.empty", { date: dayName(date) })),
  );
  await Promise.all([
    part(() => showHead(choice, gaps)),
    part(() => showCurve(figures.curve, transfers, targets.window)),
  ]);
}

function fillChoice(targets) {
  const [, date, target] = pathParts();
  fillSelect(form.elements.target, siteOptions(targets), target);
  if (target && form.elements.target.value !== target)
    throw new Error(t("day.unknown", { target }));
  form.elements.date.value = date ?? targets.last_date ?? localDate(Date.now());
  fillVantage(form.elements.vantage, targets, asked().get("vantage"));
}

await begin(async (targets) => {
  fillChoice(targets);
  const state = { isWhole: asked().get("span") === "day" };
  const figure = (name, size) => new Figure(byId(name), { name, label: t("day.title"), size });
  const figures = {
    band: figure("band", ""),
    lanes: figure("lanes", "lanes"),
    curve: figure("curve", "short"),
  };
  const figureOf = bytesFigure();
  const open = (id) => part(() => openSample(id, figureOf));
  const buttons = [...form.querySelectorAll("[data-span]")];
  const show = () => {
    for (const button of buttons)
      button.setAttribute(
        "aria-pressed",
        String((button.dataset.span === "day") === state.isWhole),
      );
    return part(() => showDay(targets, figures, chosen(state), open));
  };
  const change = () => {
    const { date, target, vantage, isWhole } = chosen(state);
    if (!date) return;
    remember(["day", date, target], { vantage, span: isWhole ? "day" : "" });
    show();
  };
  const move = (days) => {
    form.elements.date.value = laterDate(form.elements.date.value, days);
    change();
  };
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("change", change);
  byId("day-before").addEventListener("click", () => move(-1));
  byId("day-after").addEventListener("click", () => move(1));
  for (const button of buttons) {
    button.addEventListener("click", () => {
      state.isWhole = button.dataset.span === "day";
      change();
    });
  }
  for (const { chart } of [figures.band, figures.lanes])
    chart.on("click", (event) => event.data?.id && open(event.data.id));
  await show();
});
