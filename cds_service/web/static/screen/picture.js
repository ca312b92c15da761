// The one picture: all strips on one time axis, what is due ahead of today, and the same as a table.

import config, { h, t } from "./dom.js";
import { reach, words } from "./reach.js";
import { assumed, date, drawAxis, drawStrip, symbolOf } from "./strips.js";

const DAY = 86400000;
const LABELS = 186;
const LABELS_SMALL = 146;
const SMALL = 560;
const NARROW = 430;
const EDGE = 6;
const LEAST = 120; // narrower than this nothing is drawn: the page is being laid out

/** Draw into `place`. The result lights up what a card rests on: `light([{label, date, reference}], code)`, none for nothing;
 * what rests on nothing lights what it asks for. */
export function drawPicture(place, told) {
  const strips = told.groups.flatMap((group) => group.strips.map((strip, order) => ({ ...strip, first: order === 0 })));
  if (!strips.length) {
    place.replaceChildren(h("p", { class: "hint" }, t("picture.empty")));
    return { light() {}, destroy() {} };
  }
  const body = h("div", { class: "picture", role: "group", "aria-label": t("picture.label") });
  const points = reach(body);
  const table = tableOf(strips);
  place.replaceChildren(body, table.root);
  let width = 0;
  const draw = () => {
    const now = body.clientWidth;
    if (now < LEAST || now === width) return;
    width = now;
    points.clear();
    const narrow = width < NARROW;
    const small = width < SMALL;
    const room = narrow ? width : width - (small ? LABELS_SMALL : LABELS);
    const axis = axisOf(told, room);
    const rows = strips.map((strip) => rowOf(strip, axis, room, points));
    const head = h("div", { class: "strip axis" }, h("div", { class: "strip-label" }), h("div", { class: "strip-plot", "aria-hidden": "true" }, drawAxis(axis, room, t("timeline.today"))));
    const zone = h("div", { class: "zone", "aria-hidden": "true" });
    const share = (axis.today - axis.from) / (axis.to - axis.from);
    zone.style.left = `${width - room + EDGE + share * (room - 2 * EDGE)}px`;
    body.classList.toggle("narrow", narrow);
    body.classList.toggle("small", small && !narrow);
    body.replaceChildren(zone, head, ...rows, body.querySelector(":scope > .tip") ?? "");
    points.refresh();
  };
  const watch = new ResizeObserver(draw);
  watch.observe(body);
  draw();
  return {
    light(evidence, code) {
      const found = evidence.flatMap((each) => told.lights[key(each)] ?? []);
      const ids = new Set(found.length ? found : told.asks[code]);
      body.classList.toggle("lighting", ids.size > 0);
      for (const { element, mark } of points.points) element.classList.toggle("lit", ids.has(mark.id));
      for (const strip of body.querySelectorAll(".strip")) strip.classList.toggle("has-lit", Boolean(strip.querySelector(".lit")));
      for (const row of table.rows) row.element.classList.toggle("lit", ids.has(row.mark.id));
      return ids.size;
    },
    destroy: () => watch.disconnect(),
  };
}

/** What tells one piece of evidence from others; the service makes the same key. */
const key = (evidence) => [evidence.label, evidence.date ?? "", evidence.reference ?? ""].join("|");

function axisOf(told, room) {
  const [from, to] = told.domain.map(date);
  const years = (to - from) / DAY / 365;
  const months = room / years > 150 ? 6 : 12;
  const step = Math.max(1, Math.ceil(46 / (room / years)));
  const ticks = [];
  for (let year = from.getUTCFullYear(); year <= to.getUTCFullYear() + 1; year += 1) {
    for (let month = 0; month < 12; month += months) {
      const tick = new Date(Date.UTC(year, month, 1));
      if (tick > from && tick < to && year % step === 0) ticks.push({ date: tick, label: month ? monthName(tick) : String(year) });
    }
  }
  return { from, to, today: date(told.today), ticks };
}

