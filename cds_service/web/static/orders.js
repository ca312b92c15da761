// Draft orders: what a suggestion does to them, and what they are called.

/** The drafts after the actions of a suggestion (CDS Hooks 2.0.1, "Action"): {drafts, created, deleted, updated, problems}. */
export function apply(actions, before) {
  let drafts = [...before];
  const done = { created: [], deleted: [], updated: [], problems: [] };
  for (const action of actions) {
    if (action.type === "delete") {
      done.deleted.push(action);
      drafts = drafts.filter((each) => reference(each) !== action.resourceId);
    } else if (action.type === "update") {
      done.updated.push(action);
      drafts = drafts.map((each) => (reference(each) === reference(action.resource) ? action.resource : each));
    } else {
      // An EHR gives a new order its id when it takes it up.
      const resource = { ...action.resource, id: `new-${Date.now()}-${done.created.length + drafts.length}` };
      done.created.push({ ...action, resource });
      if (resource.resourceType === "Condition") done.problems.push(resource);
      else drafts.push(resource);
    }
  }
  return { ...done, drafts };
}

export const reference = (resource) => `${resource.resourceType}/${resource.id}`;

/** What an order is called: its text, else the display of its first coding. */
export function called(resource) {
  const concept = resource.medicationCodeableConcept ?? resource.code ?? {};
  return concept.text ?? concept.coding?.find((each) => each.display)?.display ?? resource.medicationReference?.display ?? reference(resource);
}

/** How it is to be taken, in the words of the order; "" where it does not say. */
export const instruction = (resource) => resource.dosageInstruction?.[0]?.text ?? resource.patientInstruction ?? "";

/** The orders of a Bundle. */
export const entries = (bundle) => (bundle?.entry ?? []).map((entry) => entry?.resource).filter(Boolean);
