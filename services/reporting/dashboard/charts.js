// Lines over days, drawn by uPlot in the page's own colours; beside each the same numbers as a table.

import { empty, h, table } from "./dom.js";
import { day, number, percent, t } from "./words.js";

const HEIGHT = 200;
const drawn = new Set();

const font = () => `${0.75 * parseFloat(getComputedStyle(document.documentElement).fontSize)}px system-ui, sans-serif`;

const colour = (name) => {
  // light-dark() is resolved only where it is used: ask an element that uses it.
  const probe = h("i", { className: `ink-${name}` });
  document.body.append(probe);
  const value = getComputedStyle(probe).color;
  probe.remove();
  return value;
};

// `dates`: YYYY-MM-DD in order; `values`: a number or null each; `share`: between 0 and 1.
export function lineChart(label, dates, values, { share = false } = {}) {
  if (values.every((value) => value === null)) return h("figure", {}, h("figcaption", {}, label), empty(t("nothing_in_this_time")));
  const frame = h("div", { className: "chart", role: "img", "aria-label": label });
  const shown = share ? percent : (value) => number(value, 1);
  const chart = { frame, draw: () => draw(frame, dates, values, shown, share) };
  drawn.add(chart);
  // Drawn when it has a width, and again when that changes.
  new ResizeObserver(() => chart.draw()).observe(frame);
  return h(
    "figure", {}, h("figcaption", {}, label), frame,
    h(
      "details", {}, h("summary", {}, t("as_table")),
      table(label, [
        { title: t("date"), cell: ([date]) => day(date) },
        { title: label, number: true, cell: ([, value]) => shown(value) },
      ], dates.map((date, place) => [date, values[place]])),
    ),
  );
}

// Pay from the lowest to the highest, one line a plan. `plans`: [name, yuan of each person in rising order].
export function spreadChart(label, plans) {
  const frame = h("div", { className: "chart chart-several", role: "img", "aria-label": label });
  const chart = { frame, draw: () => drawSpread(frame, plans) };
  drawn.add(chart);
  new ResizeObserver(() => chart.draw()).observe(frame);
  return h("figure", {}, h("figcaption", {}, label), frame);
}

// Whether it has a width, and is not drawn so already.
function isDue(frame) {
  const drawnAs = `${Math.floor(frame.clientWidth)} ${document.documentElement.dataset.theme ?? ""} ${matchMedia("(prefers-color-scheme: dark)").matches}`;
  if (!frame.clientWidth || !frame.isConnected || frame.dataset.drawn === drawnAs) return false;
  frame.dataset.drawn = drawnAs;
  return true;
}

function drawSpread(frame, plans) {
  if (!isDue(frame)) return;
  const [quiet, line, accent, low] = ["quiet", "line", "accent", "low"].map(colour);
  const axis = { stroke: quiet, grid: { stroke: line, width: 1 }, ticks: { show: false }, font: font() };
  const yuan = (value) => (value === null || value === undefined ? "—" : number(value, 2));
  const options = {
    width: Math.floor(frame.clientWidth), height: HEIGHT, cursor: { y: false },
    scales: { x: { time: false }, y: { range: (_chart, _low, high) => [0, Math.max(1, high * 1.1)] } },
    axes: [{ ...axis, grid: { show: false }, incrs: [1, 2, 5, 10, 20, 50] }, { ...axis, size: 64, values: (_chart, marks) => marks.map(yuan) }],
    series: [{ label: t("people") }, ...plans.map(([name], place) => ({ label: name, stroke: place ? accent : low, width: 2, dash: place ? [] : [6, 4], points: { show: false }, value: (_chart, value) => yuan(value) }))],
  };
  frame.replaceChildren();
  new window.uPlot(options, [plans[0][1].map((_, place) => place + 1), ...plans.map(([, values]) => values)], frame);
}

function draw(frame, dates, values, shown, share) {
  if (!isDue(frame)) return;
  const [quiet, line, accent] = ["quiet", "line", "accent"].map(colour);
  const axis = { stroke: quiet, grid: { stroke: line, width: 1 }, ticks: { show: false }, font: font() };
  const options = {
    width: Math.floor(frame.clientWidth),
    height: HEIGHT,
    cursor: { y: false, points: { fill: accent } },
    legend: { live: true },
    scales: { x: { time: false }, y: { range: (_chart, low, high) => (share ? [Math.max(0, Math.floor(low * 20) / 20 - 0.05), 1] : [0, Math.max(1, high * 1.1)]) } },
    axes: [
      { ...axis, grid: { show: false }, space: 56, incrs: [1, 2, 5, 10, 20, 50], values: (_chart, places) => places.map((place) => (dates[place] ? day(dates[place], { month: "numeric", day: "numeric" }) : "")) },
      { ...axis, size: 60, values: (_chart, marks) => marks.map((mark) => shown(mark)) },
    ],
    series: [
      { label: t("date"), value: (_chart, place) => (place === null ? "—" : day(dates[place])) },
      { label: t("value"), stroke: accent, width: 2, points: { show: dates.length < 40, size: 5, fill: accent }, value: (_chart, value) => shown(value), spanGaps: false },
    ],
  };
  frame.replaceChildren();
  new window.uPlot(options, [dates.map((_, place) => place), values], frame);
}

export function redrawCharts() {
  for (const chart of drawn) {
    if (!chart.frame.isConnected) drawn.delete(chart);
    else chart.draw();
  }
}
