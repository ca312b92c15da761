// Whose record this is, as the page says it and as a note may.

/** The Patient in a hook request's prefetch, also within a Bundle; null where there is none. */
export function patientIn(request) {
  const given = Object.values(request.prefetch ?? {});
  const all = given.flatMap((each) => [each, ...(each?.entry ?? []).map((entry) => entry?.resource)]);
  return all.find((each) => each?.resourceType === "Patient") ?? null;
}

const chosen = (patient) => (patient?.name ?? []).find((each) => each.use === "official") ?? patient?.name?.[0];

/** The full name; "" where none is on record. */
export function nameOf(patient) {
  const name = chosen(patient);
  return name?.text ?? [...(name?.given ?? []), name?.family].filter(Boolean).join(" ");
}

/** Initials, of a Chinese name the family's alone: more does not belong into a text that is pasted elsewhere. */
export function initials(patient) {
  const name = chosen(patient), full = nameOf(patient);
  if (/\p{Script=Han}/u.test(full)) return `${name.family ?? full[0]}某`;
  return full.split(/[\s-]+/).filter(Boolean).map((part) => `${part[0].toUpperCase()}.`).join("");
}
