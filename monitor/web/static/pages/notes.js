// What was noted about dates.
import { ask, send } from "../api.js";
import { byId, coded, element } from "../dom.js";
import { begin, part } from "../shell.js";
import { dayName, laterDate, localDate, t } from "../text.js";

const MOST_DAYS = 700;
const AHEAD_DAYS = 60;

function item(note) {
  const span =
    note.first_date === note.last_date
      ? dayName(note.first_date)
      : `${dayName(note.first_date)} – ${dayName(note.last_date)}`;
  return element("li", {}, element("strong", {}, span), ` ${note.text}`);
}

async function show(targets) {
  const { annotations } = await ask("/annotations", {
    since: laterDate(localDate(Date.parse(targets.now_utc)), -MOST_DAYS),
    until: laterDate(localDate(Date.parse(targets.now_utc)), AHEAD_DAYS),
  });
  byId("notes").replaceChildren(
    annotations.length
      ? element("ul", {}, ...annotations.map(item))
      : element("p", { class: "empty" }, ...coded(t("notes.empty"))),
  );
}

/** A note is added, never changed: `monitor note remove` withdraws one. */
function wire(targets) {
  const form = byId("note");
  if (!form) return;
  const { first_date, last_date } = form.elements;
  first_date.value = last_date.value = localDate(Date.parse(targets.now_utc));
  first_date.addEventListener("change", () => {
    if (last_date.value < first_date.value) last_date.value = first_date.value;
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    part(async () => {
      const { number } = await send("/notes", Object.fromEntries(new FormData(form).entries()));
      form.elements.text.value = "";
      byId("noted").textContent = t("notes.added", { number });
      await show(targets);
    });
  });
}

await begin(async (targets) => {
  wire(targets);
  await show(targets);
});
