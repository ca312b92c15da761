// Where a launch begins: ask the FHIR server how to authorize, and send the user there (SMART App Launch 2, PKCE).

import config, { h, t } from "../screen/dom.js";
import * as oauth from "../vendor/oauth4webapi.js";
import { Problem, show } from "./problem.js";
import { wanted } from "./scopes.js";
import { isLocal, keep } from "./session.js";

const asked = new URLSearchParams(location.search);
const without = (url) => url.replace(/\/$/, "");

async function begin() {
  if (config.shadow) throw new Problem("shadow");
  if (!config.servers.length) throw new Problem("nowhere");
  const iss = asked.get("iss");
  if (!iss) return config.servers.length === 1 ? authorize(config.servers[0], null) : choose();
  const server = config.servers.find((each) => each.fhir === without(iss));
  if (!server) throw new Problem("unregistered");
  await authorize(server, asked.get("launch"));
}

/** Standalone: which of the hospitals. */
function choose() {
  const buttons = config.servers.map((server) => h("li", {}, h("button", { type: "button", class: "button", onclick: () => authorize(server, null).catch(show) }, server.name && h("strong", {}, server.name), " ", server.fhir)));
  document.getElementById("waiting").replaceWith(h("section", { class: "trouble" }, h("h1", {}, t("smart.choose")), h("ul", { class: "choices" }, buttons)));
}

async function authorize(server, launch) {
  const told = await configuration(server);
  const verifier = oauth.generateRandomCodeVerifier();
  const [state, nonce] = [oauth.generateRandomState(), oauth.generateRandomNonce()];
  keep({ fhir: server.fhir, token: told.token_endpoint, authorization: told.authorization_endpoint, verifier, state, nonce, language: asked.get("lang") });
  const parameters = {
    response_type: "code",
    client_id: server.clientId,
    redirect_uri: config.redirect,
    scope: wanted(server.templates, (told.capabilities ?? []).includes("permission-v2"), launch),
    state,
    nonce,
    aud: server.fhir,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
    ...(launch && { launch }),
  };
  const url = new URL(told.authorization_endpoint);
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  location.replace(url);
}

/** The server's SMART configuration, as far as the app needs it. */
async function configuration(server) {
  let told;
  try {
    const answer = await fetch(`${server.fhir}/.well-known/smart-configuration`, { headers: { Accept: "application/json" }, signal: AbortSignal.timeout(10000) });
    told = answer.ok ? await answer.json() : null;
  } catch {
    told = null;
  }
  if (!isSafe(told?.authorization_endpoint) || !isSafe(told.token_endpoint)) throw new Problem("configuration");
  if (!(told.code_challenge_methods_supported ?? []).includes("S256")) throw new Problem("pkce");
  if (!server.origins.includes(new URL(told.token_endpoint).origin)) throw new Problem("elsewhere");
  return told;
}

function isSafe(url) {
  try {
    return new URL(url).protocol === "https:" || isLocal(url);
  } catch {
    return false;
  }
}

begin().catch(show);