const monthName = (day) => day.toLocaleDateString(config.language === "zh" ? "zh-CN" : "en-GB", { month: "short", timeZone: "UTC" });

function rowOf(strip, axis, room, points) {
  const bind = (element, mark) => points.bind(element, mark, strip.key);
  const drawn = strip.kind === "chips" ? { svg: chips(strip, bind), limits: [], listed: [] } : drawStrip(strip, axis, room, bind);
  const plot = h("div", { class: "strip-plot" }, drawn.svg);
  const undrawn = strip.kind === "chips" ? [] : strip.marks.filter((mark) => !mark.date);
  if (undrawn.length) plot.append(chips({ marks: undrawn }, bind));
  if (drawn.listed.length) plot.append(h("ol", { class: "listed" }, drawn.listed.map(({ number, mark }) => h("li", {}, h("b", {}, number), ` ${mark.title}`, h("small", {}, ` ${mark.day}`)))));
  const words = label(strip);
  if (drawn.limits.length) words.append(h("ul", { class: "limits" }, drawn.limits.map((line) => h("li", { class: line.tone ?? "" }, line.label))));
  return h("div", { class: `strip kind-${strip.kind ?? "row"}${strip.first ? " first" : ""}`, "data-strip": strip.key }, words, plot);
}

function label(strip) {
  const root = h("div", { class: "strip-label" }, h("span", {}, h("b", {}, strip.label), strip.unit ? h("small", {}, ` ${strip.unit}`) : ""));
  if (strip.newest) root.append(h("span", { class: `newest ${strip.tone ?? ""}` }, strip.newest));
  if (strip.kind !== "line") return root;
  const several = new Set(strip.marks.map((mark) => mark.series ?? 0)).size > 1;
  for (const [place, name] of (strip.series?.length ? strip.series : [""]).entries()) {
    const last = strip.marks.filter((mark) => (mark.series ?? 0) === place).at(-1);
    if (!last) continue;
    const shape = several && h("i", { class: `shape ${symbolOf(place)}`, "aria-hidden": "true" });
    const value = h("strong", { class: last.tone ?? "" }, last.text);
    root.append(h("span", { class: "newest" }, shape || "", value, name && ` ${name}`, " ", several && !assumed(last) ? "" : h("span", { class: assumed(last) ? "assumed" : "" }, last.day)));
  }
  return root;
}

function chips(strip, bind) {
  return h("ul", { class: "chips" }, strip.marks.map((mark) => {
    const chip = h("span", { class: mark.tone ? `chip ${mark.tone}` : "chip" }, [mark.tone && "!", mark.title, mark.said].filter(Boolean).join(" "), mark.day ? h("small", {}, ` ${mark.day}`) : "");
    bind(chip, mark);
    return h("li", {}, chip);
  }));
}

/** The resource that a mark comes from; "" for what no resource holds. */
function recorded(mark) {
  const [first = ""] = mark.refs ?? [];
  return first.includes("|") || assumed(mark) ? "" : first;
}

function tableOf(strips) {
  const rows = strips.flatMap((strip) => strip.marks.map((mark) => ({ mark, strip }))).sort((a, b) => (b.mark.date ?? "").localeCompare(a.mark.date ?? ""));
  for (const row of rows) {
    const [title, ...rest] = words({ ...row.mark, day: "" });
    row.element = h("tr", {}, h("td", {}, title), h("td", {}, rest.join("; ")), h("td", {}, row.mark.day ?? ""), h("td", {}, h("code", {}, recorded(row.mark))));
  }
  const titles = ["what", "value", "date", "source"].map((name) => h("th", { scope: "col" }, t(`timeline.${name}`)));
  const table = h("table", {}, h("thead", {}, h("tr", {}, titles)), h("tbody", {}, rows.map((row) => row.element)));
  const scroll = h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": t("timeline.table") }, table);
  return { rows, root: h("details", { class: "table" }, h("summary", {}, t("timeline.table")), scroll) };
}
