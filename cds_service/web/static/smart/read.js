// The record, read in the browser with the user's own token: the prefetch that an EHR would send along with the hook.

import { covers } from "./scopes.js";

const PAGES = 20, MEDICATIONS = 20, SECONDS = 10;

/** A query that could not be answered: the service names what it therefore could not check. */
const failed = () => ({ resourceType: "OperationOutcome", issue: [{ severity: "error", code: "exception" }] });

/** All that the templates ask for, by key. */
export async function read({ server, access, scopes, patient }) {
  const get = async (url) => {
    const answer = await fetch(url, { headers: { Accept: "application/fhir+json", Authorization: `Bearer ${access}` }, cache: "no-store", signal: AbortSignal.timeout(SECONDS * 1000) });
    if (!answer.ok) throw new Error(String(answer.status));
    return answer.json();
  };
  const one = async ([key, template]) => {
    if (!covers(scopes, template.split(/[?/]/)[0])) return [key, failed()];
    const url = `${server.fhir}/${written(template.replaceAll("{{context.patientId}}", encodeURIComponent(patient)))}`;
    return [key, await get(url).then((first) => whole(first, server.fhir, get)).catch(failed)];
  };
  const prefetch = Object.fromEntries(await Promise.all(Object.entries(server.templates).map(one)));
  await addMedications(prefetch, server.fhir, covers(scopes, "Medication") ? get : null);
  return prefetch;
}

/** A query as it goes over the wire: gateways refuse a bare "|", and some make one slash of the two in "http://loinc.org". */
function written(query) {
  const [path, search] = query.split("?");
  return search ? `${path}?${search.replace(/[^\w\-.~%=&,]/g, encodeURIComponent)}` : path;
}

/** A searchset with all its pages in one. Where they are too many, or lead elsewhere, its link stays and says that more is there. */
async function whole(bundle, base, get) {
  if (bundle.resourceType !== "Bundle") return bundle;
  const entries = [...(bundle.entry ?? [])];
  let next = following(bundle);
  for (let page = 1; next && page < PAGES && isBelow(next, base); page += 1) {
    const more = await get(new URL(next, `${base}/`)).catch(() => null);
    if (more?.resourceType !== "Bundle") break;
    entries.push(...(more.entry ?? []));
    next = following(more);
  }
  return { ...bundle, entry: entries, link: next ? [{ relation: "next", url: next }] : [] };
}

const following = (bundle) => (bundle.link ?? []).find((link) => link.relation === "next")?.url ?? null;

function isBelow(url, base) {
  const { href } = new URL(url, `${base}/`);
  return href.startsWith(`${base}/`) || href.startsWith(`${base}?`);
}

/** The Medications that orders only refer to, beside the orders. */
async function addMedications(prefetch, base, get) {
  const bundles = Object.values(prefetch).filter((each) => each.resourceType === "Bundle");
  const resources = bundles.flatMap((each) => (each.entry ?? []).map((entry) => entry.resource)).filter(Boolean);
  const given = new Set(resources.map((each) => `${each.resourceType}/${each.id}`));
  const named = resources.map((each) => each.medicationReference?.reference?.replace(`${base}/`, "")).filter((each) => /^Medication\/[A-Za-z0-9.-]{1,64}$/.test(each ?? "") && !given.has(each));
  const orders = bundles.find((each) => each === prefetch.medications);
  if (!get || !orders) return;
  const found = await Promise.all([...new Set(named)].slice(0, MEDICATIONS).map((each) => get(`${base}/${each}`).catch(() => null)));
  orders.entry.push(...found.filter(Boolean).map((resource) => ({ resource, search: { mode: "include" } })));
}
