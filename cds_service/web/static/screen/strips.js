// One strip of the picture as SVG, drawn by Observable Plot: values with their limits, or things on days. Colors are those of the
// stylesheet, by meaning; shapes say the same to whoever sees no color.

const Plot = window.Plot;
const pen = document.createElement("canvas").getContext("2d");
const SYMBOLS = ["circle", "triangle", "square", "diamond", "wye"];
const STACK = 13; // pixels between things of one day
const ROWS = 5; // at most this many rows for what is due
const SPILL = 8; // pixels that words may reach over the end of the axis
const PAD = { marginLeft: 6, marginRight: 6, marginTop: 0, marginBottom: 0 };

export const date = (iso) => new Date(`${iso}T00:00:00Z`);
export const symbolOf = (series) => SYMBOLS[series % SYMBOLS.length];

/** How high a strip stands, in pixels. */
function heightOf(strip, told) {
  if (strip.kind !== "line") return Math.max(told?.rows > 1 ? 6 + 22 * told.rows : 34, 10 + STACK * (told?.deep ?? 1));
  const several = new Set(strip.marks.map((mark) => mark.date)).size > 1;
  if (strip.key === "t-score") return several ? 92 : 60;
  return several ? 72 : (strip.lines?.length ?? 0) > 1 ? 58 : 44;
}

/**
 * A strip as {svg, limits, listed}. `axis`: {from, to, today, ticks} as dates; `bind(element, mark)` makes a point of the picture
 * reachable. No words are cut: of a limit for whose words there is no room the number stands at its line (`limits` are their words
 * in full), a mark without room for its words bears a number (`listed`: [{number, mark}]).
 */
export function drawStrip(strip, axis, width, bind) {
  const told = strip.kind === "line" ? null : labels(strip, axis, width);
  const height = heightOf(strip, told);
  const short = [];
  const marks = strip.kind === "line" ? values(strip, axis, width, height, bind, short) : row(strip, axis, width, { ...told, height }, bind);
  const y = strip.kind === "line" ? extent(strip) : [0, 1];
  const svg = plot({ ...PAD, width, height, marginTop: strip.kind === "line" ? 9 : 0, marginBottom: strip.kind === "line" ? 9 : 0, x: scale(axis), y: { domain: y, axis: null }, marks: [...ground(axis), ...marks] });
  return { svg, limits: short, listed: told?.listed ?? [] };
}

/** The axis with its years. */
export function drawAxis(axis, width, today) {
  const label = Plot.text([axis.today], { x: (d) => d, y: 0.5, text: () => today, className: "today-label", fontWeight: 700, fill: "var(--ink)" });
  const near = (tick) => Math.abs(tick - axis.today) / (axis.to - axis.from) * width > 46;
  const inside = (tick) => Math.min(tick - axis.from, axis.to - tick) / (axis.to - axis.from) * width > 15;
  const years = Plot.text(axis.ticks.filter((tick) => near(tick.date) && inside(tick.date)), { x: "date", y: 0.5, text: "label", fill: "var(--soft)" });
  return plot({ ...PAD, width, height: 22, x: scale(axis), y: { domain: [0, 1], axis: null }, marks: [...ground(axis), years, label] });
}

/** Plot adds a style element, which the content security policy forbids: its rules stand in screen.css. It names its groups for
 * nobody: what is to be read out are the points. */
function plot(options) {
  const svg = Plot.plot({ ...options, className: "strip-svg" });
  svg.querySelector("style")?.remove();
  for (const group of svg.querySelectorAll("g[aria-label]")) group.removeAttribute("aria-label");
  return svg;
}

const scale = (axis) => ({ type: "utc", domain: [axis.from, axis.to], axis: null });

function ground(axis) {
  return [
    Plot.ruleX(axis.ticks, { x: "date", stroke: "var(--grid)", insetTop: -9, insetBottom: -9 }),
  ];
}

// -- values -----------------------------------------------------------------------------------------------------------

