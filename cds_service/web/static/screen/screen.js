// The whole patient on one screen: the decision bar, the one picture, the cards. Takes what the service answered and draws it;
// whose patient it is and what becomes of a choice is the business of the page around it.

import { drawBar } from "./bar.js";
import { drawCard, evidence } from "./cards.js";
import { copy } from "./copy.js";
import { h, t } from "./dom.js";
import { note } from "./note.js";
import { onPaper } from "./paper.js";
import { drawPicture } from "./picture.js";

let drawn = null;

/**
 * Draw into `place`: `told` is the screen of the service, `cards` its cards, `done` those that are decided upon. `page` is what the
 * page around it adds, all of it optional: `live(card, root)` gives what it does with a card, `{accept, override}`; without it the
 * cards are only to be read. `above`: where the bar goes instead, if a page puts something between the bar and the rest. `who`,
 * `content`, `assumed`: whose record in words, the content version and what is assumed; `decided`: what was decided here, as
 * [{code, title, label, reason}].
 */
export function drawScreen(place, told, cards, page = {}, done = []) {
  drawn?.destroy();
  const lead = cards.find((card) => card.summary === told.lead.head); // what comes today stands first in the list, too
  const listed = lead ? [lead, ...cards.filter((card) => card !== lead)] : cards;
  const { live, above, who = "", content = "", assumed = "", decided = [] } = page;
  const visit = { told, who, content, assumed, decided };
  const open = new Set([...place.querySelectorAll(".card > details[open]")].map((each) => each.parentElement.dataset.code));
  const picture = h("section", { class: "over-time", "aria-labelledby": "picture-title" }, h("header", {}, h("h2", { id: "picture-title" }, t("picture.title")), h("p", { class: "hint" }, t("picture.help"))));
  const drawing = h("div", {});
  picture.append(drawing);
  const list = h("section", { class: "answers", id: "cards", "aria-labelledby": "cards-title" }, h("h2", { id: "cards-title" }, cards.length ? t("cards.count", { count: cards.length }) : t("cards.title")));
  const roots = new Map();
  const light = (card) => drawn.light(card ? evidence(card) : [], card?.source?.topic?.code);
  const put = (card, starts, settled) => {
    const copy = (button) => copied(button, [card], visit);
    const root = drawCard(card, { point: light, note: copy, head: told.heads[card.summary], open: starts, decided: decided.filter((each) => each.code === card.source?.topic?.code), ...(settled ? {} : live?.(card, () => roots.get(card)) ?? {}) });
    roots.set(card, root);
    list.append(root);
  };
  for (const [order, card] of listed.entries()) put(card, order === 0 || card === cards[0] || card.indicator === "critical" || open.has(card.source?.topic?.code));
  if (done.length) list.append(h("h2", { class: "settled" }, t("cards.done", { count: done.length })));
  for (const card of done) put(card, false, true);
  const show = (card) => {
    const root = roots.get(card);
    root.querySelector("details").open = true;
    root.scrollIntoView({ block: "nearest" });
    root.querySelector("summary").focus({ preventScroll: true });
  };
  const take = (card, suggestion) => roots.get(card).querySelector(`[data-suggestion="${CSS.escape(suggestion.uuid)}"]`).click();
  const all = (button) => copied(button, [...listed, ...done], visit);
  const bar = drawBar(cards, told, { open: show, take: live && take, note: all, decided, assumed });
  above?.replaceChildren(bar.root);
  place.replaceChildren(above ? "" : bar.root, h("div", { class: `split${cards.length + done.length ? "" : " alone"}` }, picture, cards.length + done.length ? list : ""));
  drawn = drawPicture(drawing, told);
  bar.fit();
  onceFitted = bar.fit;
}

async function copied(button, cards, visit) {
  await copy(note(cards, visit));
  button.textContent = t("inspect.copied");
}

let onceFitted = () => {};
addEventListener("resize", () => requestAnimationFrame(() => onceFitted()));
onPaper(() => [...document.querySelectorAll(".screen details:not(.table)")]);
