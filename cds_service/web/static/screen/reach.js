// Points of the picture by mouse, finger and keyboard: one tab stop, arrow keys from point to point, and what each is in a tip.

import { h } from "./dom.js";

/** What a mark is, in words: for the tip, for screen readers, for the table. */
export const words = (mark) => [mark.title, mark.said, mark.day, mark.note].filter(Boolean);

/** Reach for the marks within `root`. `bind(element, mark, strip)` makes one reachable; `refresh()` follows a new drawing. */
export function reach(root) {
  const tip = h("div", { class: "tip", hidden: true, "aria-hidden": "true" });
  let points = [];
  let current = "";

  function bind(element, mark, strip) {
    element.setAttribute("role", "img");
    element.setAttribute("aria-label", words(mark).join(", "));
    element.setAttribute("tabindex", "-1");
    element.setAttribute("data-mark", mark.id);
    element.classList.add("point");
    points.push({ element, mark, strip });
    element.addEventListener("mouseenter", () => tell(element, mark));
    element.addEventListener("mouseleave", hide);
    element.addEventListener("focus", () => {
      stop(mark.id);
      tell(element, mark);
    });
    element.addEventListener("blur", hide);
    element.addEventListener("click", () => tell(element, mark));
  }

  function tell(element, mark) {
    const [title, ...rest] = words(mark);
    tip.replaceChildren(h("b", {}, title), ...rest.flatMap((line) => [h("br"), line]));
    tip.hidden = false;
    const box = element.getBoundingClientRect(), around = root.getBoundingClientRect();
    const middle = box.left + Math.min(box.width, 24) / 2 - around.left;
    const left = Math.min(Math.max(middle - tip.offsetWidth / 2, 4), around.width - tip.offsetWidth - 4);
    const above = box.top - around.top - tip.offsetHeight - 8;
    tip.style.left = `${left}px`;
    tip.style.top = `${above < 0 ? box.bottom - around.top + 8 : above}px`;
  }

  const hide = () => (tip.hidden = true);

  function stop(id) {
    current = id;
    for (const each of points) each.element.setAttribute("tabindex", each.mark.id === id ? "0" : "-1");
  }

  function move(event) {
    const here = points.find((each) => each.element === document.activeElement);
    if (!here) return;
    if (event.key === "Escape") return hide();
    const next = target(event.key, here);
    if (next === undefined) return;
    event.preventDefault();
    next?.element.focus();
  }

  /** The point that a key leads to: along the strip by day, or to the strip above or below, to the day nearest. */
  function target(key, here) {
    const strips = [...new Set(points.map((each) => each.strip))];
    const along = points.filter((each) => each.strip === here.strip).sort((a, b) => (a.mark.date ?? "").localeCompare(b.mark.date ?? ""));
    const place = along.indexOf(here);
    if (key === "ArrowRight") return along[place + 1] ?? null;
    if (key === "ArrowLeft") return along[place - 1] ?? null;
    if (key === "Home") return along[0];
    if (key === "End") return along.at(-1);
    const step = { ArrowDown: 1, ArrowUp: -1 }[key];
    if (!step) return undefined;
    const other = strips[strips.indexOf(here.strip) + step];
    const day = Date.parse(here.mark.date || "2000-01-01");
    const far = (each) => Math.abs(Date.parse(each.mark.date || "2000-01-01") - day);
    return points.filter((each) => each.strip === other).sort((a, b) => far(a) - far(b))[0] ?? null;
  }

  root.addEventListener("keydown", move);
  root.append(tip);
  return {
    bind,
    clear() {
      points = [];
      hide();
    },
    /** The strips in the order in which they stand, and one tab stop: where the reader was, else the newest thing of all. */
    refresh() {
      points.sort((a, b) => (a.element.compareDocumentPosition(b.element) & Node.DOCUMENT_POSITION_FOLLOWING ? -1 : 1));
      const kept = points.find((each) => each.mark.id === current) ?? points[0];
      if (kept) stop(kept.mark.id);
    },
    get points() {
      return points;
    },
  };
}
