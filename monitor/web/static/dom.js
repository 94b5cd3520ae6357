// Elements of the page. Every text that comes from elsewhere becomes visible here.

export const byId = (id) => document.getElementById(id);

// What would hide, or turn a sentence around: as its code, not as its effect.
const STEERING =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\u{e0000}-\u{e007f}]/gu;

/** A text with every character that steers the reader's screen written as its code. */
export function visible(text) {
  return String(text).replace(STEERING, (character) => {
    const code = character.codePointAt(0);
    const [letter, digits] = code < 0x100 ? ["x", 2] : code < 0x10000 ? ["u", 4] : ["U", 8];
    return `\\${letter}${code.toString(16).padStart(digits, "0")}`;
  });
}

const READ = new Set(["aria-label", "title", "alt"]);

function fill(made, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value !== null && value !== undefined && value !== false)
      made.setAttribute(name, READ.has(name) ? visible(value) : value);
  }
  const present = children.filter(
    (child) => child !== null && child !== undefined && child !== false,
  );
  made.append(...present.map((child) => (child instanceof Node ? child : visible(child))));
  return made;
}

/** An HTML element; children that are null are left out, texts stay texts. */
export function element(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

/** A message in pieces: what stands between backticks as code. */
export function coded(text) {
  return text
    .split("`")
    .map((piece, i) => (i % 2 ? element("code", {}, piece) : visible(piece)))
    .filter((piece) => piece !== "");
}

/** A table that may be wider than the screen; its rows are elements. */
export function wideTable(label, titles, rows) {
  const heads = titles.map((title) => element("th", { scope: "col" }, title));
  return element(
    "div",
    { class: "scroll", tabindex: "0", role: "region", "aria-label": label },
    element(
      "table",
      {},
      element("thead", {}, element("tr", {}, ...heads)),
      element("tbody", {}, ...rows),
    ),
  );
}

/** An element of a drawing. */
export function drawn(tag, attributes = {}, ...children) {
  return fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

/** Options of a select, and which of them is chosen. */
export function fillSelect(select, options, value) {
  select.replaceChildren(...options.map(([key, text]) => element("option", { value: key }, text)));
  if (options.some(([key]) => key === value)) select.value = value;
}
