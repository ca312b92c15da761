// What came of a choice: what was filed, what the check on signing says of it, what feedback was stored.

import { call, feedback, open, problem } from "./api.js";
import { drawCard } from "./screen/cards.js";
import config, { code, h, t } from "./screen/dom.js";
import { called, instruction } from "./orders.js";

/** A panel that fills step by step and tells screen readers. */
export function panel() {
  const body = h("div", {});
  const root = h("section", { class: "outcome", "aria-live": "polite", "aria-label": t("outcome.title"), tabindex: "-1" }, h("h3", {}, t("outcome.title")), body);
  const step = (title, ...content) => body.append(h("div", {}, h("h4", {}, title), content));
  return { root, step };
}

/** The orders that a suggestion made, changed and took back; as resources they stand at the foot of the page (`wire`). */
export function filed(step, wire, done) {
  const resources = [...done.created, ...done.updated].map((action) => action.resource);
  if (resources.length) last(wire, t("outcome.resource"), resources);
  const lines = [
    ...done.deleted.map((action) => h("li", {}, t("outcome.taken-back", { what: action.description }))),
    ...done.updated.map((action) => order(action.resource, t("outcome.changed", { what: action.description }))),
    ...done.created.map((action) => order(action.resource, called(action.resource))),
  ];
  step(t("outcome.filed"), lines.length ? h("ul", {}, lines) : h("p", {}, t("outcome.no-action")));
}

function order(resource, title) {
  const how = instruction(resource);
  return h("li", {}, h("strong", {}, title), how ? h("p", {}, how) : "");
}

/** What order-sign says of the drafts as they now are; asked here where the page has not (`answered`). */
export async function signed(step, asked, drafts, answered) {
  const orders = drafts.filter((each) => each.resourceType !== "Condition");
  if (!orders.length) return step(t("outcome.signed"), h("p", {}, t("outcome.nothing-to-sign")));
  const answer = answered ?? (await ask({ ...asked, hook: "order-sign", drafts: orders }));
  if (answer.status !== 200) return step(t("outcome.signed"), h("p", { class: "problem" }, `${t("cards.error")}: ${problem(answer)}`));
  const cards = answer.body.cards;
  step(t("outcome.signed"), h("p", {}, t(cards.length ? "outcome.signed-some" : "outcome.signed-none")), cards.map((card) => drawCard(card)));
}

async function ask(asked) {
  const ready = await open(asked);
  if (ready.status !== 200) return ready;
  return ready.body.imagined ? { status: 200, body: ready.body.imagined } : call(ready.body.request);
}

/** Send one feedback and say whether it was stored; what was sent stands at the foot of the page (`wire`), last. */
export async function told(step, wire, hook, entry) {
  const answer = await feedback(hook, entry);
  const stored = answer.status >= 200 && answer.status < 300;
  const key = stored ? "outcome.feedback-stored" : answer.status === 404 ? "outcome.feedback-absent" : "outcome.feedback-failed";
  const link = stored && h("p", {}, h("a", { href: config.governance }, t("outcome.governance")));
  step(t("outcome.feedback"), h("p", { class: stored ? "stored" : "unstored" }, t(key, { status: answer.status })), link);
  last(wire, t("outcome.feedback"), answer.sent);
}

function last(wire, title, value) {
  wire.prepend(h("details", {}, h("summary", {}, title), code(value, title)));
}

const TRIES = 6;
const PAUSE = 500;

/** Ask until the override has been read, and say what became of a card that was set aside. */
export async function askedAgain(step, card, request) {
  let again, still;
  for (let tried = 0; tried < TRIES; tried += 1) {
    if (tried) await new Promise((done) => setTimeout(done, PAUSE));
    again = await call({ ...request, hookInstance: uuid() });
    still = (again.body?.cards ?? []).some((each) => each.source?.topic?.code === card.source?.topic?.code);
    if (again.status !== 200 || !still || card.indicator === "critical") break; // critical cards are never silenced
  }
  const key = !still ? "outcome.silenced" : card.indicator === "critical" ? "outcome.still-critical" : "outcome.still-shown";
  step(t("outcome.asked-again"), h("p", {}, again.status === 200 ? t(key) : t("cards.error")));
}

/** A version 4 UUID; crypto.randomUUID is only there on https and localhost. */
function uuid() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 15) | 64;
  bytes[8] = (bytes[8] & 63) | 128;
  const hex = Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}
