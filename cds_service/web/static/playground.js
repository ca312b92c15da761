// The page itself: which patient, which moment, which drafts; ask the service, draw what it answers.

import * as address from "./address.js";
import { call, open, problem } from "./api.js";
import { drafts } from "./drafts.js";
import { inspect } from "./inspect.js";
import { apply, entries } from "./orders.js";
import { askedAgain, filed, panel, signed, told } from "./outcome.js";
import { patients } from "./patients.js";
import { decided } from "./screen/cards.js";
import config, { h, t } from "./screen/dom.js";
import { drawScreen } from "./screen/screen.js";
import { whatIf } from "./whatif.js";

const at = (id) => document.getElementById(id);
const ORDERS = ["order-select", "order-sign", "medication-refill"];

/** What is on the screen. `drafts` null: those of the story. `turn` tells a late answer from the last one. */
const state = { patient: null, patientId: "", hook: "", drafts: null, shown: [], assumed: {}, turn: 0 };

function asked() {
  const whose = state.patient.given ? { given: state.patient.given } : { fixture: state.patient.name };
  return { ...whose, hook: state.hook, drafts: state.drafts, assumed: state.assumed };
}

/** The address of what is shown; of one's own data there is none. */
function remember(quietly) {
  const wanted = state.patient.given ? {} : { fixture: state.patient.name, hook: state.hook, ...state.assumed, ...(state.drafts && { drafts: desk.keys(state.shown) }) };
  address.write(wanted, config.language, quietly);
}

function choose(patient) {
  show(patient, { hook: patient.hook ?? "" });
}

function show(patient, { hook, drafts: keys, quietly = false, ...assumed }) {
  Object.assign(state, { patient, patientId: "", hook: hook || patient.hook || "", drafts: null, assumed });
  at("story-title").textContent = patient.title;
  at("story-text").textContent = patient.story;
  at("story-who").textContent = "";
  refresh({ quietly, keys });
}

/** Ask again, from the request on. */
async function refresh({ quietly = false, keys } = {}) {
  const turn = ++state.turn;
  say(t("cards.loading"));
  let ready = await open(asked());
  if (turn !== state.turn) return;
  if (ready.status === 200 && keys) {
    state.patientId = patientOf(ready.body.request);
    state.drafts = desk.made(keys, drafted(ready.body.request));
    ready = await open(asked());
    if (turn !== state.turn) return;
  }
  if (ready.status !== 200) {
    for (const id of ["bar", "screen", "inspect", "drafts"]) at(id).replaceChildren(); // nothing of the patient before
    at("as-patient").hidden = true;
    return failed(ready);
  }
  const { request, screen, imagined } = ready.body;
  state.hook = at("hook").value = request.hook;
  state.patientId = patientOf(request);
  state.shown = drafted(request);
  desk.draw(state.shown, screen.drafts);
  remember(quietly);
  at("story-who").textContent = screen.age === null ? t(`sex.${screen.sex}`) : t("timeline.patient", { sex: t(`sex.${screen.sex}`), age: screen.age });
  asPatient(request, Boolean(imagined));
  assuming.draw(state.assumed, screen);
  const answer = imagined ? { status: 200, body: imagined, ms: ready.ms } : await call(request);
  if (turn !== state.turn) return;
  inspect(request, answer);
  if (answer.status !== 200) return failed(answer);
  const { cards } = answer.body;
  drawScreen(at("screen"), screen, cards, imagined ? undefined : (card, root) => live(card, request, root), at("bar"));
  say(t("cards.count", { count: cards.length }));
}

/** The way to the patient's page: a shipped patient has an address, everything else is sent, into a tab of its own. */
function asPatient(request, imagined) {
  const form = at("as-patient"), link = form.querySelector("a");
  form.hidden = imagined; // nobody writes to a patient who is assumed
  form.elements.request.value = JSON.stringify(request);
  const sent = Boolean(state.patient.given || state.drafts);
  link.href = sent ? form.action : `playground/patient?${new URLSearchParams({ fixture: state.patient.name, hook: state.hook, lang: config.language })}`;
  link.onclick = (event) => {
    if (!sent) return;
    event.preventDefault();
    form.submit();
  };
}

