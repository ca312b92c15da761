// The page itself: which patient, which moment, which drafts; ask the service, draw what it answers.

import { call, open, problem } from "./api.js";
import { decided, drawCard, evidence } from "./cards.js";
import config, { h, t } from "./dom.js";
import { inspect } from "./inspect.js";
import { apply, called, entries } from "./orders.js";
import { askedAgain, filed, panel, signed, told } from "./outcome.js";
import { patients } from "./patients.js";
import { drawTimeline } from "./timeline.js";

const at = (id) => document.getElementById(id);

/** The patient on the screen. `drafts` null: those that the story itself brings. `turn` tells a late answer from the last one. */
const state = { patient: null, patientId: "", hook: "", drafts: null, shown: null, turn: 0 };

function asked() {
  const whose = state.patient.given ? { given: state.patient.given } : { fixture: state.patient.name };
  return { ...whose, hook: state.hook, drafts: state.drafts };
}

function choose(patient) {
  Object.assign(state, { patient, hook: patient.hook ?? "", drafts: null });
  at("story-title").textContent = patient.title;
  at("story-text").textContent = patient.story;
  at("story-who").textContent = "";
  if (at("story-title").getBoundingClientRect().top < 0 || at("story-title").getBoundingClientRect().bottom > innerHeight) at("story-title").scrollIntoView();
  refresh();
}

/** Ask again, from the request on. */
async function refresh() {
  const turn = ++state.turn;
  say(t("cards.loading"));
  const ready = await open(asked());
  if (turn !== state.turn) return;
  if (ready.status !== 200) {
    for (const id of ["timeline", "inspect", "drafts"]) at(id).replaceChildren(); // nothing of the patient before
    return failed(ready);
  }
  const { request, timeline } = ready.body;
  state.hook = at("hook").value = request.hook;
  state.patientId = String(request.context.patientId).replace(/^Patient\//, "");
  const wanted = config.hooks.find((each) => each.hook === request.hook).bundle;
  state.shown = wanted && wanted !== "conditions" ? entries(request.context[wanted]) : [];
  drawDrafts();
  at("story-who").textContent = timeline.age === null ? t(`sex.${timeline.sex}`) : t("timeline.patient", { sex: t(`sex.${timeline.sex}`), age: timeline.age });
  const drawn = drawTimeline(at("timeline"), timeline);
  const answer = await call(request);
  if (turn !== state.turn) return;
  inspect(request, answer);
  if (answer.status !== 200) return failed(answer);
  drawCards(answer.body.cards, request, drawn);
}

function drawCards(cards, request, drawn) {
  const none = h("div", { class: "quiet-note" }, h("p", {}, t("cards.none")), h("p", {}, t("cards.none-why")));
  at("cards").replaceChildren(...(cards.length ? cards.map((card) => live(card, request, drawn)) : [none]));
  at("cards-title").textContent = cards.length ? t("cards.count", { count: cards.length }) : t("cards.title");
  say(t("cards.count", { count: cards.length }));
}

/** A card that does something. */
function live(card, request, drawn) {
  const accepted = [];
  const root = drawCard(card, {
    point: (pointed) => drawn.light(pointed ? evidence(pointed) : []),
    accept: async (suggestion) => {
      accepted.push({ id: suggestion.uuid });
      decided(root, t("cards.accepted", { label: suggestion.label }));
      const { step } = result(root);
      const done = apply(suggestion.actions ?? [], state.shown ?? []);
      state.shown = done.drafts;
      filed(step, done);
      drawDrafts();
      await signed(step, asked(), done.drafts);
      await told(step, request.hook, { card: card.uuid, outcome: "accepted", acceptedSuggestions: [...accepted] });
    },
    override: async (reason, comment) => {
      decided(root, t("cards.overridden", { reason: reason?.display ?? comment }));
      const { step } = result(root);
      const { code, system } = reason ?? {};
      const overrideReason = { ...(reason && { reason: { code, system } }), ...(comment && { userComment: comment }) };
      const why = Object.keys(overrideReason).length ? { overrideReason } : {};
      await told(step, request.hook, { card: card.uuid, outcome: "overridden", ...why });
      await askedAgain(step, card, request);
    },
  });
  return root;
}

/** Room for what happened, right below its card, and the focus there: the button that was pressed is disabled now. */
function result(card) {
  const made = panel();
  card.after(made.root);
  made.root.focus({ preventScroll: true });
  made.root.scrollIntoView({ block: "nearest", behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });
  return made;
}

function failed(answer) {
  const why = answer.status ? problem(answer) || `HTTP ${answer.status}` : t("cards.offline");
  const box = h("div", { class: "quiet-note bad", role: "alert" }, h("p", {}, t("cards.error")), h("p", {}, why), h("p", { class: "hint" }, t("cards.error-why")));
  at("cards-title").textContent = t("cards.title");
  at("cards").replaceChildren(box);
  say(t("cards.error"));
}

function say(text) {
  at("status").textContent = text;
}

// -- moment and drafts -------------------------------------------------------------------------------------------------

function drawDrafts() {
  const chips = state.shown.map((resource, place) => {
    const what = called(resource);
    const remove = h("button", { type: "button", "aria-label": t("moment.remove", { what }), title: t("moment.removed-short") }, "×");
    remove.addEventListener("click", () => {
      state.drafts = state.shown.filter((_, other) => other !== place);
      refresh();
    });
    return h("li", { class: "chip" }, h("span", {}, what), remove);
  });
  at("drafts").replaceChildren(...(chips.length ? chips : [h("li", { class: "none" }, t("moment.no-drafts"))]));
}

/** A drug put on the desk: from then on the question is whether it may be signed. */
function addDraft(key) {
  const order = config.orders.find((each) => each.key === key);
  const subject = { reference: `Patient/${state.patientId}` };
  state.drafts = [...(state.shown ?? []), { ...order.resource, id: `draft-${key}-${(state.shown ?? []).length}`, subject }];
  if (!["order-select", "order-sign", "medication-refill"].includes(state.hook)) state.hook = "order-sign";
  refresh();
}

for (const each of config.hooks) at("hook").append(h("option", { value: each.hook }, t(`moment.${each.hook}`)));
at("hook").addEventListener("change", () => {
  state.hook = at("hook").value;
  if (state.shown?.length) state.drafts = state.shown;
  refresh();
});
at("draft").append(h("option", { value: "" }, t("moment.choose")), ...config.orders.map((each) => h("option", { value: each.key }, each.label)));
at("draft").addEventListener("change", () => {
  const key = at("draft").value;
  at("draft").value = "";
  if (key) addDraft(key);
});

const first = config.patients.find((each) => each.name === config.first) ?? config.patients[0];
patients(choose).choose(first);
