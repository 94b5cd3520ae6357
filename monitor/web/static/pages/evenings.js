// One service: which evenings, since when, how sure.
import { ask } from "../api.js";
import { byId, element, fillSelect, visible } from "../dom.js";
import { Figure } from "../figure.js";
import { calendar, legend } from "../parts/calendar.js";
import { hosts } from "../parts/cards.js";
import { fillMetric, fillVantage, firstMetric, siteOptions } from "../parts/choice.js";
import { eveningsAbout, eveningsData, eveningsOption } from "../parts/evening_strips.js";
import {
  cellAt,
  cellWords,
  heatmapAbout,
  heatmapData,
  heatmapOption,
  place,
} from "../parts/heatmap.js";
import { leadingHost, servicesOf } from "../parts/services.js";
import { profileAbout, profileData, profileOption } from "../parts/profile.js";
import { sure } from "../parts/sure.js";
import { address, asked, begin, language, part, pathParts, remember } from "../shell.js";
import { dayName, duration, laterDate, localDate, moment, t } from "../text.js";

const STALE_HOURS = 100;
const AGAIN_MS = 4000;
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const form = byId("choice");

const chosen = () => Object.fromEntries(new FormData(form).entries());

function since(targets, weeks) {
  const first = laterDate(targets.last_date ?? localDate(Date.now()), 1 - weeks * 7);
  return targets.first_date && first < targets.first_date ? targets.first_date : first;
}

function fillChoice(targets, service) {
  const parameters = asked();
  const { elements } = form;
  const offered = targets.targets.filter(
    (site) => site.role !== "target" || site.service === service.service,
  );
  const sites = siteOptions({ targets: offered });
  fillSelect(elements.target, sites, parameters.get("target") ?? leadingHost(service));
  fillMetric(
    elements.metric,
    parameters.get("metric") ??
      firstMetric(targets.targets.find(({ name }) => name === elements.target.value)),
  );
  fillSelect(
    elements.view,
    [
      ["beyond_controls", t("view.beyond_controls")],
      ["absolute", t("view.absolute")],
    ],
    parameters.get("view"),
  );
  fillSelect(
    elements.weeks,
    ["2", "5", "8", "26", "52"].map((n) => [n, t(`weeks.${n}`)]),
    parameters.get("weeks") ?? "5",
  );
  fillVantage(elements.vantage, targets, parameters.get("vantage"));
}

function chip(service, current) {
  const sign = service.verdict?.kind.sign ?? "?";
  return element(
    "a",
    {
      href: address(["evenings", service.service]),
      class: service.verdict?.kind.tone ?? "open",
      "data-service": service.service,
      "aria-current": service === current && "page",
    },
    element("span", { "aria-hidden": "true" }, sign),
    ` ${service.service}`,
  );
}

function showVerdict(service, judged) {
  const { verdict } = service;
  byId("verdict").dataset.verdict = verdict?.verdict ?? "";
  byId("verdict-title").textContent = visible(
    verdict?.told.sentence || t("evenings.of", { service: service.service }),
  );
  byId("verdict-word").className = `word ${verdict?.kind.tone ?? "open"}`;
  byId("verdict-word").textContent = verdict
    ? `${verdict.kind.sign} ${verdict.told.heading}`
    : t("verdict.none");
  byId("verdict-when").textContent = verdict
    ? t("evenings.judged", {
        moment: moment(judged.computed_at_utc),
        since: dayName(judged.since, true),
        until: dayName(judged.until, true),
        method: judged.method_version,
      })
    : t("sure.unjudged");
  const facts = verdict?.told.facts ?? [];
  byId("verdict-facts").replaceChildren(
    ...facts.map(({ term, text }) =>
      element("div", {}, element("dt", {}, term), element("dd", {}, text)),
    ),
  );
  byId("hosts").replaceChildren(...[verdict && hosts(verdict)].filter(Boolean));
  byId("sure").replaceChildren(...sure(service, judged.rates));
  document.title = `${service.service} · ${t("title")}`;
}

function makePicture() {
  const heatmap = new Figure(byId("heatmap"), {
    name: "heatmap",
    label: t("picture.title"),
    size: "tall",
  });
  heatmap.plot.tabIndex = 0;
  const evenings = new Figure(byId("evenings"), {
    name: "evenings",
    label: t("evenings.title"),
    size: "short",
  });
  const profile = new Figure(byId("profile"), {
    name: "profile",
    label: t("profile.title"),
    size: "",
  });
  return { heatmap, evenings, profile };
}

function draw(figure, map, selected, notes) {
  const title = t("heatmap.title", { target: map.target, metric: t(`metric.${map.metric}`) });
  figure.show(heatmapOption(map, selected, notes), heatmapData(map), heatmapAbout(map, title));
}

function toDay(date, target) {
  location.assign(address(["day", date, target], { vantage: chosen().vantage }));
}

