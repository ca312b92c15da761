// The decision bar: what to do now, whether that is safe, what comes next.

import { h, t } from "./dom.js";

const ICONS = { ok: "✓", warn: "!", stop: "✕", unknown: "?" };
const AHEAD = 4;

const LABELED = 5; // columns from which on they wrap

/** `cards` as the service gave them, `told` the screen; `on.take(card, suggestion)` and `on.open(card)` lead to the card. */
export function drawBar(cards, told, on) {
  const parts = [now(cards, told.order, on), ...safe(told.safe), next(told.next)];
  return h("section", { class: `bar of-${Math.min(parts.length, LABELED)}`, "aria-label": t("bar.title") }, parts);
}

function now(cards, wanted, on) {
  const [first] = cards;
  if (!first) return h("div", { class: "now calm" }, h("h2", {}, t("bar.now")), h("p", { class: "advice" }, t("cards.none")), h("p", { class: "soft" }, t("cards.none-why")));
  const root = h("div", { class: `now ${first.indicator}` }, h("h2", {}, t("bar.now"), " ", h("span", { class: `mark ${first.indicator}` }, t(`indicator.${first.indicator}`))));
  root.append(h("p", { class: "advice" }, h("a", { href: "#cards", onclick: (event) => { event.preventDefault(); on.open(first); } }, first.summary)));
  if (!on.take) return root;
  const { owner, order } = orderOf(cards, wanted);
  const choices = first.suggestions?.length ?? 0;
  const look = (text) => h("p", { class: "soft" }, h("a", { href: "#cards", onclick: (event) => { event.preventDefault(); on.open(first); } }, text));
  if (!order) return choices ? fill(root, look(t("bar.choices", { count: choices }))) : root;
  const button = h("button", { type: "button", class: "button primary order", "data-order": order.uuid, onclick: () => on.take(owner, order) }, order.label);
  root.append(h("p", { class: "row" }, button));
  if (owner !== first) return choices ? fill(root, look(t("bar.choices", { count: choices }))) : root;
  return choices > 1 ? fill(root, look(t("bar.more", { count: choices - 1 }))) : root;
}

function fill(root, ...more) {
  root.append(...more);
  return root;
}

/** The first order, only if it is recommended: that of the first card, or of the one that holds it (`wanted`, its label). */
function orderOf(cards, wanted) {
  const own = cards[0].suggestions?.find((each) => each.isRecommended);
  if (own) return { owner: cards[0], order: own };
  const holds = (card) => card.suggestions?.find((each) => each.label === wanted);
  const owner = cards.find(holds) ?? cards[0];
  return { owner, order: holds(owner) };
}

function safe(found) {
  return found.map((each) => {
    const valued = each.checks.filter((check) => check.said || check.result !== "ok");
    const clear = each.checks.filter((check) => !valued.includes(check));
    const list = h("ul", { class: "checks" }, valued.map(line));
    if (clear.length) {
      const names = h("ul", { class: "checks" }, clear.map(line));
      list.append(h("li", { class: "ok clear" }, h("details", {}, h("summary", {}, icon("ok"), t("bar.all-clear", { count: clear.length })), names)));
    }
    return h("div", { class: "safe" }, h("h2", {}, each.drug ? t("bar.safe-of", { drug: each.drug }) : t("bar.safe")), list);
  });
}

function icon(result) {
  return [h("i", { class: `icon ${result}`, "aria-hidden": "true" }, ICONS[result]), h("span", { class: "hidden" }, `${t(`safe.${result}`)}: `)];
}

function line(check) {
  const said = check.said && h("strong", {}, check.said);
  const day = check.day && h("span", { class: "day" }, check.day);
  return h("li", { class: check.result }, icon(check.result), h("span", { class: "what" }, check.code && check.said ? t("bar.says", { title: check.title }) : check.title), " ", said || "", " ", day || "");
}

function next(told) {
  const item = (each) => h("li", { class: each.tone ?? "" }, h("span", { class: "day" }, each.day), " ", h("span", {}, each.what));
  const list = told.length ? h("ul", { class: "ahead" }, told.slice(0, AHEAD).map(item)) : h("p", { class: "soft" }, t("bar.nothing-ahead"));
  return h("div", { class: "next" }, h("h2", {}, t("bar.next")), list);
}
