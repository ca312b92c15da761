// Elements, words and small helpers. Text always goes in as text, never as HTML.

const config = JSON.parse(document.getElementById("config").textContent);
export default config;

/** A phrase of the page with its {places} filled. */
export function t(key, values = {}) {
  const phrase = config.words[key];
  if (phrase === undefined) throw new Error(`no phrase ${key}`);
  return phrase.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
}

/** An element: properties that start with "on" are listeners, the others attributes; null and false leave one out. */
export function h(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

/** The same in SVG. */
export function svg(tag, attributes = {}, ...children) {
  return fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** An ISO date as the reader's language writes it. */
export function day(iso) {
  if (!iso) return t("timeline.undated");
  const locale = config.language === "zh" ? "zh-CN" : "en-GB";
  return new Date(`${iso}T00:00:00Z`).toLocaleDateString(locale, { year: "numeric", month: "short", day: "numeric", timeZone: "UTC" });
}

/** JSON as a block that can be reached and scrolled by keyboard. */
export function code(value, label) {
  return h("pre", { tabindex: "0", "aria-label": label, role: "region" }, typeof value === "string" ? value : JSON.stringify(value, null, 2));
}

/** Detail of a card: GitHub Markdown to nodes. HTML in it stays text, and pictures are not loaded. */
export function markdown(text) {
  const render = window.markdownit({ html: false, linkify: false }).disable("image");
  const parsed = new DOMParser().parseFromString(render.render(text), "text/html");
  for (const link of parsed.querySelectorAll("a")) link.rel = "noreferrer";
  return h("div", { class: "detail" }, ...parsed.body.childNodes);
}
