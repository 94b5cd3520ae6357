// The picture: local hours by days, the evening window marked, gaps left open.
import { axis, frame } from "./figure.js";
import { dayName, number, percent, t } from "./text.js";
import { scale, shown, times } from "./units.js";

// Dark to bright, readable in grey and by the colour-blind.
const SEQUENTIAL = ["#fde725", "#a0da39", "#4ac16d", "#1fa187", "#277f8e", "#365c8d", "#46327e", "#440154"];
// Blue is quicker, orange to dark red is slower; the middle, as usual, has no colour.
const DIVERGING = ["#2166ac", "#67a9cf", "#d1e5f0", "#f3f1ec", "#fdd49e", "#fc8d59", "#a50f15"];
const FACTOR = 4;

/** Colour scale position of a value: logarithmic where it is a ratio or a time. */
function level(map, value) {
  if (map.metric === "failed_share") return value;
  if (map.view === "beyond_controls") {
    return Math.max(-1, Math.min(1, Math.log(Math.max(value, 1e-6)) / Math.log(FACTOR)));
  }
  return Math.log10(Math.max(value * scale(map.metric).factor, 1e-3));
}

function cells(map) {
  const found = [];
  map.days.forEach((_, x) => {
    for (let hour = 0; hour < 24; hour += 1) {
      const value = map.values[x][hour];
      if (value !== null || map.dead[x][hour]) {
        found.push([x, hour, value === null ? null : level(map, value), map.dead[x][hour] ? 1 : 0]);
      }
    }
  });
  return found;
}

/** What a cell says. */
export function cellWords(map, x, hour) {
  const at = t("heatmap.at", { date: dayName(map.days[x]), hour: `${String(hour).padStart(2, "0")}:00` });
  return `${at} ${cellValue(map, x, hour)}`;
}

function cellValue(map, x, hour) {
  const n = map.n[x][hour];
  if (n === 0) return t("heatmap.gap");
  if (map.dead[x][hour]) return t("heatmap.dead", { n: number(n) });
  const value = map.values[x][hour];
  if (value === null) return t("heatmap.no_value");
  const isRatio = map.view === "beyond_controls" && map.metric !== "failed_share";
  const text = isRatio ? t("heatmap.ratio", { times: times(value) }) : shown(map.metric, value);
  return `${text} · ${t("heatmap.n", { n: number(n) })}`;
}

function range(map, data) {
  if (map.view === "beyond_controls" && map.metric !== "failed_share") return [-1, 1];
  const known = data.map((cell) => cell[2]).filter((v) => v !== null).sort((a, b) => a - b);
  if (map.metric === "failed_share") return [0, Math.max(0.1, known.at(-1) ?? 1)];
  const at = (share) => known[Math.round(share * (known.length - 1))] ?? 0;
  const [low, high] = [at(0.02), at(0.98)];
  return high > low ? [low, high] : [low - 0.1, low + 0.1];
}

function palette(map) {
  if (map.view === "beyond_controls") return map.metric === "failed_share" ? DIVERGING.slice(3) : DIVERGING;
  // More is better for goodput, less for times: dark is always the bad side.
  return map.metric === "goodput_bps" ? [...SEQUENTIAL].reverse() : SEQUENTIAL;
}

function drawCell(c, api) {
  const [x, y] = api.coord([api.value(0), api.value(1)]);
  const [width, height] = api.size([1, 1]);
  const isDead = api.value(3) === 1;
  const shape = {
    x: Math.floor(x - width / 2), y: Math.floor(y),
    width: Math.max(1, Math.ceil(width) - (width > 6 ? 1 : 0)),
    height: Math.max(1, Math.ceil(height) - (height > 6 ? 1 : 0)),
  };
  const box = { type: "rect", shape, style: { fill: isDead ? "#111111" : api.visual("color") } };
  if (!isDead || width < 5) return box;
  const cross = (x1, y1, x2, y2) => ({ type: "line", shape: { x1, y1, x2, y2 }, style: { stroke: "#ffffff", lineWidth: 1.5 } });
  const right = shape.x + shape.width - 2;
  const bottom = shape.y + shape.height - 2;
  return {
    type: "group",
    children: [box, cross(shape.x + 2, shape.y + 2, right, bottom), cross(shape.x + 2, bottom, right, shape.y + 2)],
  };
}

