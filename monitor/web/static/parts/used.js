// Data used by day, stacked by kind of probe or by site, against the budget.
import { visible } from "../dom.js";
import { axis, frame } from "../figure.js";
import { bytes, dayName, laterDate, t } from "../text.js";

const COLOURS = ["#2f6ca3", "#d5803b", "#0b8468", "#8a6bb1", "#b97d00", "#7a8591"];
const MOST = COLOURS.length - 1;

/** Sums by day of the largest groups; the rest together, last. Pure. */
export function stacked(used, by) {
  const days = [];
  for (let day = used.since; day <= used.until; day = laterDate(day, 1)) days.push(day);
  const totals = new Map();
  for (const row of used.days) totals.set(row[by], (totals.get(row[by]) ?? 0) + row.bytes);
  const ordered = [...totals].sort((a, b) => b[1] - a[1]).map(([name]) => name);
  const large = ordered.length > MOST + 1 ? ordered.slice(0, MOST) : ordered;
  const groups = new Map(
    [...large, ...(large.length < ordered.length ? [null] : [])].map((name) => [
      name,
      days.map(() => 0),
    ]),
  );
  for (const row of used.days)
    groups.get(groups.has(row[by]) ? row[by] : null)[days.indexOf(row.date)] += row.bytes;
  return { days, groups: [...groups].map(([name, values]) => ({ name, values })) };
}

export function usedOption(used, by) {
  const { days, groups } = stacked(used, by);
  const a_day = used.budget_per_month_bytes === null ? null : used.budget_per_month_bytes / 30;
  const name = (group) => (group.name === null ? t("used.rest") : visible(group.name));
  return (c) => ({
    ...frame(c),
    legend: {
      textStyle: { color: c.soft },
      top: 0,
      type: "scroll",
      pageTextStyle: { color: c.soft },
      left: 80,
    },
    grid: { left: 70, right: 16, top: 40, bottom: 28 },
    xAxis: axis(c, {
      type: "category",
      data: days,
      axisLabel: { formatter: (day) => dayName(day, true), hideOverlap: true },
      splitLine: { show: false },
    }),
    yAxis: axis(c, { type: "value", min: 0, axisLabel: { formatter: (n) => bytes(n) } }),
    tooltip: {
      ...frame(c).tooltip,
      formatter: (p) => `${dayName(days[p.dataIndex])} · ${p.seriesName}: ${bytes(p.value)}`,
    },
    series: groups.map((group, i) => ({
      name: name(group),
      type: "bar",
      stack: "used",
      data: group.values,
      itemStyle: { color: COLOURS[i] },
      markLine:
        i === 0 && a_day !== null
          ? {
              silent: true,
              symbol: "none",
              lineStyle: { color: c.ink, type: "dashed" },
              label: { formatter: t("used.budget"), position: "insideEndTop", color: c.ink },
              data: [{ yAxis: a_day }],
            }
          : undefined,
    })),
  });
}

export function usedData(used) {
  return {
    columns: ["date", "site", "probe", "bytes"],
    rows: used.days.map((row) => [row.date, row.site, row.probe, row.bytes]),
  };
}

export function usedAbout(used) {
  const sum = used.days.reduce((total, row) => total + row.bytes, 0);
  const words = [
    t("used.about", {
      bytes: bytes(sum),
      since: dayName(used.since, true),
      until: dayName(used.until, true),
      zone: used.timezone,
    }),
  ];
  if (used.budget_per_month_bytes !== null) words.push(t("used.dashed"));
  return { words, label: `${t("used.title")}. ${words[0]}` };
}
