// The page itself: which patient, which moment, which drafts; ask the service, draw what it answers.

import * as address from "./address.js";
import { call, open, problem } from "./api.js";
import { drafts } from "./drafts.js";
import { inspect } from "./inspect.js";
import { apply, entries } from "./orders.js";
import { askedAgain, filed, panel, signed, told } from "./outcome.js";
import { patients } from "./patients.js";
import config, { day, h, t } from "./screen/dom.js";
import { contentOf } from "./screen/note.js";
import { drawScreen } from "./screen/screen.js";
import { initials, nameOf, patientIn } from "./screen/who.js";
import { whatIf } from "./whatif.js";

const at = (id) => document.getElementById(id);
const ORDERS = ["order-select", "order-sign", "medication-refill"];

/** What is on the screen. `drafts` null: those of the story. `made`: what was ordered or set aside here, as {code, title, label,
 * resources, reason}. `before`: what was ordered for the patient of the record, while another is assumed. `turn` tells a late answer
 * from the last one. */
const state = { patient: null, patientId: "", hook: "", drafts: null, shown: [], made: [], before: [], assumed: {}, turn: 0 };

const writing = () => ORDERS.includes(state.hook);
const made = () => state.made.flatMap((each) => each.resources);

function asked() {
  const whose = state.patient.given ? { given: state.patient.given } : { fixture: state.patient.name };
  const decided = state.made.map(({ code, label }) => ({ code, label }));
  return { ...whose, hook: state.hook, drafts: state.drafts, ordered: made(), decided, assumed: state.assumed };
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
  Object.assign(state, { patient, patientId: "", hook: hook || patient.hook || "", drafts: null, made: [], before: [], assumed });
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
  const { request, screen, decided, imagined, imaginedSign, sign } = ready.body;
  if (ORDERS.includes(request.hook) && !drafted(request).length && state.made.length) { // none is left to check: what else is due, the chart tells
    state.hook = "patient-view";
    return refresh({ quietly });
  }
  state.hook = at("hook").value = request.hook;
  state.patientId = patientOf(request);
  state.shown = writing() ? drafted(request) : made().filter((each) => each.resourceType !== "Condition");
  desk.draw(state.shown, screen.drafts);
  remember(quietly);
  const who = whose(request, screen);
  assuming.draw(state.assumed, screen, state.before.map((each) => each.label).filter(Boolean));
  asPatient(request, Boolean(imagined));
  const answer = imagined ? { status: 200, body: imagined, ms: ready.ms } : await call(request);
  const signing = imagined ? { status: 200, body: imaginedSign } : sign ? await call(sign) : null;
  if (turn !== state.turn) return;
  inspect(request, answer);
  if (answer.status !== 200) return failed(answer);
  if (sign && signing.status !== 200) return failed(signing); // without it, silence would read as no objection
  const { cards, done } = sorted(answer.body.cards, signing?.body?.cards ?? [], decided);
  drawScreen(at("screen"), screen, cards, {
    live: (card, root) => live(card, request, root), above: at("bar"), who, content: contentOf(answer.body),
    assumed: assuming.told(state.assumed), decided: state.made,
  }, done);
  assuming.answer(cards, screen);
  say(t("cards.count", { count: cards.length }));
  return { cards, signing };
}

const codeOf = (card) => card.source?.topic?.code;
const RANK = ["critical", "warning", "info"];

/** The cards that are left, what is said of the orders first, each without what was accepted of it; and those that are `done`. */
function sorted(cards, signing, decided) {
  const taken = new Set(state.made.map((each) => each.label));
  const open = (card) => ({ ...card, suggestions: card.suggestions?.filter((each) => !taken.has(each.label)) });
  const said = new Set(signing.map(codeOf));
  const left = [...signing, ...cards.filter((card) => !said.has(codeOf(card)) && !decided.includes(codeOf(card)))];
  const told = new Set([...said, ...cards.map(codeOf)]);
  const silent = state.made.filter((each) => !told.has(each.code)).map((each) => each.card); // the service says it no more
  return {
    cards: left.sort((a, b) => RANK.indexOf(a.indicator) - RANK.indexOf(b.indicator)).map(open),
    done: [...cards.filter((card) => decided.includes(codeOf(card)) && !said.has(codeOf(card))), ...new Map(silent.map((card) => [codeOf(card), card])).values()],
  };
}