function windowSpans(map) {
  const toHours = (text) => Number(text.slice(0, 2)) + Number(text.slice(3)) / 60;
  const [start, end] = [toHours(map.window.start), toHours(map.window.end)];
  return end > start ? [[start, end]] : [[start, 24], [0, end]];
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
      const shape = { x: area.x - 1, y: Math.min(top, bottom), width: area.width + 2, height: Math.abs(bottom - top) };
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
      return { type: "rect", shape: { x: x - width / 2 - 1, y: y - 1, width: width + 2, height: height + 2 }, style: { fill: "transparent", stroke: c.accent, lineWidth: 3 } };
    },
  };
}

function scaleName(map) {
  if (map.view === "beyond_controls" && map.metric !== "failed_share") {
    return [t("heatmap.slower", { n: number(FACTOR) }), t("heatmap.quicker", { n: number(FACTOR) })];
  }
  return null;
}

/** Pins above the days that have a note. */
function noteMarks(map, notes, c) {
  const pins = notes.flatMap((note) => map.days.filter((day) => note.first_date <= day && day <= note.last_date).map((day) => ({ value: [map.days.indexOf(day), 0], text: note.text })));
  return { type: "scatter", symbol: "pin", symbolSize: 16, symbolOffset: [0, -6], z: 7, itemStyle: { color: c.accent }, data: pins };
}

export function heatmapOption(map, selected, notes) {
  const data = cells(map);
  const [min, max] = range(map, data);
  return (c) => ({
    ...frame(c),
    grid: { left: 44, right: 8, top: 46, bottom: 30 },
    tooltip: { ...frame(c).tooltip, formatter: (p) => p.data.text ?? (p.seriesIndex === 0 ? cellWords(map, p.value[0], p.value[1]) : "") },
    visualMap: {
      min, max, dimension: 2, seriesIndex: 0, calculable: false, orient: "horizontal",
      left: innerWidth < 640 ? 0 : 40, top: 0, itemWidth: 12, itemHeight: innerWidth < 640 ? 70 : 140,
      text: scaleName(map) ?? [shownLevel(map, max), shownLevel(map, min)],
      textStyle: { color: c.soft },
      inRange: { color: palette(map) },
    },
    xAxis: axis(c, { type: "category", data: map.days, axisLabel: { formatter: (d) => dayName(d, true), hideOverlap: true }, splitLine: { show: false } }),
    yAxis: axis(c, { type: "value", min: 0, max: 24, interval: 4, inverse: true, axisLabel: { formatter: (h) => `${String(h).padStart(2, "0")}:00` }, splitLine: { show: false } }),
    series: [
      { type: "custom", data, encode: { x: 0, y: 1 }, clip: true, renderItem: (_, api) => drawCell(c, api) },
      windowMark(map, c),
      selectionMark(selected, c),
      noteMarks(map, notes, c),
    ],
  });
}

function shownLevel(map, at) {
  if (map.metric === "failed_share") return percent(at);
  return shown(map.metric, 10 ** at / scale(map.metric).factor);
}

export function heatmapData(map) {
  const rows = [];
  map.days.forEach((day, x) => {
    for (let hour = 0; hour < 24; hour += 1) {
      rows.push([day, `${String(hour).padStart(2, "0")}:00`, map.values[x][hour], map.n[x][hour], map.dead[x][hour] ? 1 : 0]);
    }
  });
  return { columns: ["date", "local_hour", `${map.metric} [${map.unit}]`, "probes", "all_failed"], rows };
}

export function heatmapAbout(map, title) {
  const window_ = t("heatmap.window", { start: map.window.start, end: map.window.end });
  const unit = map.view === "beyond_controls" ? t("heatmap.unit_ratio") : t("heatmap.unit", { unit: scale(map.metric).unit });
  const words = [
    `${title}. ${unit} ${window_}`,
    t("figure.coverage", { zone: map.timezone, share: percent(map.coverage) }),
    t("heatmap.legend"),
  ];
  if (map.controls.length) words.push(t("figure.controls", { names: map.controls.join(", ") }));
  if (map.n_stale_hours > 100) words.push(t("figure.stale", { n: number(map.n_stale_hours) }));
  return { words, label: `${title}. ${t("heatmap.keys")} ${window_} ${t("figure.coverage", { zone: map.timezone, share: percent(map.coverage) })}` };
}