/** All values and every limit, with a little room. */
function extent(strip) {
  const found = [...strip.marks.map((mark) => mark.value), ...(strip.lines ?? []).map((line) => line.at), ...(strip.bands ?? []).flatMap((band) => [band.low, band.high])].filter((value) => typeof value === "number");
  const low = Math.min(...found), high = Math.max(...found);
  const room = (high - low || Math.abs(high) || 1) * 0.08;
  return [low - room, high + room];
}

function values(strip, axis, width, height, bind, short) {
  const shown = strip.marks.filter((mark) => mark.date && date(mark.date) >= axis.from && date(mark.date) <= axis.to);
  const y = extent(strip);
  const bands = (strip.bands ?? []).map((band) => Plot.rect([band], { x1: axis.from, x2: axis.today, y1: band.low ?? y[0], y2: band.high ?? y[1], fill: `var(--band-${band.tone})` }));
  const lines = (strip.lines ?? []).map((line) => Plot.ruleY([line.at], { x1: axis.from, x2: axis.today, stroke: `var(--limit${line.tone ? `-${line.tone}` : ""})`, strokeDasharray: "3 3" }));
  return [
    ...bands,
    ...lines,
    Plot.line(shown, { x: (m) => date(m.date), y: "value", z: (m) => m.series ?? 0, stroke: "var(--ink)", strokeOpacity: 0.55, strokeWidth: 1.5 }),
    Plot.dot(shown, {
      x: (m) => date(m.date), y: "value", symbol: (m) => symbolOf(m.series ?? 0), r: 4.5, sort: null, strokeWidth: (m) => (assumed(m) ? 2 : 1),
      fill: (m) => (assumed(m) ? "var(--surface)" : tone(m)), stroke: (m) => (assumed(m) ? "var(--lit-ink)" : "var(--surface)"), render: reachable(shown, bind),
    }),
    ...limitLabels(strip, axis, width, height, y, short),
  ];
}

/** Whether a value is none of the record's: it is drawn hollow. */
export const assumed = (mark) => Boolean(mark.refs?.includes("Observation/assumed"));

const tone = (mark) => (mark.tone ? `var(--tone-${mark.tone})` : "var(--tone)");

/** What each limit is, ahead of today, where no value can be; labels that would touch are moved apart. `short` gets those for which
 * there is no room. */
function limitLabels(strip, axis, width, height, [low, high], short) {
  const room = height - 18;
  const told = [...(strip.lines ?? []), ...(strip.bands ?? []).map((band) => (band.tone === "noise" ? { at: (band.low + band.high) / 2, label: band.label } : { at: band.low ?? band.high, label: band.label, tone: "good" }))];
  const ahead = ((axis.to - axis.today) / (axis.to - axis.from)) * width;
  const placed = told.map((line) => ({ ...line, y: 9 + room * (1 - (line.at - low) / (high - low)) })).sort((a, b) => a.y - b.y);
  for (let place = 1; place < placed.length; place += 1) placed[place].y = Math.max(placed[place].y, placed[place - 1].y + 14);
  const over = (placed.at(-1)?.y ?? 0) - (height - 6);
  if (over > 0) for (const each of placed) each.y -= over;
  for (const each of placed) {
    each.words = each.label;
    if (breadth(each.label) <= ahead - 6) continue;
    const [number] = each.label.split(" ");
    each.words = /\d/.test(number) && number !== each.label ? number : "";
    short.push(each);
  }
  return placed.map((each) => Plot.text([each], {
    x: () => axis.today, frameAnchor: "top", dx: 6, dy: each.y - 9, lineAnchor: "middle", text: "words", fill: each.tone ? `var(--tone-${each.tone})` : "var(--soft)", fontSize: 11,
    textAnchor: "start",
  }));
}

/** How wide a text of the picture is, in the font of the page. */
export function breadth(text) {
  pen.font = `11px ${getComputedStyle(document.body).fontFamily}`;
  return pen.measureText(text).width;
}

// -- things on days ---------------------------------------------------------------------------------------------------

