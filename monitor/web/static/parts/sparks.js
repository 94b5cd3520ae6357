// Small drawings on a card: the last 24 hours, the evenings so far.
import { drawn } from "../dom.js";

/** Points of a line in a box, on a logarithmic scale; null breaks the line. */
export function sparkPaths(values, width, height) {
  const logs = values.filter((value) => value !== null && value > 0).map(Math.log);
  if (logs.length < 2) return "";
  // A steady line stays a line: less than a factor of two is no hill.
  const middle = (Math.min(...logs) + Math.max(...logs)) / 2;
  const half = Math.max((Math.max(...logs) - Math.min(...logs)) / 2, Math.log(2) / 2);
  let isOpen = false;
  return values
    .map((value, i) => {
      if (value === null || value <= 0) {
        isOpen = false;
        return "";
      }
      const x = ((i / (values.length - 1)) * width).toFixed(1);
      const y = (height / 2 - ((Math.log(value) - middle) / half) * (height / 2 - 2)).toFixed(1);
      const step = `${isOpen ? "L" : "M"}${x} ${y}`;
      isOpen = true;
      return step;
    })
    .join("");
}

/** The values of each of the last 24 hours, null where there is none. */
export function lastHours(curve, untilS, nHours = 24) {
  const first = Math.floor(untilS / 3600) - nHours + 1;
  const values = Array.from({ length: nHours }, () => null);
  curve.time_s.forEach((second, i) => {
    const place = Math.floor(second / 3600) - first;
    if (place >= 0 && place < nHours) values[place] = curve.value[i];
  });
  return values;
}

/** The last day of a site beside the sites for comparison. */
export function spark(values, controls, label) {
  const [width, height] = [220, 40];
  return drawn(
    "svg",
    {
      class: "spark",
      viewBox: `0 0 ${width} ${height}`,
      preserveAspectRatio: "none",
      role: "img",
      "aria-label": label,
    },
    drawn("path", { class: "beside", d: sparkPaths(controls, width, height) }),
    drawn("path", { class: "mine", d: sparkPaths(values, width, height) }),
  );
}

const HEIGHTS = { fine: 4, slow: 16, dead: 16, refused: 10, unusable: 1.5 };

/** One bar for each evening: tall is slow, a cross is no answer. */
export function strip(evenings, label) {
  const [step, height] = [8, 20];
  const bars = evenings.map(({ state }, i) => {
    const tall = HEIGHTS[state];
    if (state !== "dead")
      return drawn("rect", {
        class: state,
        x: i * step + 1,
        y: height - tall,
        width: step - 2,
        height: tall,
        rx: 1,
      });
    const [left, right, top, bottom] = [
      i * step + 1,
      i * step + step - 1,
      height - tall,
      height - 1,
    ];
    return drawn("path", {
      class: state,
      d: `M${left} ${top}L${right} ${bottom}M${left} ${bottom}L${right} ${top}`,
    });
  });
  return drawn(
    "svg",
    {
      class: "strip",
      viewBox: `0 0 ${evenings.length * step} ${height}`,
      preserveAspectRatio: "xMinYMid meet",
      role: "img",
      "aria-label": label,
    },
    ...bars,
  );
}
