// What was noted about dates.
import { ask } from "../api.js";
import { byId, element } from "../dom.js";
import { begin } from "../shell.js";
import { dayName, t } from "../text.js";

function item(note) {
  const span =
    note.first_date === note.last_date
      ? dayName(note.first_date)
      : `${dayName(note.first_date)} – ${dayName(note.last_date)}`;
  return element("li", {}, element("strong", {}, span), ` ${note.text}`);
}

async function show(targets) {
  const { annotations } = await ask("/annotations", { since: targets.first_date });
  byId("notes").replaceChildren(
    annotations.length
      ? element("ul", {}, ...annotations.map(item))
      : element("p", { class: "empty" }, t("notes.empty")),
  );
}

await begin(show);
