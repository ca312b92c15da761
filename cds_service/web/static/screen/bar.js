// The decision bar: what to do now, whether that is safe, what comes next.

import { day, h, t } from "./dom.js";

const ICONS = { ok: "✓", warn: "!", stop: "✕", unknown: "?" };
const AHEAD = 5; // days that are named under Next
const NAMED = 2; // other options that are named

const SMALL = "(max-width: 40rem)";
const LABELED = 5; // columns from which on they wrap

/** `cards` as the service gave them, `told` the screen; `on.take(card, suggestion)` and `on.open(card)` lead to the card. */
export function drawBar(cards, told, on) {
  const parts = [now(cards, told, on), ...safe(told.safe), next(told)];
  return h("section", { class: `bar of-${Math.min(parts.length, LABELED)}`, "aria-label": t("bar.title") }, parts);
}

/** What comes first, and beside it every other card that is critical or would have a draft removed: whoever does as the bar says
 * must leave nothing on the desk that is not to be signed. Where the first order is for a later day, what leads is today's. */
function now(cards, told, on) {
  const [first, ...others] = cards;
  const title = (...more) => h("h2", {}, t("bar.now"), " ", h("span", { class: "day" }, day(told.today)), " ", ...more);
  if (!first) return h("div", { class: "now calm" }, title(), h("p", { class: "advice" }, t("cards.none")), h("p", { class: "soft" }, t("cards.none-why")));
  const { owner, order } = orderOf(cards, told.order);
  const lead = cards.find((card) => card.summary === told.lead.head);
  const also = others.filter((card) => card !== lead && (card.indicator === "critical" || removal(recommended(card))));
  const root = h("div", { class: `now ${first.indicator}${also.length ? " several" : ""}` }, title(h("span", { class: `mark ${first.indicator}` }, t(`indicator.${first.indicator}`))));
  if (lead) root.append(advice(lead, told, on), ...offers(lead, lead, labeled(lead, told.lead.order), told, on));
  const main = [advice(first, told, on), told.step && !also.length && !lead ? h("p", { class: "step" }, told.step) : "", ...offers(first, owner, order, told, on, lead && "quiet")];
  root.append(...(lead ? [h("div", { class: "then" }, main)] : main));
  for (const card of also) root.append(advice(card, told, on), ...(card === owner ? [] : offers(card, card, recommended(card), told, on)));
  const late = told.next.filter((each) => past(each, told));
  if (late.length) root.append(h("ul", { class: "ahead late" }, late.map(item)));
  return root;
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
  if (rest.length) found.push(h("p", { class: "soft" }, lookAt(card, rest, told, order && owner === card ? (card.selectionBehavior === "any" ? "bar.also" : "bar.more") : "bar.choices", on)));
  return found;
}

function lookAt(card, rest, told, phrase, on) {
  const more = rest.length > NAMED ? ` +${rest.length - NAMED}` : "";
  return look(card, t(phrase, { what: rest.slice(0, NAMED).map((each) => told.names[each.label] ?? each.label).join(t("bar.between")) }) + more, on);
}

const labeled = (card, label) => card.suggestions?.find((each) => each.isRecommended && each.label === label);

/** The first order (`wanted`, its label), only if it is recommended, and the card that holds it; else what the first card recommends. */
function orderOf(cards, wanted) {
  const owner = cards.find((card) => labeled(card, wanted));
  return owner ? { owner, order: labeled(owner, wanted) } : { owner: cards[0], order: recommended(cards[0]) };
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
    const verdict = each.word && h("strong", { class: `word ${each.verdict}` }, each.word);
    const head = h("h2", {}, each.drug ? t("bar.safe-of", { drug: each.drug }) : t("bar.safe"), " ", verdict || "");
    const open = found.length < 2 || !matchMedia(SMALL).matches; // of several drugs there is no room for all reasons on a phone
    return h("div", { class: "safe" }, h("details", { open }, h("summary", {}, head), list));
  });
}

function icon(result) {
  return [h("i", { class: `icon ${result}`, "aria-hidden": "true" }, ICONS[result]), h("span", { class: "hidden" }, `${t(`safe.${result}`)}: `)];
}

function line(check) {
  const said = check.said && h("strong", {}, check.said);
  const when = check.day && h("span", { class: "day" }, check.day);
  return h("li", { class: check.result }, icon(check.result), h("span", { class: "what" }, check.code && check.said ? t("bar.says", { title: check.title }) : check.title), " ", said || "", " ", when || "");
}

const past = (each, told) => Boolean(each.date) && each.date < told.today;
const item = (each) => h("li", { class: each.tone ?? "" }, h("span", { class: "day" }, each.day), " ", h("span", {}, each.what));

/** What is to come, by day; what is past stands under Now. */
function next(told) {
  const days = new Map();
  for (const each of told.next.filter((one) => !past(one, told))) days.set(each.day, [...(days.get(each.day) ?? []), each]);
  const items = [...days.values()].map((found) => h("li", { class: found[0].tone ?? "" }, h("span", { class: "day" }, found[0].day), " ", h("div", {}, found.map((each) => h("span", { class: "thing" }, each.what)))));
  const root = h("div", { class: "next" }, h("h2", {}, t("bar.next")));
  if (!items.length) return fill(root, h("p", { class: "soft" }, t("bar.nothing-ahead")));
  root.append(h("ul", { class: "ahead" }, items.slice(0, AHEAD)));
  if (items.length > AHEAD) root.append(h("details", { class: "later" }, h("summary", {}, t("bar.later", { count: items.length - AHEAD })), h("ul", { class: "ahead" }, items.slice(AHEAD))));
  return root;
}

function fill(root, ...more) {
  root.append(...more);
  return root;
}