/** Says whose record it is, as the page may in full; what a note may say of it. */
function whose(request, screen) {
  const patient = patientIn(request);
  const told = screen.age === null ? t(`sex.${screen.sex}`) : t("timeline.patient", { sex: t(`sex.${screen.sex}`), age: screen.age });
  const id = t("who.id", { id: state.patientId });
  const born = patient?.birthDate?.length === 10 && t("who.born", { day: day(patient.birthDate) });
  at("story-who").replaceChildren(...[h("strong", {}, nameOf(patient)), nameOf(patient) ? " " : "", told, screen.risk && h("span", { class: "risk" }, screen.risk), h("span", { class: "on-paper" }, [born, id].filter(Boolean).map((each) => `; ${each}`))]);
  return [initials(patient), told, id].filter(Boolean).join(", ");
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

/** What a card does on this page. Of an assumed patient nothing is told to the service. */
function live(card, request, root) {
  const assumed = Object.keys(state.assumed).length > 0;
  const decide = async (entry) => {
    state.made.push({ card, code: codeOf(card), title: card.summary, label: "", resources: [], ...entry });
    const there = document.activeElement?.closest(".bar") ? ".bar .stands" : "";
    const answer = await refresh({ quietly: true });
    return { there, signing: answer?.signing };
  };
  return {
    accept: async (suggestion) => {
      const { step, root: room } = panel();
      const done = apply(suggestion.actions ?? [], state.shown);
      const resources = [...done.created, ...done.updated].map((action) => action.resource);
      filed(step, at("sent"), done);
      if (writing()) state.drafts = done.drafts;
      const { there, signing } = await decide({ label: suggestion.label, resources, unsigned: done.created.some((each) => each.resource.resourceType !== "Condition") });
      result(room, there);
      await signed(step, asked(), done.drafts, signing);
      if (!assumed) await told(step, at("sent"), request.hook, { card: card.uuid, outcome: "accepted", acceptedSuggestions: [{ id: suggestion.uuid }] });
      if (!there) bring(room); // the page is longer now
    },
    ...(!assumed && {
      override: async (reason, comment) => {
        const { step, root: room } = panel();
        root().after(room);
        const { code, system } = reason ?? {};
        const overrideReason = { ...(reason && { reason: { code, system } }), ...(comment && { userComment: comment }) };
        await told(step, at("sent"), request.hook, { card: card.uuid, outcome: "overridden", overrideReason });
        await askedAgain(step, card, request);
        await decide({ reason: [reason?.display, comment].filter(Boolean).join("; ") });
        result(room, "");
      },
    }),
  };
}

/** What happened stands above the cards; the focus goes there, or to what now stands in the bar if that is where it was (`there`):
 * the button that was pressed is gone. */
function result(room, there) {
  (document.querySelector(".answers") ?? at("screen")).prepend(room);
  ((there && document.querySelector(there)) || room).focus({ preventScroll: true });
  if (!there) bring(room);
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
  const added = changed.length > state.shown.length;
  state.made = state.made.filter((each) => !each.resources.length || each.resources.some((one) => changed.includes(one) || one.resourceType === "Condition"));
  if (added || writing()) state.drafts = changed;
  if (added && !writing()) state.hook = "order-sign";
  refresh();
}, () => state.shown);

const assuming = whatIf((assumed) => {
  const was = Object.keys(state.assumed).length > 0, is = Object.keys(assumed).length > 0;
  if (is && !was) Object.assign(state, { before: state.made, made: [] }); // what was ordered for one patient is not there for another
  else if (is) state.made = [];
  else if (was) Object.assign(state, { made: state.before, before: [] });
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
