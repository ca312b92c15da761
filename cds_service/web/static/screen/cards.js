// A card as an EHR would draw it: indicator by color and word, suggestions, detail as Markdown, reasons to set it aside, links.

import { h, markdown, t } from "./dom.js";
import { removal } from "./bar.js";

const EVIDENCE = "org.osteoporosis-cds.evidence";

/** What of the record a card rests on. */
export const evidence = (card) => card.extension?.[EVIDENCE] ?? [];

/**
 * One card, a line until it is opened. `on.accept(suggestion, button)`, `on.override(reason, comment)` and `on.point(card or
 * null)`, where it is given, are what the page does; a card without `on.accept` is only to be read. `on.note(button)` copies it.
 * `on.head`: its line with more room; `on.open`: it starts open; `on.decided`: what was decided on it, as [{label, reason}].
 */
export function drawCard(card, on = {}) {
  const root = h("article", { class: `card ${card.indicator}`, "data-code": card.source?.topic?.code });
  const topic = h("span", { class: "topic" }, card.source?.topic?.display ?? "");
  const head = h("summary", {}, h("span", { class: `mark ${card.indicator}` }, t(`indicator.${card.indicator}`)), topic, h("h3", {}, on.head ?? card.summary));
  const detail = card.detail ? markdown(card.detail) : "";
  const verdicts = (on.decided ?? []).map((each) => h("p", { class: "verdict" }, each.label ? t("cards.accepted", each) : t("cards.overridden", each)));
  const offered = on.accept && card.suggestions?.length ? suggestions(card, on) : [];
  const body = h("div", { class: "card-body" }, ...verdicts, ...offered, detail, from(card), tools(card, on, root));
  root.append(h("details", { open: Boolean(on.open) }, head, body));
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
  const choice = card.suggestions.some((each) => !each.isRecommended); // where all are, saying so tells nothing
  for (const each of card.suggestions) {
    const flag = choice && each.isRecommended && h("span", { class: "flag" }, t("cards.recommended"));
    const button = h("button", { type: "button", class: `button${each.isRecommended ? " recommended" : ""}${removal(each) ? " remove" : ""}`, "data-suggestion": each.uuid }, h("span", {}, each.label), flag);
    button.addEventListener("click", () => {
      button.classList.add("taken");
      for (const other of any ? [button] : box.querySelectorAll("button")) other.disabled = true;
      on.accept(each);
    });
    box.append(button);
  }
  return card.suggestions.length > 1 ? [h("p", { class: "choose" }, t(any ? "cards.any" : "cards.one")), box] : [box];
}

function from(card) {
  const label = t("cards.source", { label: card.source.label });
  const source = card.source.url ? h("a", { href: card.source.url, rel: "noreferrer" }, label) : h("span", {}, label);
  const links = (card.links ?? []).filter((link) => /^https?:/.test(link.url)).map((link) => h("a", { href: link.url, rel: "noreferrer" }, link.label));
  return h("p", { class: "from" }, source, ...links);
}

/** To copy the card, and to set it aside. */
function tools(card, on, root) {
  const copy = on.note && h("button", { type: "button", class: "button quiet", onclick: (event) => on.note(event.currentTarget) }, t("cards.copy"));
  return h("div", { class: "tools" }, copy, on.override ? override(card, on, root) : "");
}

function override(card, on, root) {
  const open = h("button", { type: "button", class: "button quiet", "aria-expanded": "false" }, t("cards.override"));
  const name = `reason-${card.uuid}`;
  const reasons = (card.overrideReasons ?? []).map((reason, place) => h("label", {}, h("input", { type: "radio", name, value: place }), " ", reason.display));
  const comment = h("textarea", { rows: "2", id: `comment-${card.uuid}` });
  const trouble = h("p", { class: "problem", role: "alert" });
  const send = h("button", { type: "submit", class: "button primary" }, t("cards.override-send"));
  const cancel = h("button", { type: "button", class: "button" }, t("cards.cancel"));
  const form = h("form", { hidden: true }, h("fieldset", { class: "override" }, h("legend", {}, t("cards.override-why")), reasons,
    h("label", { for: `comment-${card.uuid}` }, t("cards.comment")), comment, trouble, h("p", { class: "row" }, send, cancel)));
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
    if (!chosen && !comment.value.trim()) {
      trouble.textContent = t("cards.override-choose");
      return;
    }
    form.hidden = open.hidden = true;
    root.classList.add("set-aside");
    for (const button of root.querySelectorAll(".suggestions button")) button.disabled = true;
    on.override(chosen ? card.overrideReasons[Number(chosen.value)] : null, comment.value.trim());
  });
  return h("div", { class: "aside" }, open, form);
}

/** Mark what was decided on the card itself. */
export function decided(root, text) {
  root.querySelector(".verdict")?.remove();
  root.querySelector(".aside")?.remove();
  root.querySelector(".card-body").prepend(h("p", { class: "verdict" }, text));
}
