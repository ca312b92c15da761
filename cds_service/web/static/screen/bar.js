// The decision bar: what to do now, whether that is safe, what comes next.

import { day, h, t } from "./dom.js";
import { drawNext, late } from "./next.js";
import { drawSafe } from "./safe.js";

const NAMED = 2; // other options that are named
const EDGE = 6; // pixels below the last line
const LABELED = 5; // columns from which on they wrap

/** How much is told at once, most first: things that come, and of what was checked everything, only what is not fine, or only the
 * answer; last, which other options a card holds, is left to the cards. All else is there to unfold. */
const ROOM = [{ next: 6, checks: "all" }, { next: 4, checks: "all" }, { next: 2, checks: "all" }, { next: 2, checks: "odd" }, { next: 1, checks: "odd" }, { next: 1, checks: "none" }, { next: 1, checks: "none", terse: true }];

/**
 * `cards` as the service gave them, `told` the screen; `on.take(card, suggestion)` and `on.open(card)` lead to the card,
 * `on.note(button)` copies, `on.decided` is what was decided, `on.assumed` what is assumed. The bar, and `fit()`, which tells as
 * much as the window has room for.
 */
export function drawBar(cards, told, on) {
  const first = now(cards, told, on);
  const root = h("section", { class: `bar of-${Math.min(1 + Math.max(told.safe.length, 1) + 1, LABELED)}`, "aria-label": t("bar.title") }, first);
  const toSign = on.decided.filter((each) => each.unsigned).map((each) => ({ what: t("bar.sign", each), day: t("bar.now") }));
  const draw = ({ next, checks, terse = false }) => {
    root.classList.toggle("terse", terse);
    root.replaceChildren(first, ...told.safe.map((each) => drawSafe(each, checks)), drawNext(told, next, toSign, stepOf(told)));
  };
  draw(ROOM[0]);
  const fit = () => {
    const read = [...root.children].slice(1).some((part) => part.contains(document.activeElement)); // nothing moves under the reader
    if (read || !root.isConnected || matchMedia("print").matches) return;
    for (const room of ROOM) {
      draw(room);
      if (root.querySelector(".next").lastElementChild.getBoundingClientRect().bottom + scrollY + EDGE <= innerHeight) return;
    }
  };
  return { root, fit };
}

/** What comes first, and beside it every other card that is critical or would have a draft removed: whoever does as the bar says
 * must leave nothing on the desk that is not to be signed, and see what holds drugs back. Where the first order is for a later day, what leads is today's. */
function now(cards, told, on) {
  const [first, ...others] = cards;
  const dated = h("span", { class: "day" }, day(told.today));
  const title = (...more) => h("h2", {}, t("bar.now"), " ", dated, " ", ...more, " ", on.assumed ? h("span", { class: "mark assumed" }, t("whatif.assumed")) : "");
  const noted = h("p", { class: "soft to-note" }, h("button", { type: "button", class: "link", onclick: (event) => on.note(event.currentTarget) }, t("bar.copy")));
  const stands = standing(on.decided);
  const weight = untilSigned(cards, on.decided);
  if (!first) {
    const calm = stands ? [h("p", { class: "advice" }, t("bar.nothing-left"))] : [h("p", { class: "advice" }, t("cards.none")), h("p", { class: "soft" }, t("cards.none-why"))];
    return h("div", { class: `now ${weight?.of ?? "calm"}` }, title(weight?.mark ?? ""), stands, ask(told), ...calm, overdue(told), noted);
  }
  const { owner, order } = orderOf(cards, told.order);
  const lead = cards.find((card) => card.summary === told.lead.head);
  const holding = (card) => told.holding.includes(card.source?.topic?.code);
  const also = others.filter((card) => card !== lead && (card.indicator === "critical" || removal(recommended(card)) || holding(card)));
  const mark = weight?.mark ?? h("span", { class: `mark ${first.indicator}` }, t(`indicator.${first.indicator}`));
  const root = h("div", { class: `now ${weight?.of ?? first.indicator}${also.length ? " several" : ""}` }, title(mark), stands, ask(told));
  if (lead) root.append(advice(lead, told, on), ...offers(lead, lead, labeled(lead, told.lead.order), told, on));
  const step = told.step && !also.length && !lead ? h("p", { class: "step" }, told.step.replace(/^- /, "")) : "";
  const after = step && told.asked; // what is asked first has no button to compete with
  const main = [advice(first, told, on), step, after && order && on.take ? h("p", { class: "step only-then" }, t("bar.then")) : "", ...offers(first, owner, order, told, on, lead || after)];
  root.append(...(lead ? [h("div", { class: "then" }, main)] : main));
  for (const card of also) root.append(advice(card, told, on), ...(card === owner ? [] : offers(card, card, recommended(card), told, on)));
  root.append(overdue(told), noted);
  return root;
}

