// What the page asks of the service. The calls to /cds-services are those that an EHR makes.

import config from "./screen/dom.js";

/** A user of its own for each visit: what one visitor sets aside is not silenced for the next. Kept nowhere. */
const user = `Practitioner/playground-${Array.from(crypto.getRandomValues(new Uint8Array(6)), (b) => b.toString(16).padStart(2, "0")).join("")}`;

/** POST JSON. {status, body, ms}; body is null where none came, status 0 where nobody answered. */
async function post(path, body) {
  const began = performance.now();
  const headers = { "Content-Type": "application/json", "Accept-Language": config.language };
  try {
    const answer = await fetch(path, { method: "POST", headers, body: JSON.stringify(body) });
    const text = await answer.text();
    return { status: answer.status, body: parsed(text), ms: Math.round(performance.now() - began) };
  } catch {
    return { status: 0, body: null, ms: 0 };
  }
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** The hook request and the screen of a patient: {fixture | given, hook, drafts, assumed}. */
export const open = (asked) => post(`playground/open?lang=${config.language}`, { ...asked, user });

/** Where along one axis the answer changes: {…asked, axis}. */
export const thresholds = (asked) => post(`playground/turns?lang=${config.language}`, { ...asked, user });

/** A hook call. */
export const call = (request) => post(`${config.services}/osteoporosis-${request.hook}`, request);

/** One feedback about a card that a hook gave. {status, body, sent}. */
export async function feedback(hook, entry) {
  const sent = { feedback: [{ ...entry, outcomeTimestamp: new Date().toISOString() }] };
  return { ...(await post(`${config.services}/osteoporosis-${hook}/feedback`, sent)), sent };
}

/** What went wrong, in the words of the service's OperationOutcome. */
export const problem = (answer) => answer.body?.issue?.[0]?.diagnostics ?? "";
