// The picture: local hours by days, the evening window marked, gaps left open.
import { visible } from "../dom.js";
import { axis, frame } from "../figure.js";
import { dayName, number, percent, t } from "../text.js";
import { scale, shown, slower } from "../units.js";

const [MEASURED, DEAD, GAP] = [0, 1, 2];

// Dark to bright, readable in grey and by the colour-blind.
const SEQUENTIAL = [
  "#fde725",
  "#a0da39",
  "#4ac16d",
  "#1fa187",
  "#277f8e",
  "#365c8d",
  "#46327e",
  "#440154",
];
// The same steps for every site and month, and in the report (`monitor/report/heat_steps.py`,
// held equal by a test): [from, to, light, dark].
export const STEPS = [
  [0, 0.8, "#b9d6ee", "#274d6d"],
  [0.8, 1.25, "#ecebe4", "#2a313a"],
  [1.25, 1.5, "#fbe2b4", "#4a3a1f"],
  [1.5, 2, "#f3b873", "#6e4a1c"],
  [2, 4, "#dd7f35", "#a8601a"],
  [4, 10, "#b0480f", "#dc8a3c"],
  [10, 30, "#7a260c", "#f5b877"],
  [30, Infinity, "#451021", "#ffe8c8"],
];
export const DEAD_COLOUR = "#111111";
const DEAD_STEP = 14;

const isRatio = (map) => map.view === "beyond_controls" && map.metric !== "failed_share";

/** Colour scale position of a value: logarithmic where it is a ratio or a time. */
function level(map, value) {
  if (map.metric === "failed_share" || isRatio(map)) return value;
  return Math.log10(Math.max(value * scale(map.metric).factor, 1e-3));
}

/** The local hour at which an evening's day begins: 14 hours before the window. */
export function firstHour(window_) {
  return (Number(window_.start.slice(0, 2)) + 10) % 24;
}

/** Where a cell stands: hours before the first belong to the evening of the day before. */
export function place(map, x, hour) {
  const first = firstHour(map.window);
  return hour >= first ? [x, hour - first] : [x - 1, hour + 24 - first];
}

/** The cell of a place: day's number and hour. */
export function cellAt(map, [column, row]) {
  const hour = (row + firstHour(map.window)) % 24;
  return [hour < firstHour(map.window) ? column + 1 : column, hour];
}

/** All hours from the first to the last that was measured: [column, row, level, kind]. */
export function cells(map) {
  const all = [];
  map.days.forEach((_, x) => {
    for (let hour = 0; hour < 24; hour += 1) {
      const value = map.values[x][hour];
      const isTold = value !== null || map.dead[x][hour];
      const kind = map.dead[x][hour] ? DEAD : isTold ? MEASURED : GAP;
      const [column, row] = place(map, x, hour);
      if (column >= 0)
        all.push([column, row, value === null ? null : level(map, value), kind, map.n[x][hour]]);
    }
  });
  // Nothing is drawn before the installation, nor of what has not come yet.
  const measured = all.map(([, , , , n]) => n > 0);
  const [first, last] = [measured.indexOf(true), measured.lastIndexOf(true)];
  return all.filter(
    ([, , , kind, n], i) => i >= first && i <= last && first >= 0 && (kind !== GAP || n === 0),
  );
}

/** What a cell says. */
export function cellWords(map, x, hour) {
  const hourWords = t("heatmap.at", {
    date: dayName(map.days[x]),
    hour: `${String(hour).padStart(2, "0")}:00`,
  });
  return `${hourWords} ${cellValue(map, x, hour)}`;
}

function cellValue(map, x, hour) {
  const n = map.n[x][hour];
  if (n === 0) return t("heatmap.gap");
  if (map.dead[x][hour]) return t("heatmap.dead", { n: number(n) });
  const value = map.values[x][hour];
  if (value === null) return t("heatmap.no_value");
  const text = isRatio(map) ? slower(value) : shown(map.metric, value);
  return `${text} · ${t("heatmap.n", { n: number(n) })}`;
}

function range(map, data) {
  const values = data
    .map((cell) => cell[2])
    .filter((v) => v !== null)
    .sort((a, b) => a - b);
  if (map.metric === "failed_share") return [0, Math.max(0.1, values.at(-1) ?? 1)];
  const quantile = (share) => values[Math.round(share * (values.length - 1))] ?? 0;
  const [low, high] = [quantile(0.02), quantile(0.98)];
  return high > low ? [low, high] : [low - 0.1, low + 0.1];
}

function palette(map) {
  // More is better for goodput, less for times: dark is always the bad side.
  return map.metric === "goodput_bps" ? [...SEQUENTIAL].reverse() : SEQUENTIAL;
}

