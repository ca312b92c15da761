// Where the EHR sends the user back to: tokens, the record, the screen. The token of the record never leaves the browser.

import { called, instruction } from "../orders.js";
import { decided } from "../screen/cards.js";
import config, { day, h, t } from "../screen/dom.js";
import { contentOf } from "../screen/note.js";
import { drawScreen } from "../screen/screen.js";
import { initials, nameOf } from "../screen/who.js";
import { Problem, show } from "./problem.js";
import { read } from "./read.js";
import { language } from "./session.js";
import { redeem } from "./tokens.js";

const at = (id) => document.getElementById(id);

async function open() {
  const parameters = new URLSearchParams(location.search);
  if (["en", "zh"].includes(language()) && language() !== config.language) {
    parameters.set("lang", language()); // the launch asked for it; the EHR's answer is not used yet
    return location.replace(`${location.pathname}?${parameters}`);
  }
  history.replaceState(null, "", location.pathname); // the code stays in no history, and no reload sends it again
  if (config.shadow) throw new Problem("shadow");
  if (![...parameters.keys()].length) throw new Problem("begun");
  const granted = await redeem(parameters);
  at("waiting").textContent = t("smart.reading");
  const prefetch = await read(granted);
  if (prefetch.patient?.resourceType !== "Patient") throw new Problem("unreadable");
  performance.mark("record-read");
  await draw(granted, prefetch);
  at("waiting").remove();
  at("language").hidden = false;
  at("language").addEventListener("click", () => otherLanguage(granted, prefetch).catch(show));
  performance.mark("screen-drawn");
}

/** Ask, and draw what the service answers. */
async function draw(granted, prefetch) {
  const answer = await post("cards", granted, request(granted, prefetch));
  if (granted.banner) who(prefetch.patient);
  if (answer.letter) {
    at("screen").replaceChildren(...parsed(answer.letter));
    at("foot").hidden = true; // it speaks to professionals
  } else {
    const made = [];
    const page = { live: (card, root) => live(card, root, granted, made), decided: made, content: contentOf(answer), who: noted(granted, prefetch, answer.screen) };
    drawScreen(at("screen"), answer.screen, answer.cards, page);
    for (const link of at("screen").querySelectorAll("a[href^=http]")) link.target = "_blank"; // no link leads away from the patient
    partial(prefetch);
    focus(granted.card);
  }
}

/** The same again in the other language: its words are those of this page in that language. */
async function otherLanguage(granted, prefetch) {
  const other = config.language === "zh" ? "en" : "zh";
  const page = new DOMParser().parseFromString(await (await fetch(`${config.service}?lang=${other}`)).text(), "text/html");
  Object.assign(config, JSON.parse(page.getElementById("config").textContent));
  document.documentElement.lang = page.documentElement.lang;
  document.title = page.title;
  for (const id of ["language", "foot"]) at(id).textContent = page.getElementById(id).textContent;
  at("language").lang = page.getElementById("language").lang;
  await draw(granted, prefetch);
}

function request({ patient, encounter }, prefetch) {
  const context = { patientId: patient, userId: "Practitioner/as-the-id-token-says", ...(encounter && { encounterId: encounter }) };
  return { hook: "patient-view", hookInstance: crypto.randomUUID(), context, prefetch };
}

/** POST to the service; the id_token says who asks. */
async function post(path, { idToken }, body) {
  let answer;
  try {
    answer = await fetch(`${config.service}/${path}?lang=${config.language}`, { method: "POST", headers: { "Content-Type": "application/json", Authorization: `Bearer ${idToken}` }, body: JSON.stringify(body), cache: "no-store" });
  } catch {
    throw new Problem("service", { status: "–" });
  }
  if (answer.ok) return answer.json();
  const told = await answer.json().catch(() => null);
  if (answer.status === 401) throw new Problem(told?.issue?.[0]?.code === "expired" ? "expired" : "not-accepted", { cause: told?.issue?.[0]?.diagnostics ?? "" });
  throw new Problem("service", { status: answer.status });
}

/** Whose record this is, as the EHR asks of an app that does not stand beside its own banner. */
function who(patient) {
  const parts = [nameOf(patient), ["female", "male"].includes(patient.gender) && t(`sex.${patient.gender}`), patient.birthDate?.length === 10 ? t("smart.born", { day: day(patient.birthDate) }) : patient.birthDate];
  at("who").replaceChildren(...parts.filter(Boolean).map((each, place) => h(place ? "span" : "strong", {}, each)));
  at("who").hidden = false;
}

/** What a note may say of who it is. */
function noted({ patient: id }, { patient }, { age, sex }) {
  const told = age === null ? t(`sex.${sex}`) : t("timeline.patient", { sex: t(`sex.${sex}`), age });
  return [initials(patient), told, t("who.id", { id })].filter(Boolean).join(", ");
}

const parsed = (html) => new DOMParser().parseFromString(html, "text/html").body.childNodes;

/** Queries that were not answered: the cards say what they could not check, this line says it first. */
function partial(prefetch) {
  const lacking = Object.values(prefetch).filter((each) => each.resourceType === "OperationOutcome").length;
  if (lacking) at("screen").prepend(h("p", { class: "partial", role: "status" }, t("smart.partial", { count: lacking })));
}

function focus(code) {
  const card = code && document.querySelector(`.card[data-code="${CSS.escape(code)}"]`);
  if (!card) return;
  card.querySelector("details").open = true;
  card.querySelector("summary").focus();
}

/** What a card does here: the word goes to the service. Orders are written in the EHR, and the card says so. */
function live(card, root, granted, made) {
  const accepted = [];
  const tell = async (entry, said, what) => {
    decided(root(), said);
    made.push({ code: card.source?.topic?.code, title: card.summary, ...what });
    try {
      await post("feedback", granted, { feedback: [{ card: card.uuid, outcomeTimestamp: new Date().toISOString(), ...entry }] });
    } catch (error) {
      root().append(h("p", { class: "unstored", role: "alert" }, t(error.key === "expired" ? "smart.unsaid-expired" : "smart.unsaid")));
    }
  };
  return {
    accept: async (suggestion) => {
      accepted.push({ id: suggestion.uuid });
      const orders = (suggestion.actions ?? []).map((action) => action.resource).filter((each) => each && each.resourceType !== "Condition");
      const lines = orders.map((each) => h("li", {}, h("strong", {}, called(each)), " ", instruction(each)));
      await tell({ outcome: "accepted", acceptedSuggestions: [...accepted] }, t("cards.accepted", { label: suggestion.label }), { label: suggestion.label });
      root().append(h("div", { class: "to-order", role: "status" }, h("p", {}, t("smart.to-order")), h("ul", {}, lines)));
    },
    override: (reason, comment) => {
      const { code, system } = reason ?? {};
      const overrideReason = { ...(reason && { reason: { code, system } }), ...(comment && { userComment: comment }) };
      return tell({ outcome: "overridden", overrideReason }, t("cards.overridden", { reason: reason?.display ?? comment }), { reason: [reason?.display, comment].filter(Boolean).join("; ") });
    },
  };
}

open().catch(show);
