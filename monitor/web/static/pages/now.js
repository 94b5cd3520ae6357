// Is something slow at this moment, is it them, does it come back?
import { ask } from "../api.js";
import { byId, element } from "../dom.js";
import { begin, isSimulated, language, part } from "../shell.js";
import { duration, laterDate, t } from "../text.js";
import { card } from "../parts/cards.js";
import { controlTable } from "../parts/controls.js";
import { headline, leadingHost, railOf, servicesOf } from "../parts/services.js";
import { lastHours, spark } from "../parts/sparks.js";

// Five weeks: as many as the page of the evenings shows first.
const STRIP_DAYS = 35;

function railItem({ place, tone, key, values }) {
  return element(
    "li",
    { class: tone, "data-place": place },
    element("strong", {}, t(`rail.${place}`)),
    element("span", {}, t(key, values)),
  );
}

function showPresent(now, health, services) {
  const told = headline(now, services).map(([key, names]) => t(key, { names: names.join(", ") }));
  const sentence = told.join(" ") || now.told[0];
  const rest = told.length ? now.told : now.told.slice(1);
  byId("now-title").textContent = sentence;
  byId("now-title").dataset.line = now.line;
  document.title = `${sentence} · ${t("title")}`;
  byId("now-when").textContent =
    health.age_s === null ? "" : t("now.when", { ago: duration(Math.max(0, health.age_s)) });
  byId("now-more").replaceChildren(...rest.map((words) => element("li", {}, words)));
  byId("rail").replaceChildren(...railOf(now).map(railItem));
  byId("controls").replaceChildren(controlTable(now));
}

function showNothingNow() {
  byId("now-title").textContent = t("now.simulated");
  for (const id of ["now-when", "now-more", "rail", "two-clocks"]) byId(id).hidden = true;
  byId("controls").closest("section").hidden = true;
}

async function showSpark(place) {
  const target = place.dataset.spark;
  const series = await ask("/series", {
    target,
    metric: place.dataset.metric,
    resolution: "hour",
    with_controls: "true",
  });
  const until = Date.parse(series.until) / 1000;
  const controls = series.controls ? lastHours(series.controls, until) : [];
  place.replaceChildren(spark(lastHours(series.curve, until), controls, t("card.day", { target })));
}

async function show(targets, health) {
  const since = targets.last_date && laterDate(targets.last_date, 1 - STRIP_DAYS);
  const begun = targets.first_date > since ? targets.first_date : since;
  const [now, told, judged, { targets: strips }] = await Promise.all([
    isSimulated(targets) ? null : ask("/now", { language }),
    health,
    ask("/services", { language }),
    ask("/evenings", { since: begun }),
  ]);
  const services = servicesOf(targets, judged);
  if (now) showPresent(now, told, services);
  else showNothingNow();
  byId("answer-lead").textContent = judged.lead;
  const of = (service) => strips.find((strip) => strip.target === leadingHost(service));
  const cards = services.map((service) => card(service, now, of(service), targets.every_s));
  // Whoever reads a card by keyboard keeps it.
  if (byId("cards").contains(document.activeElement)) return;
  byId("cards").replaceChildren(...cards);
  await Promise.all(
    [...document.querySelectorAll("[data-spark]")].map((place) => part(() => showSpark(place))),
  );
}

await begin(show, show);