/** Crosses over a box, as many as have room: one bar of black would say nothing. */
function crosses(shape, stroke) {
  const size = Math.max(4, Math.min(DEAD_STEP, shape.width, shape.height) - 4);
  const n = Math.max(1, Math.floor(shape.width / DEAD_STEP));
  const y = shape.y + shape.height / 2;
  return Array.from({ length: n }, (_, i) => shape.x + ((i + 0.5) * shape.width) / n).flatMap((x) =>
    [-1, 1].map((side) => ({
      type: "line",
      shape: {
        x1: x - size / 2,
        y1: y - (side * size) / 2,
        x2: x + size / 2,
        y2: y + (side * size) / 2,
      },
      style: { stroke, lineWidth: 1.5 },
    })),
  );
}

function hatch({ x, y, width, height }, stroke) {
  return {
    type: "line",
    shape: { x1: x, y1: y + height, x2: x + Math.min(width, height * 2), y2: y },
    style: { stroke, lineWidth: 1 },
  };
}

function drawCell(c, api) {
  const [x, y] = api.coord([api.value(0), api.value(1)]);
  const [width, height] = api.size([1, 1]);
  const kind = api.value(3);
  const shape = {
    x: Math.floor(x - width / 2),
    y: Math.floor(y),
    width: Math.max(1, Math.ceil(width) - (width > 6 ? 1 : 0)),
    height: Math.max(1, Math.ceil(height) - (height > 6 ? 1 : 0)),
  };
  if (kind === GAP) return hatch(shape, c.field);
  // Framed: on a dark page black alone would not be seen.
  const style =
    kind === DEAD
      ? { fill: DEAD_COLOUR, stroke: c.ink, lineWidth: 0.5 }
      : { fill: api.visual("color") };
  return { type: "rect", shape, style };
}

/** Hours without any answer, neighbouring days together: [first column, row, length]. */
export function deadRuns(data) {
  const runs = [];
  const dead = data
    .filter(([, , , kind]) => kind === DEAD)
    .sort((a, b) => a[1] - b[1] || a[0] - b[0]);
  for (const [column, row] of dead) {
    const last = runs.at(-1);
    if (last && last[1] === row && last[0] + last[2] === column) last[2] += 1;
    else runs.push([column, row, 1]);
  }
  return runs;
}

function deadMarks(data) {
  return {
    type: "custom",
    silent: true,
    z: 4,
    data: deadRuns(data),
    encode: { x: 0, y: 1 },
    renderItem: (_, api) => {
      const [x, y] = api.coord([api.value(0), api.value(1)]);
      const [width, height] = api.size([1, 1]);
      const shape = { x: x - width / 2, y, width: width * api.value(2), height };
      return { type: "group", children: crosses(shape, "#ffffff") };
    },
  };
}

function windowSpans(map) {
  const toHours = (text) => Number(text.slice(0, 2)) + Number(text.slice(3)) / 60;
  const from = (text) => (toHours(text) + 24 - firstHour(map.window)) % 24;
  const [start, end] = [from(map.window.start), from(map.window.end)];
  return end > start
    ? [[start, end]]
    : [
        [start, 24],
        [0, end],
      ];
}

function windowMark(map, c) {
  return {
    type: "custom",
    silent: true,
    z: 5,
    data: windowSpans(map),
    renderItem: (params, api) => {
      const top = api.coord([0, api.value(0)])[1];
      const bottom = api.coord([0, api.value(1)])[1];
      const area = params.coordSys;
      const shape = {
        x: area.x - 1,
        y: Math.min(top, bottom),
        width: area.width + 2,
        height: Math.abs(bottom - top),
      };
      return { type: "rect", shape, style: { fill: "transparent", stroke: c.ink, lineWidth: 2 } };
    },
  };
}

function selectionMark(selected, c) {
  return {
    type: "custom",
    silent: true,
    z: 6,
    data: selected ? [selected] : [],
    renderItem: (_, api) => {
      const [x, y] = api.coord([api.value(0), api.value(1)]);
      const [width, height] = api.size([1, 1]);
      return {
        type: "rect",
        shape: { x: x - width / 2 - 1, y: y - 1, width: width + 2, height: height + 2 },
        style: { fill: "transparent", stroke: c.accent, lineWidth: 3 },
      };
    },
  };
}

function stepName([from, to]) {
  if (from === 0) return t("heatmap.below", { n: number(to, 2) });
  return to === Infinity
    ? t("heatmap.more", { n: number(from, 2) })
    : `${number(from, 2)}\u2013${number(to, 2)}`;
}