function row(strip, axis, width, { points, rows, of, height }, bind) {
  const clamp = (iso) => new Date(Math.min(Math.max(date(iso), axis.from), axis.to));
  const spans = strip.marks.filter((mark) => mark.until && date(mark.until) >= axis.from && date(mark.date) <= axis.to);
  const bar = (kind, options) => {
    const found = spans.filter((mark) => mark.kind === kind);
    return Plot.rect(found, { x1: (m) => clamp(m.date), x2: (m) => clamp(m.until), y1: 0.26, y2: 0.74, rx: 3, className: `bars bars-${kind}`, ...options, render: reachable(found, bind) });
  };
  const at = (mark) => 1 - (of.get(mark).row + 0.5) / rows;
  const stacked = (mark) => at(mark) + (of.get(mark).lift * STACK) / height;
  const words = (side) => Plot.text(points.filter((mark) => of.get(mark).side === side), {
    x: (m) => date(m.date), y: at, text: (m) => of.get(m).words, dx: side === "end" ? -10 : 10, textAnchor: side, fill: (m) => (m.tone ? `var(--tone-${m.tone})` : "var(--ink)"), fontSize: 11, stroke: "var(--surface)", strokeWidth: 3,
  });
  const over = Plot.text(points.filter((mark) => of.get(mark).side === "over"), {
    x: (m) => new Date(+axis.from + (of.get(m).over.from / width) * (axis.to - axis.from)), y: (m) => 1 - (of.get(m).over.row + 0.5) / rows, text: (m) => of.get(m).words, textAnchor: "start", fill: "var(--ink)", fontSize: 11,
  });
  const wide = (mark) => ((clamp(mark.until) - clamp(mark.date)) / (axis.to - axis.from)) * width > breadth(mark.text ?? "") + 8;
  return [
    bar("cover", { fill: "var(--treat-soft)", stroke: "var(--treat)", strokeOpacity: 0.5 }),
    bar("other", { fill: "var(--other-soft)", stroke: "var(--soft)", strokeOpacity: 0.4 }),
    bar("gap", { fill: "var(--gap-soft)", stroke: "var(--tone-bad)", strokeDasharray: "2 2" }),
    bar("planned", { fill: "none", stroke: "var(--treat)", strokeWidth: 1.5, strokeDasharray: "5 3" }),
    bar("draft-other", { fill: "var(--other-soft)", stroke: "var(--soft)", strokeWidth: 2, strokeDasharray: "5 3" }),
    bar("draft", { fill: "var(--treat-soft)", stroke: "var(--treat)", strokeWidth: 2, strokeDasharray: "5 3" }),
    Plot.text(spans.filter((mark) => mark.text && wide(mark)), { x: (m) => new Date((+clamp(m.date) + +clamp(m.until)) / 2), y: 0.5, text: "text", fontSize: 11, fill: "var(--tone-bad)" }),
    words("start"),
    words("end"),
    over,
    Plot.dot(points, {
      x: (m) => date(m.date), y: stacked, sort: null, symbol: (m) => ({ fracture: "triangle", due: "diamond", event: "square" })[m.kind] ?? "circle",
      r: { value: (m) => ({ dose: 4.5, due: 5.5, fracture: 6 })[m.kind] ?? 4.5, scale: null }, fill: (m) => (m.kind === "dose" ? "var(--treat)" : tone(m)), stroke: "var(--surface)", strokeWidth: 1, render: reachable(points, bind),
    }),
  ];
}

/**
 * Where the things of a strip stand, and their words: `of` a mark {row, lift, side, words}. On as few rows as all words need; things
 * of one day stand above each other, none beside its day. Where not all words find room, on the rows that show most of them; the
 * others are `listed`, each under a number.
 */
