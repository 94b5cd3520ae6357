// One chart with what belongs to it: caption, exports, a table for those who do not see.
import { element, visible } from "./dom.js";
import { t } from "./text.js";

export function colours() {
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(`--${name}`).trim();
  return {
    ink: colour("ink"),
    soft: colour("soft"),
    line: colour("line"),
    card: colour("card"),
    paper: colour("paper"),
    accent: colour("accent"),
    bad: colour("bad"),
    slow: colour("bad-mark"),
    warn: colour("warn"),
    good: colour("good"),
    other: colour("other"),
    field: colour("field"),
    mute: colour("mute-paper"),
    isDark: colour("is-dark") === "1",
    control: colour("control"),
    controlPaper: colour("control-paper"),
    evening: colour("evening"),
  };
}

function save(name, blob) {
  const link = element("a", { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

/** A cell of a CSV file; a text that a spreadsheet would run is disarmed. */
function csvCell(value) {
  if (value === null || value === undefined) return "";
  if (typeof value === "number") return String(value);
  const text = /^'*[=+\-@\t\r]/.test(value) ? `'${value}` : String(value);
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

export class Figure {
  /**
   * @param {HTMLElement} place where the figure goes
   * @param {{name: string, label: string, size?: string}} options
   */
  constructor(place, { name, label, size = "" }) {
    this.name = name;
    this.label = label;
    this.plot = element("div", { class: `plot ${size}`, role: "img", "aria-label": label });
    this.empty = element("p", { class: "empty", hidden: "" });
    this.words = element("p", { class: "cell", "aria-live": "polite", hidden: "" });
    this.caption = element("figcaption", {});
    this.details = element("details", {}, element("summary", {}, t("figure.table")));
    this.table = element("div", {
      class: "scroll",
      tabindex: "0",
      role: "region",
      "aria-label": label,
    });
    this.details.append(this.table);
    this.details.addEventListener("toggle", () => this.#fillTable());
    this.figure = element(
      "figure",
      { "data-figure": name },
      this.plot,
      this.empty,
      this.words,
      this.caption,
      this.#exports(),
      this.details,
    );
    place.replaceChildren(this.figure);
    this.chart = echarts.init(this.plot, null, { renderer: "canvas" });
    new ResizeObserver(() => this.chart.resize()).observe(this.plot);
    document.addEventListener("theme", () => this.draw());
  }

  #exports() {
    const button = (kind, act) =>
      element(
        "button",
        { type: "button", "data-export": kind, onclick: act },
        t("figure.save", { kind: kind.toUpperCase() }),
      );
    this.buttons = element(
      "div",
      { class: "exports" },
      button("png", () => this.savePng()),
      button("svg", () => this.saveSvg()),
      button("csv", () => this.saveCsv()),
    );
    return this.buttons;
  }

  /**
   * Draw.
   * @param {(colours: object) => object} option chart option for the colours in force
   * @param {{columns: string[], rows: Array[]}} data what the chart shows
   * @param {{words: string[], label: string}} about caption lines and text alternative
   */
  show(option, data, about) {
    this.option = option;
    this.data = data;
    this.about = about;
    this.plot.hidden = false;
    this.empty.hidden = true;
    this.buttons.hidden = false;
    this.details.hidden = false;
    this.plot.setAttribute("aria-label", visible(about.label));
    this.caption.replaceChildren(
      ...about.words.map((line) => (typeof line === "string" ? element("p", {}, line) : line)),
    );
    this.#fillTable();
    this.draw();
  }

  /** Say something about what is chosen in the chart. */
  say(text) {
    this.words.hidden = false;
    this.words.textContent = visible(text);
  }

  draw() {
    if (!this.option) return;
    this.chart.resize();
    this.chart.setOption({ animation: false, ...this.option(colours()) }, { notMerge: true });
  }

  /** Say what will appear here and when. */
  showEmpty(text) {
    this.option = null;
    this.chart.clear();
    for (const part of [this.plot, this.words, this.buttons, this.details]) part.hidden = true;
    this.empty.hidden = false;
    this.empty.textContent = visible(text);
    this.caption.replaceChildren();
  }

  #fillTable() {
    if (!this.details.open || !this.data) return;
    const head = element(
      "tr",
      {},
      ...this.data.columns.map((name) => element("th", { scope: "col" }, name)),
    );
    const cell = (value) =>
      element(
        "td",
        { class: typeof value === "number" ? "number" : "" },
        value === null || value === undefined ? "" : String(value),
      );
    const rows = this.data.rows.slice(0, 3000).map((row) => element("tr", {}, ...row.map(cell)));
    this.table.replaceChildren(
      element("table", {}, element("thead", {}, head), element("tbody", {}, ...rows)),
    );
  }

  savePng() {
    const url = this.chart.getDataURL({
      type: "png",
      pixelRatio: 2,
      backgroundColor: colours().card,
    });
    fetchData(url).then((blob) => save(`${this.name}.png`, blob));
  }

  saveSvg() {
    const size = { width: this.plot.clientWidth, height: this.plot.clientHeight };
    const paper = echarts.init(null, null, { renderer: "svg", ssr: true, ...size });
    paper.setOption({
      animation: false,
      backgroundColor: colours().card,
      ...this.option(colours()),
    });
    const title = `<title>${escaped(visible(this.about.label))}</title>`;
    const svg = paper.renderToSVGString().replace(/(<svg[^>]*>)/, `$1${title}`);
    paper.dispose();
    save(`${this.name}.svg`, new Blob([svg], { type: "image/svg+xml" }));
  }

  saveCsv() {
    const lines = [this.data.columns, ...this.data.rows].map((row) => row.map(csvCell).join(","));
    save(`${this.name}.csv`, new Blob([`${lines.join("\n")}\n`], { type: "text/csv" }));
  }
}

function escaped(text) {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

/** A data: URL as a blob, without a request. */
async function fetchData(url) {
  const [head, body] = url.split(",");
  const type = head.slice(5, head.indexOf(";"));
  const raw = atob(body);
  return new Blob([Uint8Array.from(raw, (c) => c.charCodeAt(0))], { type });
}

/** What all charts with axes have in common. */
export function frame(c) {
  return {
    textStyle: { color: c.ink, fontFamily: "system-ui, sans-serif" },
    tooltip: {
      renderMode: "richText",
      confine: true,
      backgroundColor: c.card,
      borderColor: c.field,
      textStyle: { color: c.ink, fontSize: 12 },
    },
  };
}

export function axis(c, extra = {}) {
  return {
    axisLine: { lineStyle: { color: c.field } },
    axisTick: { lineStyle: { color: c.field } },
    axisLabel: { color: c.soft, ...extra.axisLabel },
    splitLine: { lineStyle: { color: c.line } },
    nameTextStyle: { color: c.soft },
    ...Object.fromEntries(Object.entries(extra).filter(([k]) => k !== "axisLabel")),
  };
}