/** The keyboard's way through the heat map, for as long as this map is shown. */
function walk(figure, map, notes, signal) {
  let selected = null;
  figure.plot.addEventListener(
    "keydown",
    (event) => {
      if (event.key === "Enter" && selected) toDay(map.days[cellAt(map, selected)[0]], map.target);
      const step = ARROWS[event.key];
      if (!step) return;
      event.preventDefault();
      const [x, y] = selected ?? place(map, map.days.length, 20);
      const within = (value, most) => Math.max(0, Math.min(most, value));
      selected = [within(x + step[0], map.days.length - 1), within(y + step[1], 23)];
      draw(figure, map, selected, notes);
      const [day, hour] = cellAt(map, selected);
      figure.say(`${day < map.days.length ? cellWords(map, day, hour) : ""} ${t("heatmap.enter")}`);
    },
    { signal },
  );
}

async function showHeatmap(figure, targets, signal) {
  const { target, metric, view, weeks, vantage } = chosen();
  const [map, { annotations }] = await Promise.all([
    ask("/heatmap", { target, metric, view, vantage, since: since(targets, weeks) }),
    ask("/annotations", { since: since(targets, 52), vantage }),
  ]);
  if (signal.aborted) return;
  if (map.n.every((day) => day.every((n) => n === 0))) {
    figure.showEmpty(t("heatmap.empty", { every: duration(targets.every_s) }));
    return;
  }
  draw(figure, map, null, annotations);
  walk(figure, map, annotations, signal);
  figure.chart.off("click");
  figure.chart.on(
    "click",
    (event) =>
      event.seriesIndex === 0 &&
      toDay(map.days[cellAt(map, event.value)[0]] ?? map.days.at(-1), map.target),
  );
  // Roll-ups of a long history are still being made: the picture fills by itself.
  if (map.n_stale_hours > STALE_HOURS)
    setTimeout(() => signal.aborted || part(() => showHeatmap(figure, targets, signal)), AGAIN_MS);
}

async function showEvenings(figure, targets, signal) {
  const { target, weeks, vantage } = chosen();
  const answer = await ask("/evenings", { vantage, since: since(targets, weeks) });
  if (signal.aborted) return;
  const ofTarget = answer.targets.find((strip) => strip.target === target);
  const hasAny = (strip) => strip.evenings.some((evening) => evening.n > 0);
  byId("calendar").replaceChildren(
    ...(ofTarget && hasAny(ofTarget)
      ? [calendar(ofTarget, vantage), legend(ofTarget.evenings)]
      : [
          element(
            "p",
            { class: "empty" },
            t(ofTarget ? "evenings.empty" : "calendar.control", {
              start: answer.window.start,
              end: answer.window.end,
            }),
          ),
        ]),
  );
  // Of a year the last weeks are in sight first.
  const shown = byId("calendar").querySelector(".weeks");
  if (shown) shown.scrollTop = shown.scrollHeight;
  if (!answer.targets.some(hasAny)) {
    figure.showEmpty(t("evenings.empty", { start: answer.window.start, end: answer.window.end }));
    return;
  }
  figure.show(eveningsOption(answer), eveningsData(answer), eveningsAbout(answer));
  figure.chart.off("click");
  figure.chart.on(
    "click",
    (event) => event.data?.evening && toDay(event.data.evening.date, event.data.target),
  );
}

async function showProfile(figure, targets, cycle, signal) {
  for (const button of byId("cycle").children)
    button.setAttribute("aria-pressed", String(button.dataset.cycle === cycle));
  const { target, metric, weeks, vantage } = chosen();
  const answer = await ask("/profile", {
    target,
    metric,
    vantage,
    cycle,
    since: since(targets, weeks),
  });
  if (signal.aborted) return;
  if (answer.shape.n.some((n) => n > 0))
    figure.show(profileOption(answer), profileData(answer), profileAbout(answer));
  else figure.showEmpty(t("heatmap.empty", { every: duration(targets.every_s) }));
}

// Asked at once, beside what every page asks.
const judging = ask("/services", { language });
judging.catch(() => {});

await begin(async (targets) => {
  const judged = await judging;
  const services = servicesOf(targets, judged);
  const name = pathParts()[1];
  const service = services.find((each) => each.service === name) ?? services[0];
  if (name && service?.service !== name) throw new Error(t("evenings.unknown", { service: name }));
  if (!service) return;
  byId("services").replaceChildren(...services.map((each) => chip(each, service)));
  showVerdict(service, judged);
  fillChoice(targets, service);
  const figures = makePicture();
  let shown = new AbortController();
  let cycle = asked().get("cycle") === "week" ? "week" : "day";
  const showChosen = () => {
    shown.abort();
    shown = new AbortController();
    const { signal } = shown;
    return Promise.all([
      part(() => showHeatmap(figures.heatmap, targets, signal)),
      part(() => showEvenings(figures.evenings, targets, signal)),
      part(() => showProfile(figures.profile, targets, cycle, signal)),
    ]);
  };
  form.addEventListener("change", () => {
    remember(["evenings", service.service], { ...chosen(), cycle });
    showChosen();
  });
  byId("cycle").addEventListener("click", (event) => {
    cycle = event.target.dataset.cycle ?? cycle;
    remember(["evenings", service.service], { ...chosen(), cycle });
    part(() => showProfile(figures.profile, targets, cycle, shown.signal));
  });
  await showChosen();
});