function labels(strip, axis, width) {
  const points = strip.marks.filter((mark) => mark.date && !mark.until && date(mark.date) >= axis.from && date(mark.date) <= axis.to);
  const lifts = stack(points);
  const most = strip.key === "ahead" ? ROWS : 2;
  let best = null;
  for (let rows = 1; rows <= most; rows += 1) {
    const { of, listed } = placed(points, axis, width, rows, lifts);
    if (!best || listed.length < best.listed.length) best = { points, rows, of, listed, deep: Math.max(1, ...[...lifts.values()].map((each) => each.count)) };
  }
  for (const { number, mark } of best.listed) best.of.get(mark).words = String(number);
  return best;
}

/** Beside the marks as many words as fit whole and touch no other mark or word nor cross today, what is to come first; what is to
 * come is told on its side of today. */
function placed(points, axis, width, rows, lifts) {
  const scale = width / (axis.to - axis.from);
  const place = (mark) => (date(mark.date) - axis.from) * scale;
  const today = (axis.today - axis.from) * scale;
  const along = [...points].sort((a, b) => place(a) - place(b));
  const days = [...new Set(along.map((mark) => (mark.kind === "due" ? mark : mark.date)))];
  const apart = rows >= 2 * days.length ? 2 : 1; // room over each
  const row = new Map(along.map((mark) => [mark, (days.indexOf(mark.kind === "due" ? mark : mark.date) * apart + apart - 1) % rows]));
  const taken = along.map((mark) => ({ row: row.get(mark), from: place(mark) - 7, to: place(mark) + 7 }));
  const coming = (mark) => date(mark.date) >= axis.today;
  const free = (mark, from, to, at = row.get(mark)) => from >= (coming(mark) ? today : 0) && to <= width + SPILL && (from >= today || to <= today) && taken.every((each) => each.row !== at || to < each.from || from > each.to);
  const of = new Map();
  const without = [];
  for (const mark of along.sort((a, b) => coming(b) - coming(a) || (coming(a) ? place(a) - place(b) : place(b) - place(a)))) {
    const x = place(mark);
    const sides = (words) => {
      const long = breadth(words) + 14;
      const found = [["start", x + 8, x + long], ["end", x - long, x - 8]];
      return coming(mark) ? found : found.reverse();
    };
    const beside = (words) => sides(words).find(([, from, to]) => free(mark, from, to));
    const words = mark.text ?? "";
    let found = words ? beside(words) : undefined;
    let at = row.get(mark);
    if (!found && words && coming(mark)) { // beside it there is no room: over or under it
      const long = breadth(words) + 4;
      const from = Math.max(today + 6, Math.min(x - long / 2, width - long));
      at = [at - 1, at + 1].find((each) => each >= 0 && each < rows && free(mark, from, from + long, each));
      if (at !== undefined) found = ["over", from, from + long];
    }
    if (!found && words) {
      found = beside("0") ?? sides("0")[0];
      without.push(mark);
    }
    if (found) taken.push({ row: at ?? row.get(mark), from: found[1], to: found[2] });
    of.set(mark, { row: row.get(mark), lift: lifts.get(mark).lift, side: found?.[0], words, over: { row: at, from: found?.[1] } });
  }
  const listed = without.sort((a, b) => place(a) - place(b)).map((mark, before) => ({ number: before + 1, mark }));
  return { of, listed };
}

/** Fractures and falls of one day stand above each other: `lift`, in steps around the middle, and their `count`. */
function stack(points) {
  const days = new Map();
  for (const mark of points) if (!["dose", "due"].includes(mark.kind)) days.set(mark.date, [...(days.get(mark.date) ?? []), mark]);
  return new Map(points.map((mark) => {
    const same = days.get(mark.date) ?? [];
    const order = same.indexOf(mark);
    return [mark, order < 0 ? { lift: 0, count: 1 } : { lift: (same.length - 1) / 2 - order, count: same.length }];
  }));
}

/** A render transform that hands each element with its mark to `bind`. */
function reachable(data, bind) {
  return (index, scales, channels, dimensions, context, next) => {
    const group = next(index, scales, channels, dimensions, context);
    [...group.children].forEach((element, place) => bind(element, data[index[place]]));
    return group;
  };
}
