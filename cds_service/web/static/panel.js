// One chart of values: uPlot draws axes and lines; bands, limits, today and what is lit are drawn on top of it.

import { day, h, t } from "./dom.js";

export const LEFT = 46; // pixels of the axis, the same in all charts, so that a day stands below the same day
const RIGHT = 10;
const HEIGHT = 132;

const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
const seconds = (iso) => Date.parse(`${iso}T00:00:00Z`) / 1000;

export function drawPanel(place, panel, told, range) {
  const holder = h("div", { "aria-hidden": "true" });
  const tip = h("div", { class: "tip", hidden: true });
  const newest = panel.series.flatMap((s) => s.points).reduce((a, b) => (a.date > b.date ? a : b));
  const title = h("h3", {}, panel.title, " ", h("small", {}, panel.unit));
  const root = h("figure", { class: "panel", role: "group", "aria-label": t("timeline.chart", { title: panel.title, value: newest.said, day: day(newest.date) }) }, title, legend(panel), holder, tip);
  root.style.marginInline = "0";
  place.append(root);

  // One x for all series: uPlot wants aligned columns, empty where a series has no value.
  const times = [...new Set(panel.series.flatMap((s) => s.points.map((p) => p.date)))].sort();
  const data = [times.map(seconds), ...panel.series.map((s) => times.map((date) => last(s, date)?.value ?? null))];
  let lit = null;
  const chart = new window.uPlot(options(), data, holder);
  const resize = new ResizeObserver(() => chart.setSize({ width: root.clientWidth, height: HEIGHT }));
  resize.observe(root);
  const scheme = matchMedia("(prefers-color-scheme: dark)");
  const redraw = () => chart.redraw(false);
  scheme.addEventListener("change", redraw);

  return {
    light(found) {
      lit = found.evidence.length ? found : null;
      redraw();
    },
    destroy() {
      resize.disconnect();
      scheme.removeEventListener("change", redraw);
      chart.destroy();
    },
  };

  function options() {
    const axis = { stroke: () => color("soft"), grid: { stroke: () => color("line"), width: 1 }, ticks: { show: false }, font: "11px system-ui, sans-serif" };
    return {
      width: root.clientWidth || 400, height: HEIGHT, legend: { show: false }, tzDate: (ts) => new Date(ts * 1000 + new Date(ts * 1000).getTimezoneOffset() * 60000),
      padding: [8, RIGHT, 0, 0],
      scales: { x: { time: true, range: () => range }, y: { range: () => extent(panel) } },
      axes: [{ ...axis, size: 26, space: 60, values: (_, ticks) => years(ticks, range) }, { ...axis, size: LEFT, space: 26 }],
      series: [{}, ...panel.series.map((s, place) => ({ label: s.label, stroke: () => color(`series-${(place % 5) + 1}`), width: 2, spanGaps: true, points: { show: true, size: 8, fill: () => color(`series-${(place % 5) + 1}`), width: 1 } }))],
      cursor: { y: false, drag: { x: false, y: false }, points: { size: 11 } },
      hooks: { drawAxes: [under], draw: [over], setCursor: [point] },
    };
  }

  function under(u) {
    const { ctx, bbox } = u;
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
    ctx.clip();
    for (const band of panel.bands) {
      const top = band.to === null ? bbox.top : u.valToPos(band.to, "y", true);
      const bottom = band.from === null ? bbox.top + bbox.height : u.valToPos(band.from, "y", true);
      ctx.fillStyle = color(swatch(band.kind));
      ctx.globalAlpha = band.kind === "noise" ? 0.9 : 0.75;
      ctx.fillRect(bbox.left, top, bbox.width, bottom - top);
    }
    ctx.restore();
  }

  function over(u) {
    const { ctx, bbox } = u;
    const ratio = window.devicePixelRatio || 1;
    ctx.save();
    ctx.font = `${11 * ratio}px system-ui, sans-serif`;
    ctx.textAlign = "left";
    ctx.textBaseline = "alphabetic";
    ctx.setLineDash([4 * ratio, 4 * ratio]);
    ctx.lineWidth = ratio;
    panel.lines.forEach((line, place) => {
      const y = Math.round(u.valToPos(line.at, "y", true));
      ctx.strokeStyle = ctx.fillStyle = color("warning");
      stroke(ctx, bbox.left, y, bbox.left + bbox.width, y);
      const end = place % 2 ? bbox.width - ctx.measureText(line.label).width - 16 * ratio : 4 * ratio; // so that near lines keep their words apart
      ctx.fillText(line.label, bbox.left + end, y - 4 * ratio);
    });
    const today = Math.round(u.valToPos(seconds(told.today), "x", true));
    ctx.strokeStyle = color("ink");
    ctx.globalAlpha = 0.6;
    stroke(ctx, today, bbox.top, today, bbox.top + bbox.height);
    ctx.globalAlpha = 1;
    ctx.setLineDash([]);
    if (lit) halos(u, ratio);
    ctx.restore();
  }

  function halos(u, ratio) {
    for (const point of panel.series.flatMap((s) => s.points).filter((p) => lit.has(p.source, p.date))) {
      const [x, y] = [u.valToPos(seconds(point.date), "x", true), u.valToPos(point.value, "y", true)];
      for (const [radius, alpha] of [[11, 0.3], [6, 1]]) {
        u.ctx.globalAlpha = alpha;
        u.ctx.fillStyle = color("lit");
        u.ctx.beginPath();
        u.ctx.arc(x, y, radius * ratio, 0, 2 * Math.PI);
        u.ctx.fill();
      }
    }
    u.ctx.globalAlpha = 1;
  }

  /** The nearest value within reach of the cursor, told in a box. */
  function point(u) {
    const { left, top } = u.cursor;
    const near = panel.series.flatMap((s) => s.points.map((p) => ({ s, p, x: u.valToPos(seconds(p.date), "x"), y: u.valToPos(p.value, "y") })))
      .map((each) => ({ ...each, far: Math.hypot(each.x - left, (each.y - top) * 0.6) })).sort((a, b) => a.far - b.far)[0];
    tip.hidden = !near || left < 0 || near.far > 32;
    if (tip.hidden) return;
    const lines = [h("b", {}, near.p.said), h("br"), near.s.label, h("br"), day(near.p.date), near.p.note && h("span", {}, h("br"), near.p.note), h("br"), near.p.source];
    tip.replaceChildren(...lines.filter(Boolean));
    const right = near.x > root.clientWidth / 2;
    tip.style.left = right ? "" : `${near.x + LEFT + 12}px`;
    tip.style.right = right ? `${root.clientWidth - LEFT - near.x + 12}px` : "";
    tip.style.top = `${Math.max(near.y, 10) + holder.offsetTop - 20}px`;
  }
}

