// What every page has: theme, language, share link, whether it measures, what failed.
import { ask, base, send } from "./api.js";
import { byId, visible } from "./dom.js";
import { duration, moment, number, t, zone } from "./text.js";

const REFRESH_MS = 30000;

export const language = document.documentElement.lang;

/** Run a part of the page; a failure is said, and the other parts go on. */
export async function part(work) {
  try {
    await work();
    byId("failure").hidden = true;
  } catch (error) {
    const place = byId("failure");
    place.hidden = false;
    place.textContent = visible(t("failure", { reason: error.message }));
  }
}

/** What follows the page's own path in the address, decoded. */
export function pathParts() {
  return location.pathname
    .slice(base.length)
    .split("/")
    .slice(1)
    .filter(Boolean)
    .map(decodeURIComponent);
}

/** The address of a page of ours. */
export function address(parts, parameters = {}) {
  const kept = Object.entries(parameters).filter(
    ([, value]) => value !== null && value !== undefined && value !== "",
  );
  const search = new URLSearchParams(kept).toString();
  return `${base}/${parts.map(encodeURIComponent).join("/")}${search ? `?${search}` : ""}`;
}

/** What is chosen is in the address, so that a link shows the same. */
export function remember(parts, parameters) {
  history.replaceState(null, "", address(parts, parameters));
}

export function asked() {
  return new URLSearchParams(location.search);
}

export function isSimulated(targets) {
  return targets.vantage === "simulated";
}

function freshness(health, targets) {
  if (health.paused_until_utc) return t("pause.until", { time: moment(health.paused_until_utc) });
  if (isSimulated(targets)) return t("health.simulated");
  if (health.age_s === null) return t("health.none");
  const ago = duration(Math.max(0, health.age_s));
  if (health.is_fresh && health.line === "down") return t("health.line_down", { ago });
  return t(health.is_fresh ? "health.fresh" : "health.stale", { ago });
}

function showFrame(targets, health) {
  const sites = targets.targets;
  const nControls = sites.filter((site) => site.role === "control").length;
  const nServices = new Set(
    sites.filter((site) => site.role === "target").map((site) => site.service),
  ).size;
  const simulated = isSimulated(targets);
  byId("place").textContent = t(simulated ? "place.simulated" : "place", {
    vantage: targets.vantage,
    zone,
    targets: number(nServices),
    controls: number(nControls),
  });
  byId("simulated").hidden = !simulated;
  if (simulated) byId("whose").textContent = t("footer.simulated");
  const isWell = health.is_fresh && health.line !== "down";
  byId("health").className = `pill ${simulated ? "" : isWell ? "good" : "bad"}`.trim();
  byId("health").textContent = freshness(health, targets);
}

async function makeShare() {
  const share = await send("/shares", { hours: 168 });
  const place = byId("shared");
  place.hidden = false;
  place.textContent = t("share.made", {
    url: new URL(share.path, location.href).href,
    until: moment(share.expires_at_utc),
  });
}

function otherTheme() {
  const root = document.documentElement;
  const isDark = root.dataset.theme
    ? root.dataset.theme === "dark"
    : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = isDark ? "light" : "dark";
  localStorage.setItem("theme", root.dataset.theme);
  document.dispatchEvent(new Event("theme"));
}

function wire() {
  byId("theme").addEventListener("click", otherTheme);
  byId("share")?.addEventListener("click", () => part(makeShare));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () =>
    document.dispatchEvent(new Event("theme")),
  );
  for (const link of document.querySelectorAll("[data-language]")) {
    link.addEventListener("click", () => {
      const parameters = asked();
      parameters.set("lang", link.dataset.language);
      link.href = `?${parameters}`;
    });
  }
}

/**
 * Begin a page.
 * @param {(targets: object, health: Promise<object>) => Promise<void>} show all of the
 *   page; only what tells of the monitor itself waits for its health
 * @param {(targets: object, health: object) => Promise<void>} refresh what shows the
 *   present, asked again while somebody looks
 */
export async function begin(show, refresh = async () => {}) {
  wire();
  const facts = () => Promise.all([ask("/targets"), ask("/health")]);
  await part(async () => {
    const health = ask("/health");
    health.catch(() => {});
    const targets = await ask("/targets");
    const frame = health.then((told) => showFrame(targets, told));
    await Promise.all([frame, show(targets, health)]);
  });
  document.documentElement.dataset.ready = "true";
  // Later the frame waits for its page: they never say two things of the line.
  const again = async () => {
    const told = await facts();
    await refresh(...told).finally(() => showFrame(...told));
  };
  setInterval(() => document.hidden || part(again), REFRESH_MS);
}
