// Charts over time, drawn as SVG, with the same figures as a table.

import { h, svg } from "../dom.js";
import { clockTime } from "../format.js";

const HEIGHT = 190;
const LEFT = 46;
const BOTTOM = 22;
const TOP = 8;

/**
 * A chart that is drawn once and updated with each new data.
 *
 * @param title what it shows, with the unit
 * @param series [{ name, tone }], the same for all updates; tone is a class of charts.css
 * @param stacked whether the series are parts of a whole
 * @param format a value as text
 * @returns { element, update } where update takes [{ time: Date, values: [one for each series, or null] }], oldest first
 */
export function timeChart({ title, series, stacked, format }) {
  const drawing = svg("svg", { class: "drawing", role: "img", "aria-label": title, height: HEIGHT });
  const time = h("span", { class: "muted small" });
  const values = series.map(() => h("span"));
  const body = h("tbody");
  const element = h("figure", { class: "chart" },
    h("div", { class: "chart-head" }, h("h2", null, title), time),
    h("ul", { class: "legend" }, series.map((one, index) => h("li", null, swatch(one.tone), one.name, " ",
      h("strong", null, values[index])))),
    drawing,
    h("details", null, h("summary", null, "As a table"), h("div", { class: "table-box", tabindex: 0, role: "region", "aria-label": title },
      h("table", null,
        h("thead", null, h("tr", null, h("th", { scope: "col" }, "Time"),
          series.map((one) => h("th", { scope: "col", class: "number" }, one.name)))), body))));
  let points = [];
  let pointed = null;
  let width = 0;

  const read = (point) => {
    time.textContent = point ? clockTime(point.time) : "";
    series.forEach((one, index) => {
      const value = point?.values[index];
      values[index].textContent = value === null || value === undefined ? "–" : format(value);
    });
  };
  const draw = () => {
    if (width > LEFT) {
      drawing.replaceChildren(...points.length > 0 ? paint(points, series, stacked, format, width, pointed)
        : [svg("text", { x: width / 2, y: HEIGHT / 2, "text-anchor": "middle" }, "No data yet")]);
    }
    read(points[pointed ?? points.length - 1]);
  };
  const point = (event) => {
    const box = drawing.getBoundingClientRect();
    const share = (event.clientX - box.left - LEFT) / (box.width - LEFT);
    pointed = share < 0 || points.length === 0 ? null
      : Math.min(points.length - 1, Math.max(0, Math.round(share * (points.length - 1))));
    draw();
  };
  drawing.addEventListener("pointermove", point);
  drawing.addEventListener("pointerdown", point);
  drawing.addEventListener("pointerleave", () => {
    pointed = null;
    draw();
  });
  new ResizeObserver(([entry]) => {
    width = Math.round(entry.contentRect.width);
    drawing.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
    draw();
  }).observe(drawing);

  const update = (next) => {
    points = next;
    pointed = pointed !== null && pointed < points.length ? pointed : null;
    draw();
    const last = points.at(-1);
    drawing.setAttribute("aria-label", last ? `${title}. Last: ${series.map((one, index) =>
      `${one.name} ${last.values[index] === null ? "none" : format(last.values[index])}`).join(", ")}.` : `${title}. No data yet.`);
    const step = Math.max(1, Math.floor(points.length / 20));
    body.replaceChildren(...points.filter((_, index) => (points.length - 1 - index) % step === 0).reverse().map((one) =>
      h("tr", null, h("td", null, clockTime(one.time)), one.values.map((value) =>
        h("td", { class: "number" }, value === null ? "–" : format(value))))));
  };
  return { element, update };
}

export function swatch(tone) {
  return svg("svg", { class: `swatch ${tone}`, "aria-hidden": "true" }, svg("rect"));
}

function paint(points, series, stacked, format, width, pointed) {
  const tops = points.map((one) => {
    let sum = 0;
    return one.values.map((value) => value === null ? null : stacked ? sum += value : value);
  });
  const most = nice(Math.max(0, ...tops.flat().filter((value) => value !== null)));
  const x = (index) => LEFT + (points.length === 1 ? 1 : index / (points.length - 1)) * (width - LEFT);
  const y = (value) => TOP + (1 - value / most) * (HEIGHT - TOP - BOTTOM);
  const parts = [0, 0.5, 1].flatMap((share) => [
    svg("line", { class: "grid", x1: LEFT, x2: width, y1: y(most * share), y2: y(most * share) }),
    svg("text", { x: LEFT - 8, y: y(most * share) + 4, "text-anchor": "end" }, format(most * share)),
  ]);
  for (const [index, anchor] of [[0, "start"], [Math.floor((points.length - 1) / 2), "middle"], [points.length - 1, "end"]]) {
    if (points.length > 2) {
      parts.push(svg("text", { x: x(index), y: HEIGHT - 4, "text-anchor": anchor }, clockTime(points[index].time)));
    }
  }
  if (stacked) {
    for (let one = series.length - 1; one >= 0; one--) {
      const upper = tops.map((values, index) => `${x(index)},${y(values[one])}`);
      const lower = tops.map((values, index) => `${x(index)},${y(one === 0 ? 0 : values[one - 1])}`).reverse();
      parts.push(svg("path", { class: `area ${series[one].tone}`, d: `M${[...upper, ...lower].join("L")}Z` }));
    }
  } else {
    series.forEach((one, number) => parts.push(svg("path", { class: `line ${one.tone}`, d: path(tops.map((values, index) =>
      values[number] === null ? null : [x(index), y(values[number])])) })));
  }
  if (pointed !== null) {
    parts.push(svg("line", { class: "cursor", x1: x(pointed), x2: x(pointed), y1: TOP, y2: HEIGHT - BOTTOM }));
  }
  return parts;
}

/** A line with gaps where there is no value; a value alone between gaps is a dot. */
function path(positions) {
  return positions.map((at, index) => at === null ? ""
    : `${positions[index - 1] ? "L" : "M"}${at[0]},${at[1]}${positions[index - 1] || positions[index + 1] ? "" : "h2"}`).join("");
}

/** The least round number that is not below this one. */
function nice(value) {
  if (value <= 0) {
    return 1;
  }
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 4, 5, 10].map((step) => step * power).find((round) => round >= value * 0.999);
}

/** A small line of the last values; what it shows stands next to it as a number. */
export function spark(values) {
  const drawing = svg("svg", { class: "spark", viewBox: "0 0 100 36", preserveAspectRatio: "none", "aria-hidden": "true" },
    svg("line", { class: "grid", x1: 0, x2: 100, y1: 35, y2: 35, "vector-effect": "non-scaling-stroke" }));
  if (values.length > 1) {
    const most = Math.max(...values, 1e-9);
    drawing.append(svg("path", { class: "line tone-first", "vector-effect": "non-scaling-stroke",
      d: path(values.map((value, index) => [index / (values.length - 1) * 100, 34 - value / most * 32])) }));
  }
  return drawing;
}

/** How much of a limit is in use; the numbers stand next to it. */
export function gauge(used, limit, bad) {
  const share = limit > 0 ? Math.min(1, used / limit) * 100 : 0;
  return svg("svg", { class: `gauge${bad ? " is-bad" : ""}`, viewBox: "0 0 100 14", preserveAspectRatio: "none", "aria-hidden": "true" },
    svg("rect", { class: "track", width: 100, height: 14 }), svg("rect", { class: "used", width: share, height: 14 }));
}
