// SMART scopes: what the app asks for, and whether what was granted covers it.

/** Without these nothing useful can be said. */
export const ESSENTIAL = ["Patient", "Condition", "MedicationRequest", "Observation"];

export const types = (templates) => [...new Set([...Object.values(templates).map((each) => each.split(/[?/]/)[0]), "Medication"])];

/** `v2`: the server knows `.rs`; others are asked for `.read`. `launch`: the EHR began, else the user chooses a patient. */
export function wanted(templates, v2, launch) {
  return [launch ? "launch" : "launch/patient", "openid", "fhirUser", ...types(templates).map((type) => `patient/${type}.${v2 ? "rs" : "read"}`)].join(" ");
}

/** Whether a type may be read and searched. A scope for a part of it (`?category=`) does not count: what lies outside would look as if there were none. */
export function covers(granted, type) {
  return granted.some((scope) => {
    const found = /^(?:patient|user)\/(\w+|\*)\.(\w+|\*)$/.exec(scope);
    return found && [type, "*"].includes(found[1]) && (["read", "*"].includes(found[2]) || (/^c?r?u?d?s?$/.test(found[2]) && /r/.test(found[2]) && (type === "Patient" || type === "Medication" || /s/.test(found[2]))));
  });
}
