// Shapes of time: the hours of the day or of the week, with their spread.
import { visible } from "../dom.js";
import { axis, frame } from "../figure.js";
import { dayName, number, short, t, weekdayName } from "../text.js";
import { scale } from "../units.js";

const HOURS = 24;

/** The name of an hour of the cycle. */
export function slotName(cycle, slot) {
  const hour = `${String(slot % HOURS).padStart(2, "0")}:00`;
  return cycle === "day" ? hour : `${weekdayName((Math.floor(slot / HOURS) + 1) % 7)} ${hour}`;
}

/** Values of the slots, the last one twice: a step needs its end. */
const closed = (values) => [...values, values.at(-1)];

/** Slots that the evening window covers, as spans [first, last]; pure. */
export function eveningSlots(window_, cycle) {
  const start = Number(window_.start.slice(0, 2));
  const end = Math.ceil(Number(window_.end.slice(0, 2)) + Number(window_.end.slice(3)) / 60);
  const length = (end - start + HOURS) % HOURS || HOURS;
  const days = cycle === "day" ? 1 : 7;
  return Array.from({ length: days }, (_, day) => [
    day * HOURS + start,
    day * HOURS + start + length - 1,
  ]).flatMap(([first, last]) =>
    last < days * HOURS
      ? [[first, last]]
      : [
          [first, days * HOURS - 1],
          [0, last - days * HOURS],
        ],
  );
}

function spread(c, shape, factor, colour, name) {
  const value = (values, slot) => (values[slot] === null ? null : values[slot] * factor);
  const slots = closed(shape.median.map((_, slot) => slot));
  const edge = {
    name,
    type: "line",
    step: "end",
    symbol: "none",
    stack: name,
    lineStyle: { opacity: 0 },
    silent: true,
  };
  return [
    { ...edge, data: slots.map((slot) => value(shape.p10, slot)) },
    {
      ...edge,
      areaStyle: { color: colour, opacity: 0.22 },
      data: slots.map((slot) =>
        shape.p10[slot] === null ? null : (shape.p90[slot] - shape.p10[slot]) * factor,
      ),
    },
  ];
}

export function profileOption(profile) {
  const { factor, unit } = scale(profile.metric);
  const name = visible(profile.target);
  const n = profile.shape.median.length;
  const names = Array.from({ length: n + 1 }, (_, slot) => slotName(profile.cycle, slot % n));
  const line = (shape) =>
    closed(shape.median).map((value) => (value === null ? null : value * factor));
  const words = (place) => {
    const slot = Math.min(place, n - 1);
    const band = (shape) =>
      shape.p10[slot] === null
        ? ""
        : ` (${short(shape.p10[slot] * factor)}\u2013${short(shape.p90[slot] * factor)})`;
    const told = (shape) =>
      shape.median[slot] === null
        ? t("none")
        : `${short(shape.median[slot] * factor)}${band(shape)} ${unit}`;
    const controls = profile.controls ? `\n${t("live.controls")}: ${told(profile.controls)}` : "";
    return `${names[slot]} · ${name}: ${told(profile.shape)}${controls}`;
  };
  return (c) => ({
    ...frame(c),
    legend: {
      textStyle: { color: c.soft },
      top: 0,
      right: 8,
      icon: "rect",
      data: profile.controls ? [name, t("live.controls")] : [name],
    },
    grid: { left: 60, right: 24, top: 64, bottom: 28 },
    xAxis: axis(c, {
      type: "category",
      data: names,
      boundaryGap: false,
      splitLine: { show: false },
      axisLabel: { hideOverlap: true, interval: profile.cycle === "day" ? 1 : 23 },
    }),
    yAxis: axis(c, { type: "value", name: unit, min: 0 }),
    tooltip: {
      ...frame(c).tooltip,
      trigger: "axis",
      formatter: ([first]) => words(first.dataIndex),
    },
    series: [
      ...(profile.controls ? spread(c, profile.controls, factor, c.control, "controls") : []),
      ...spread(c, profile.shape, factor, c.slow, "site"),
      {
        name,
        type: "line",
        step: "end",
        symbol: "none",
        data: line(profile.shape),
        lineStyle: { color: c.slow, width: 2.5 },
        itemStyle: { color: c.slow },
        markArea: {
          silent: true,
          itemStyle: { color: c.evening },
          data: eveningSlots(profile.window, profile.cycle).map(([first, last]) => [
            { xAxis: first },
            { xAxis: last + 1 },
          ]),
        },
      },
      ...(profile.controls
        ? [
            {
              name: t("live.controls"),
              type: "line",
              step: "end",
              symbol: "none",
              data: line(profile.controls),
              lineStyle: { color: c.control, width: 2, type: "dashed" },
              itemStyle: { color: c.control },
            },
          ]
        : []),
    ],
  });
}

export function profileData(profile) {
  const names = ["n", "p10", "median", "p90"];
  const of = (shape, slot) => names.map((name) => shape?.[name][slot] ?? null);
  return {
    columns: [
      "hour",
      ...names.map((name) => `${name} [${profile.unit}]`),
      ...names.map((name) => `controls_${name} [${profile.unit}]`),
    ],
    rows: profile.shape.median.map((_, slot) => [
      slotName(profile.cycle, slot),
      ...of(profile.shape, slot),
      ...of(profile.controls, slot),
    ]),
  };
}

export function profileAbout(profile) {
  const n = profile.shape.n.reduce((sum, hours) => sum + hours, 0);
  const words = [
    t("profile.about", {
      unit: scale(profile.metric).unit,
      since: dayName(profile.since, true),
      until: dayName(profile.until, true),
      n: number(n),
      zone: profile.timezone,
    }),
    ...(profile.control_names.length
      ? [t("figure.controls", { names: profile.control_names.join(", ") })]
      : []),
  ];
  return { words, label: `${t("profile.title")}. ${words.join(" ")}` };
}
