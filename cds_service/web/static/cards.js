// A card as an EHR would draw it: indicator by color and word, detail as Markdown, suggestions, reasons to set it aside, links.

import { h, markdown, t } from "./dom.js";

const EVIDENCE = "org.osteoporosis-cds.evidence";

/** What of the record a card rests on. */
export const evidence = (card) => card.extension?.[EVIDENCE] ?? [];

/**
 * One card. `on.accept(suggestion, button)`, `on.override(reason, comment)` and `on.point(card or null)`, where it is given,
 * are what the page does; a card without `on.accept` is only to be read.
 */
export function drawCard(card, on = {}) {
  const root = h("article", { class: `card ${card.indicator}`, "data-code": card.source?.topic?.code });
  const head = h("p", { class: "row" }, h("span", { class: `mark ${card.indicator}` }, t(`indicator.${card.indicator}`)),
    h("span", { class: "topic" }, card.source?.topic?.display ?? ""));
  head.style.margin = "0";
  root.append(head, h("h3", {}, card.summary));
  if (card.detail) root.append(h("details", { open: Boolean(on.accept) && card.indicator === "critical" }, h("summary", {}, t("cards.more")), markdown(card.detail)));
  if (on.accept && card.suggestions?.length) root.append(...suggestions(card, on));
  root.append(from(card));
  if (on.override) root.append(override(card, on, root));
  if (on.point) {
    // Whatever the way in: mouse, finger or keyboard.
    for (const kind of ["mouseenter", "focusin"]) root.addEventListener(kind, () => on.point(card));
    for (const kind of ["mouseleave", "focusout"]) root.addEventListener(kind, () => on.point(null));
  }
  return root;
}

function suggestions(card, on) {
  const any = card.selectionBehavior === "any";
  const box = h("div", { class: "suggestions", role: "group", "aria-label": t("cards.suggestions") });
  for (const each of card.suggestions) {
    const flag = each.isRecommended && h("span", { class: "flag" }, t("cards.recommended"));
    const button = h("button", { type: "button", class: `button${each.isRecommended ? " recommended" : ""}` }, h("span", {}, each.label), flag);
    button.addEventListener("click", () => {
      button.classList.add("taken");
      for (const other of any ? [button] : box.querySelectorAll("button")) other.disabled = true;
      on.accept(each);
    });
    box.append(button);
  }
  return [h("p", { class: "choose" }, t(any ? "cards.any" : "cards.one")), box];
}

function from(card) {
  const label = t("cards.source", { label: card.source.label });
  const source = card.source.url ? h("a", { href: card.source.url, rel: "noreferrer" }, label) : h("span", {}, label);
  const links = (card.links ?? []).filter((link) => /^https?:/.test(link.url)).map((link) => h("a", { href: link.url, rel: "noreferrer" }, link.label));
  return h("p", { class: "from" }, source, ...links);
}

function override(card, on, root) {
  const open = h("button", { type: "button", class: "button quiet", "aria-expanded": "false" }, t("cards.override"));
  const name = `reason-${card.uuid}`;
  const reasons = (card.overrideReasons ?? []).map((reason, place) =>
    h("label", {}, h("input", { type: "radio", name, value: place, checked: place === 0 }), " ", reason.display));
  const comment = h("textarea", { rows: "2", id: `comment-${card.uuid}` });
  const send = h("button", { type: "submit", class: "button primary" }, t("cards.override-send"));
  const cancel = h("button", { type: "button", class: "button" }, t("cards.cancel"));
  const form = h("form", { hidden: true }, h("fieldset", { class: "override" }, h("legend", {}, t("cards.override-why")), reasons,
    h("label", { for: `comment-${card.uuid}` }, t("cards.comment")), comment, h("p", { class: "row" }, send, cancel)));
  const show = (shown) => {
    form.hidden = !shown;
    open.setAttribute("aria-expanded", String(shown));
    if (shown) form.querySelector("input, textarea").focus();
    else open.focus();
  };
  open.addEventListener("click", () => show(form.hidden));
  cancel.addEventListener("click", () => show(false));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const chosen = form.querySelector("input:checked");
    form.hidden = open.hidden = true;
    root.classList.add("set-aside");
    for (const button of root.querySelectorAll(".suggestions button")) button.disabled = true;
    on.override(chosen ? card.overrideReasons[Number(chosen.value)] : null, comment.value.trim());
  });
  return h("div", {}, open, form);
}

/** Mark what was decided on the card itself. */
export function decided(root, text) {
  root.querySelector(".verdict")?.remove();
  root.querySelector("form")?.parentElement.remove();
  root.append(h("p", { class: "verdict" }, text));
}
