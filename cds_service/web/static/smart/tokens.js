// The code for tokens. The access token stays in this page's memory; the id_token goes to the service, which checks its signature.

import config from "../screen/dom.js";
import * as oauth from "../vendor/oauth4webapi.js";
import { Problem } from "./problem.js";
import { ESSENTIAL, covers } from "./scopes.js";
import { isLocal, take } from "./session.js";

/** What the EHR granted: {server, access, idToken, scopes, patient, encounter, card, banner}. */
export async function redeem(parameters) {
  const kept = take();
  if (!kept) throw new Problem("begun");
  const server = config.servers.find((each) => each.fhir === kept.fhir);
  if (!server) throw new Problem("unregistered");
  const as = { issuer: server.issuer, token_endpoint: kept.token, id_token_signing_alg_values_supported: ["RS256", "RS384", "ES256", "ES384"] };
  const client = { client_id: server.clientId, [oauth.clockTolerance]: 60 };
  const told = await exchange(as, client, parameters, kept);
  const scopes = (told.scope ?? "").split(/\s+/);
  lacking(scopes);
  if (typeof told.patient !== "string") throw new Problem("no-patient");
  return { server, access: told.access_token, idToken: told.id_token, scopes, patient: told.patient, encounter: told.encounter, card: cardOf(told), banner: told.need_patient_banner !== false };
}

async function exchange(as, client, parameters, kept) {
  let answer, copy;
  try {
    const valid = oauth.validateAuthResponse(as, client, parameters, kept.state);
    answer = await oauth.authorizationCodeGrantRequest(as, client, oauth.None(), valid, config.redirect, kept.verifier,
      { [oauth.allowInsecureRequests]: isLocal(kept.token), signal: () => AbortSignal.timeout(10000) });
    copy = answer.clone();
    return await oauth.processAuthorizationCodeResponse(as, client, answer, { expectedNonce: kept.nonce, requireIdToken: true });
  } catch (error) {
    await withoutIdToken(copy);
    throw problemOf(error, Boolean(answer));
  }
}

/** Where openid was not granted there is no id_token: that is a matter of scopes. */
async function withoutIdToken(answer) {
  const told = answer?.ok ? await answer.json().catch(() => null) : null;
  if (told?.access_token && !told.id_token) lacking((told.scope ?? "").split(/\s+/));
}

/** Throws where what was granted is not enough. */
export function lacking(scopes) {
  const missing = [...(scopes.includes("openid") ? [] : ["openid"]), ...ESSENTIAL.filter((type) => !covers(scopes, type)).map((type) => `patient/${type}.rs`)];
  if (missing.length) throw new Problem("scopes", { missing: missing.join(", ") });
}

function problemOf(error, answered) {
  if (error instanceof oauth.AuthorizationResponseError) return new Problem("denied", { error: error.error });
  if (error instanceof oauth.ResponseBodyError) return new Problem("refused", { error: error.error });
  if (error?.code === oauth.JWT_TIMESTAMP_CHECK) return new Problem("expired");
  const claim = error?.code === oauth.JWT_CLAIM_COMPARISON ? error.cause?.claim : "";
  if (claim) return new Problem({ iss: "issuer", aud: "audience", azp: "audience", nonce: "nonce" }[claim] ?? "id-token");
  if (error?.code === oauth.INVALID_RESPONSE && !answered) return new Problem("state");
  return new Problem(answered ? "id-token" : "unreachable");
}

/** The card that the link of a card asked to open (`appContext`). */
function cardOf(told) {
  try {
    return JSON.parse(told.appContext).card;
  } catch {
    return "";
  }
}