const patientOf = (request) => String(request.context.patientId).replace(/^Patient\//, "");

function drafted(request) {
  const wanted = config.hooks.find((each) => each.hook === request.hook).bundle;
  return wanted && wanted !== "conditions" ? entries(request.context[wanted]) : [];
}

/** What a card does on this page. */
function live(card, request, root) {
  const accepted = [];
  return {
    accept: async (suggestion) => {
      accepted.push({ id: suggestion.uuid });
      decided(root(), t("cards.accepted", { label: suggestion.label }));
      for (const button of document.querySelectorAll(`.bar [data-order="${CSS.escape(suggestion.uuid)}"]`)) Object.assign(button, { disabled: true, textContent: t("cards.accepted", { label: suggestion.label }) });
      const { step, root: room } = result(root());
      const done = apply(suggestion.actions ?? [], state.shown);
      state.shown = done.drafts;
      filed(step, done);
      desk.draw(state.shown);
      await signed(step, asked(), done.drafts);
      await told(step, request.hook, { card: card.uuid, outcome: "accepted", acceptedSuggestions: [...accepted] });
      bring(room); // the page is longer now
    },
    override: async (reason, comment) => {
      decided(root(), t("cards.overridden", { reason: reason?.display ?? comment }));
      const { step } = result(root());
      const { code, system } = reason ?? {};
      const overrideReason = { ...(reason && { reason: { code, system } }), ...(comment && { userComment: comment }) };
      await told(step, request.hook, { card: card.uuid, outcome: "overridden", overrideReason });
      await askedAgain(step, card, request);
    },
  };
}

/** Room for what happened, right below its card, and the focus there: the button that was pressed is disabled now. */
function result(card) {
  const made = panel();
  card.after(made.root);
  made.root.focus({ preventScroll: true });
  bring(made.root);
  return made;
}

function bring(element) {
  element.scrollIntoView({ block: "start", behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });
}

function failed(answer) {
  const why = answer.status ? problem(answer) || `HTTP ${answer.status}` : t("cards.offline");
  at("bar").replaceChildren();
  at("screen").replaceChildren(h("div", { class: "quiet-note bad", role: "alert" }, h("p", {}, t("cards.error")), h("p", {}, why), h("p", { class: "hint" }, t("cards.error-why"))));
  say(t("cards.error"));
}

function say(text) {
  at("status").textContent = text;
}

// -- moment, drafts, what if --------------------------------------------------------------------------------------------

/** Other drafts on the desk: from then on the question is whether they may be signed. */
const desk = drafts(() => state.patientId, (changed) => {
  state.drafts = changed;
  if (changed.length > state.shown.length && !ORDERS.includes(state.hook)) state.hook = "order-sign";
  refresh();
}, () => state.shown);

const assuming = whatIf((assumed) => {
  state.assumed = assumed;
  refresh();
}, asked);

for (const each of config.hooks) at("hook").append(h("option", { value: each.hook }, t(`moment.${each.hook}`)));
at("hook").addEventListener("change", () => {
  state.hook = at("hook").value;
  if (state.shown.length) state.drafts = state.shown;
  refresh();
});

// -- the way in, and Back -------------------------------------------------------------------------------------------------

const list = patients(choose);

function fromAddress(quietly) {
  const { fixture, ...wanted } = address.read();
  const patient = config.patients.find((each) => each.name === fixture) ?? config.patients.find((each) => each.name === config.first);
  list.mark(patient.name);
  show(patient, { ...wanted, quietly });
}

addEventListener("popstate", () => fromAddress(true));
const carried = history.state?.given;
if (carried) {
  history.replaceState(null, ""); // it was there only for the moment of changing the language
  list.mark("");
  show({ name: "", title: t("patients.own-title"), story: t("patients.own-story"), given: carried }, { hook: "", quietly: true });
} else fromAddress(true);

// One's own data stand nowhere but in this page; changing the language takes them along.
document.querySelector(".top .language").addEventListener("click", (event) => {
  if (!state.patient?.given) return;
  event.preventDefault();
  history.replaceState({ given: state.patient.given }, "", event.currentTarget.href);
  location.reload();
});
