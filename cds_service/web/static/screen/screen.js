// The whole patient on one screen: the decision bar, the one picture, the cards. Takes what the service answered and draws it;
// whose patient it is and what becomes of a choice is the business of the page around it.

import { drawBar } from "./bar.js";
import { drawCard, evidence } from "./cards.js";
import { h, t } from "./dom.js";
import { drawPicture } from "./picture.js";

let drawn = null;

/**
 * Draw into `place`: `told` is the screen of the service, `cards` its cards. `on(card, root)` gives what the page does with a card:
 * `{accept, override}`; without it the cards are only to be read. `above`: where the bar goes instead, if a page puts something
 * between the bar and the rest.
 */
export function drawScreen(place, told, cards, on, above) {
  drawn?.destroy();
  const picture = h("section", { class: "over-time", "aria-labelledby": "picture-title" }, h("header", {}, h("h2", { id: "picture-title" }, t("picture.title")), h("p", { class: "hint" }, t("picture.help"))));
  const drawing = h("div", {});
  picture.append(drawing);
  const list = h("section", { class: "answers", id: "cards", "aria-labelledby": "cards-title" }, h("h2", { id: "cards-title" }, cards.length ? t("cards.count", { count: cards.length }) : t("cards.title")));
  const roots = new Map();
  const light = (card) => drawn.light(card ? evidence(card) : []);
  for (const [order, card] of cards.entries()) {
    const root = drawCard(card, { point: light, open: order === 0 || card.indicator === "critical", ...(on?.(card, () => roots.get(card)) ?? {}) });
    roots.set(card, root);
    list.append(root);
  }
  const show = (card) => {
    const root = roots.get(card);
    root.querySelector("details").open = true;
    root.scrollIntoView({ block: "nearest" });
    root.querySelector("summary").focus({ preventScroll: true });
  };
  const take = (card, suggestion) => {
    show(card);
    roots.get(card).querySelector(`[data-suggestion="${CSS.escape(suggestion.uuid)}"]`).click();
  };
  const bar = drawBar(cards, told, { open: show, take: on && take });
  above?.replaceChildren(bar);
  place.replaceChildren(above ? "" : bar, h("div", { class: `split${cards.length ? "" : " alone"}` }, picture, cards.length ? list : ""));
  drawn = drawPicture(drawing, told);
}