/** The orders that were accepted here stand, until they are signed or taken off the desk; what a draft is for is not done with it. */
function standing(decided) {
  const orders = decided.filter((each) => each.label);
  const what = (each) => (each.unsigned && each.card?.indicator !== "info" ? h("div", { class: "soft" }, t("bar.for", each)) : "");
  const line = (each) => h("li", {}, h("i", { class: "icon", "aria-hidden": "true" }, each.unsigned ? "✎" : "✓"), h("strong", {}, each.label), " ", h("span", { class: "soft" }, t(each.unsigned ? "bar.stands" : "bar.done")), what(each));
  return orders.length ? h("div", { class: "stands", "data-unsigned": orders.some((each) => each.unsigned), role: "status", tabindex: "-1" }, h("ul", {}, orders.map(line))) : "";
}

const RANK = ["critical", "warning", "info"];

/** How urgent it stays until the drafts are signed, where what is left is less urgent; undefined where it is not. */
function untilSigned(cards, decided) {
  const rank = (card) => RANK.indexOf(card?.indicator ?? "info");
  const worst = Math.min(...decided.filter((each) => each.unsigned && each.card).map((each) => rank(each.card)), RANK.length);
  if (worst >= rank(cards[0]) || worst >= RANK.indexOf("info")) return undefined;
  const of = RANK[worst];
  return { of, mark: h("span", { class: `mark ${of}` }, t("bar.until-signed", { indicator: t(`indicator.${of}`) })) };
}

/** What was to be asked before a drug that is a draft now. */
const asks = (told) => told.next.find((each) => each.before);
const ask = (told) => (asks(told) ? h("p", { class: "step" }, asks(told).what) : "");
const stepOf = (told) => asks(told)?.what ?? told.step.replace(/^- /, "").replace(/[.。]+$/, "");

function overdue(told) {
  const found = late(told);
  return found.length ? h("ul", { class: "ahead late" }, found) : "";
}

const recommended = (card) => card.suggestions?.find((each) => each.isRecommended);

/** Whether taking a suggestion only takes something away. */
export const removal = (suggestion) => Boolean(suggestion?.actions?.length) && suggestion.actions.every((action) => action.type === "delete");

function advice(card, told, on) {
  return h("p", { class: "advice" }, look(card, told.heads[card.summary] ?? card.summary, on));
}

const look = (card, text, on) => h("a", { href: "#cards", onclick: (event) => { event.preventDefault(); on.open(card); } }, text);

/** The order of a card, and what else it holds. */
function offers(card, owner, order, told, on, quiet) {
  if (!on.take) return [];
  const rest = (card.suggestions ?? []).filter((each) => each !== order);
  const found = [];
  if (order) {
    const look = removal(order) ? "remove" : quiet ? "" : "primary";
    found.push(h("p", { class: "row" }, h("button", { type: "button", class: `button ${look} order`, "data-order": order.uuid, onclick: () => on.take(owner, order) }, order.label)));
  }
  if (rest.length) found.push(h("p", { class: "soft others" }, lookAt(card, rest, told, order && owner === card ? (card.selectionBehavior === "any" ? "bar.also" : "bar.more") : "bar.choices", on)));
  return found;
}

function lookAt(card, rest, told, phrase, on) {
  const more = rest.length > NAMED ? t("bar.and-more", { count: rest.length - NAMED }) : "";
  return look(card, t(phrase, { what: rest.slice(0, NAMED).map((each) => told.names[each.label] ?? each.label).join(t("bar.between")) }) + more, on);
}

const labeled = (card, label) => card.suggestions?.find((each) => each.isRecommended && each.label === label);

/** The first order (`wanted`, its label), only if it is recommended, and the card that holds it; else what the first card recommends. */
function orderOf(cards, wanted) {
  const owner = cards.find((card) => labeled(card, wanted));
  return owner ? { owner, order: labeled(owner, wanted) } : { owner: cards[0], order: recommended(cards[0]) };
}