/** Both ends of the steps where there is no room for words. */
function ends() {
  return [`≥ ${number(STEPS.at(-1)[0], 2)}`, `< ${number(STEPS[0][1], 2)}`];
}

function colourScale(map, data, c) {
  const isNarrow = innerWidth < 640;
  const common = {
    dimension: 2,
    seriesIndex: 0,
    orient: "horizontal",
    left: isNarrow ? 0 : 40,
    top: 0,
    textStyle: { color: c.soft },
  };
  if (isRatio(map)) {
    const pieces = STEPS.map((step) => ({
      gte: step[0],
      lt: step[1],
      label: stepName(step),
      color: step[c.isDark ? 3 : 2],
    }));
    return {
      ...common,
      type: "piecewise",
      pieces,
      itemWidth: 18,
      itemHeight: 12,
      itemGap: isNarrow ? 1 : 8,
      selectedMode: false,
      ...(isNarrow ? { text: ends() } : {}),
    };
  }
  const [min, max] = range(map, data);
  return {
    ...common,
    min,
    max,
    calculable: false,
    itemWidth: 12,
    itemHeight: isNarrow ? 70 : 140,
    text: [shownLevel(map, max), shownLevel(map, min)],
    inRange: { color: palette(map) },
  };
}

/** Pins above the days that have a note. */
function noteMarks(map, notes, c) {
  const pins = notes.flatMap((note) =>
    map.days
      .filter((day) => note.first_date <= day && day <= note.last_date)
      .map((day) => ({ value: [map.days.indexOf(day), 0], text: visible(note.text) })),
  );
  return {
    type: "scatter",
    symbol: "pin",
    symbolSize: 16,
    symbolOffset: [0, -6],
    z: 7,
    itemStyle: { color: c.accent },
    data: pins,
  };
}

export function heatmapOption(map, selected, notes) {
  const data = cells(map);
  const first = firstHour(map.window);
  return (c) => ({
    ...frame(c),
    grid: { left: 44, right: 8, top: 46, bottom: 30 },
    tooltip: {
      ...frame(c).tooltip,
      formatter: (p) =>
        p.data.text ?? (p.seriesIndex === 0 ? cellWords(map, ...cellAt(map, p.value)) : ""),
    },
    visualMap: colourScale(map, data, c),
    xAxis: axis(c, {
      type: "category",
      data: map.days,
      axisLabel: { formatter: (d) => dayName(d, true), hideOverlap: true },
      splitLine: { show: false },
    }),
    yAxis: axis(c, {
      type: "value",
      min: 0,
      max: 24,
      interval: 4,
      inverse: true,
      axisLabel: { formatter: (h) => `${String((h + first) % 24).padStart(2, "0")}:00` },
      splitLine: { show: false },
    }),
    series: [
      {
        type: "custom",
        data,
        encode: { x: 0, y: 1 },
        clip: true,
        renderItem: (_, api) => drawCell(c, api),
      },
      deadMarks(data),
      windowMark(map, c),
      selectionMark(selected, c),
      noteMarks(map, notes, c),
    ],
  });
}

function shownLevel(map, depth) {
  if (map.metric === "failed_share") return percent(depth);
  return shown(map.metric, 10 ** depth / scale(map.metric).factor);
}

export function heatmapData(map) {
  const rows = [];
  map.days.forEach((day, x) => {
    for (let hour = 0; hour < 24; hour += 1) {
      rows.push([
        day,
        `${String(hour).padStart(2, "0")}:00`,
        map.values[x][hour],
        map.n[x][hour],
        map.dead[x][hour] ? 1 : 0,
      ]);
    }
  });
  return {
    columns: ["date", "local_hour", `${map.metric} [${map.unit}]`, "probes", "all_failed"],
    rows,
  };
}

export function heatmapAbout(map, title) {
  const window_ = t("heatmap.window", { start: map.window.start, end: map.window.end });
  const unit =
    map.view === "beyond_controls"
      ? t("heatmap.unit_ratio")
      : t("heatmap.unit", { unit: scale(map.metric).unit });
  const words = [
    `${title}. ${unit} ${window_}`,
    t("figure.coverage", { zone: map.timezone, share: percent(map.coverage) }),
    t("heatmap.legend", { hour: `${String(firstHour(map.window)).padStart(2, "0")}:00` }),
  ];
  if (map.controls.length) words.push(t("figure.controls", { names: map.controls.join(", ") }));
  if (map.n_stale_hours > 100) words.push(t("figure.stale", { n: number(map.n_stale_hours) }));
  return {
    words,
    label: `${title}. ${t("heatmap.keys")} ${window_} ${t("figure.coverage", { zone: map.timezone, share: percent(map.coverage) })}`,
  };
}