const last = (series, date) => series.points.filter((p) => p.date === date).at(-1);
const swatch = (kind) => ({ good: "good-soft", low: "critical-soft", noise: "info-soft" })[kind];

function stroke(ctx, x1, y1, x2, y2) {
  ctx.beginPath();
  ctx.moveTo(x1, y1);
  ctx.lineTo(x2, y2);
  ctx.stroke();
}

/** Years where the ticks are years apart, else months; none at the very end, where it would be cut off. */
function years(ticks, [from, to]) {
  const far = ticks.length < 2 || ticks[1] - ticks[0] > 300 * 86400;
  return ticks.map((tick) => (to - tick < (to - from) * 0.03 ? "" : new Date(tick * 1000 + 86400000).toISOString().slice(0, far ? 4 : 7)));
}

/** From lowest to highest of the values, with all limits: how far a value is from them is what matters. */
function extent(panel) {
  const values = panel.series.flatMap((s) => s.points.map((p) => p.value));
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const marks = [...panel.lines.map((l) => l.at), ...panel.bands.flatMap((b) => [b.from, b.to])].filter((m) => m !== null);
  const [from, to] = [Math.min(low, ...marks), Math.max(high, ...marks)];
  const margin = (to - from || Math.abs(to) || 1) * 0.14;
  return [panel.key === "t-score" ? from - margin : Math.max(0, from - margin), to + margin];
}

function legend(panel) {
  const mark = (name) => {
    const box = h("i");
    box.style.background = `var(--${name})`;
    return box;
  };
  const series = panel.series.length > 1 || panel.key === "t-score" ? panel.series.map((s, place) => h("li", {}, mark(`series-${(place % 5) + 1}`), s.label)) : [];
  return h("ul", { class: "legend" }, series, panel.bands.map((band) => h("li", {}, mark(swatch(band.kind)), band.label)));
}
