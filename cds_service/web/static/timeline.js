// The patient over time: drugs and fractures as lanes, values as charts, all on one axis; the same as a table.

import { day, h, t } from "./dom.js";
import { drawLanes } from "./lanes.js";
import { drawPanel } from "./panel.js";

const YEAR = 365.25 * 86400;
const seconds = (iso) => Date.parse(`${iso}T00:00:00Z`) / 1000;

let drawn = [];

/** Draw into `place`. The result lights up what a card rests on: `light([{reference, date}])`, none for nothing. */
export function drawTimeline(place, told) {
  for (const each of drawn) each.destroy();
  drawn = [];
  const days = allDays(told);
  if (!days.length) {
    place.replaceChildren(h("p", { class: "hint" }, t("timeline.empty")));
    return { light() {} };
  }
  const range = rangeOf(days, seconds(told.today));
  place.replaceChildren();
  if (told.courses.length || told.fractures.length) drawn.push(drawLanes(place, told, range));
  for (const panel of told.panels) drawn.push(drawPanel(place, panel, told, range));
  const table = tableOf(told);
  place.append(table.root);
  return {
    light(evidence) {
      const lit = { has: (source, date) => evidence.some((e) => e.reference === source && (!e.date || !date || e.date === date)), source: (list) => evidence.some((e) => list.includes(e.reference)), evidence };
      for (const each of drawn) each.light(lit);
      for (const row of table.rows) row.element.classList.toggle("lit", evidence.length > 0 && row.sources.some((s) => lit.has(s, row.date)));
    },
  };
}

function allDays(told) {
  const values = told.panels.flatMap((panel) => panel.series.flatMap((series) => series.points.map((point) => point.date)));
  const drugs = told.courses.flatMap((course) => [...course.doses, ...course.spans.flat()]);
  return [...values, ...drugs, ...told.fractures.map((each) => each.date)].filter(Boolean).map(seconds);
}

/** From the first to the last day that something is told of, at least two years, with today in it; not more than 15 back. */
function rangeOf(days, today) {
  const from = Math.max(Math.min(...days, today - 2 * YEAR), today - 15 * YEAR);
  const to = Math.min(Math.max(...days, today), today + YEAR);
  const margin = (to - from) * 0.04;
  return [from - margin, to + margin];
}

function tableOf(told) {
  const values = told.panels.flatMap((panel) => panel.series.flatMap((series) => series.points.map((point) => ({
    what: panel.key === "t-score" ? `${panel.title}, ${series.label}` : series.label, said: point.said + (point.note ? ` (${point.note})` : ""), date: point.date, sources: [point.source] }))));
  const drugs = told.courses.flatMap((course) => (course.doses.length ? course.doses : [null]).map((date) => ({
    what: course.label, said: date ? t("timeline.dose") : course.state, date: date ?? course.spans[0]?.[0], sources: course.sources })));
  const fractures = told.fractures.map((each) => ({ what: each.label, said: "", date: each.date, sources: [each.source] }));
  const rows = [...values, ...drugs, ...fractures].sort((a, b) => (b.date ?? "").localeCompare(a.date ?? ""));
  for (const row of rows) row.element = h("tr", {}, h("td", {}, row.what), h("td", { class: "number" }, row.said), h("td", { class: "nowrap" }, day(row.date)), h("td", {}, h("code", {}, row.sources[0] ?? "")));
  const titles = ["what", "value", "date", "source"].map((key) => h("th", { scope: "col" }, t(`timeline.${key}`)));
  const table = h("table", {}, h("thead", {}, h("tr", {}, titles)), h("tbody", {}, rows.map((row) => row.element)));
  const scroll = h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": t("timeline.table") }, table);
  return { rows, root: h("details", { class: "table" }, h("summary", {}, t("timeline.table")), scroll) };
}
