// Drugs as bars with a mark for each dose and the covered period, fractures as marks, today as a line. SVG on the charts' axis.

import { day, h, svg, t } from "./dom.js";
import { LEFT } from "./panel.js";

const RIGHT = 10;
const LANE = 40;
const seconds = (iso) => Date.parse(`${iso}T00:00:00Z`) / 1000;

export function drawLanes(place, told, range) {
  const tip = h("div", { class: "tip", hidden: true });
  const holder = h("div", {});
  const root = h("figure", { class: "panel", role: "group", "aria-label": t("timeline.drugs") }, h("h3", {}, t("timeline.drugs")), holder, tip);
  root.style.marginInline = "0";
  place.append(root);
  let marks = [];
  const draw = () => (marks = paint(holder, root, tip, told, range));
  const resize = new ResizeObserver(draw);
  resize.observe(root);
  draw();
  return {
    light(lit) {
      for (const each of marks) each.element.classList.toggle("lit", each.test(lit));
    },
    destroy: () => resize.disconnect(),
  };
}

function paint(holder, root, tip, told, range) {
  const width = root.clientWidth || 400;
  const undated = told.fractures.filter((each) => !each.date);
  const lanes = told.courses.length + (told.fractures.length ? 1 : 0);
  const height = lanes * LANE + 20;
  const at = (iso) => LEFT + ((Math.min(Math.max(seconds(iso), range[0]), range[1]) - range[0]) / (range[1] - range[0])) * (width - LEFT - RIGHT);
  const picture = svg("svg", { class: "lanes", viewBox: `0 0 ${width} ${height}`, height, "aria-hidden": "true" });
  const marks = [];
  const show = (element, ...lines) => {
    element.addEventListener("mouseenter", (event) => tell(tip, root, event, lines));
    element.addEventListener("mouseleave", () => (tip.hidden = true));
    return element;
  };

  told.courses.forEach((course, place) => {
    const top = place * LANE;
    const group = svg("g", { class: course.forBone ? "" : "other" });
    const state = course.injected && course.coveredUntil && course.state ? t("timeline.covered", { day: day(course.coveredUntil) }) : "";
    group.append(svg("text", { x: LEFT, y: top + 12 }, course.label, svg("tspan", { class: "soft", dx: 6 }, [course.state, state].filter(Boolean).join(" · "))));
    group.append(svg("line", { class: "grid", x1: LEFT, x2: width - RIGHT, y1: top + 25, y2: top + 25 }));
    for (const [from, to] of course.spans) {
      const bar = svg("rect", { class: "span", x: at(from), y: top + 18, width: Math.max(at(to) - at(from), 3), height: 14, rx: 3 });
      group.append(show(bar, course.label, `${day(from)} – ${day(to)}`, course.assumed ? t("timeline.assumed") : "", course.sources[0] ?? ""));
    }
    if (course.gapFrom) {
      const gap = svg("line", { class: "gap", x1: at(course.gapFrom), x2: at(told.today), y1: top + 25, y2: top + 25 });
      group.append(show(gap, course.label, t("timeline.gap", { day: day(course.gapFrom) })));
    }
    for (const date of course.doses) {
      const dose = svg("circle", { class: "dose", cx: at(date), cy: top + 25, r: 4.5 });
      group.append(show(dose, course.label, t("timeline.dose"), day(date)));
      marks.push({ element: dose, test: (lit) => lit.evidence.some((e) => course.sources.includes(e.reference) && e.date === date) });
    }
    marks.push({ element: group, test: (lit) => lit.evidence.length > 0 && lit.source(course.sources) });
    picture.append(group);
  });

  if (told.fractures.length) {
    const top = told.courses.length * LANE;
    const note = undated.map((each) => `${each.label}: ${t("timeline.undated")}`).join("; ");
    picture.append(svg("text", { x: LEFT, y: top + 12 }, t("timeline.fractures"), svg("tspan", { class: "soft", dx: 6 }, note)));
    picture.append(svg("line", { class: "grid", x1: LEFT, x2: width - RIGHT, y1: top + 27, y2: top + 27 }));
    for (const each of told.fractures.filter((one) => one.date)) {
      const x = at(each.date);
      const mark = svg("path", { class: "fracture", d: `M${x} ${top + 19} l7 13 h-14 z` });
      picture.append(show(mark, each.label, day(each.date), each.source));
      marks.push({ element: mark, test: (lit) => lit.has(each.source, null) });
      const end = x > width * 0.7;
      picture.append(svg("text", { class: "soft", x: end ? x - 10 : x + 10, y: top + 31, "text-anchor": end ? "end" : "start" }, each.label));
    }
  }
  const x = at(told.today);
  picture.append(svg("line", { class: "today", x1: x, x2: x, y1: 16, y2: height - 14 }), svg("text", { class: "soft", x, y: height - 2, "text-anchor": x > width - 60 ? "end" : "middle" }, t("timeline.today")));
  holder.replaceChildren(picture);
  return marks;
}

function tell(tip, root, event, lines) {
  const box = root.getBoundingClientRect();
  tip.hidden = false;
  tip.replaceChildren(h("b", {}, lines[0]), ...lines.slice(1).filter(Boolean).flatMap((line) => [h("br"), line]));
  const x = event.clientX - box.left;
  const right = x > box.width / 2;
  tip.style.left = right ? "" : `${x + 12}px`;
  tip.style.right = right ? `${box.width - x + 12}px` : "";
  tip.style.top = `${event.clientY - box.top + 12}px`;
}
