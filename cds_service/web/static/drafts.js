// The drafts on the desk: those of the story, and any number more, several of one drug too.

import config, { h, t } from "./screen/dom.js";
import { called, reference } from "./orders.js";

const STORY = "own";
const isNew = (resource) => /^new-/.test(resource.id ?? ""); // accepted on this page
const coded = (resource) => (resource.medicationCodeableConcept?.coding ?? []).map((each) => `${each.system}|${each.code}`);

/** The key of the drug that an order is for; undefined for what has none. */
function ofDrug(resource) {
  const codes = new Set(coded(resource));
  return config.orders.find((each) => coded(each.resource).some((code) => codes.has(code)))?.key;
}

/** `patientId()` whose they are, `changed(drafts)` when there are others, `now()` those that are there. */
export function drafts(patientId, changed, now) {
  const at = (id) => document.getElementById(id);
  let made = 0;
  let names = {}; // what the service calls the drafts, by reference

  function order(key) {
    const found = config.orders.find((each) => each.key === key);
    if (!found) return null;
    made += 1;
    const resource = { ...found.resource, id: `draft-${key}-${made}`, subject: { reference: `Patient/${patientId()}` } };
    return resource;
  }

  const key = (resource) => /^draft-(.+)-\d+$/.exec(resource.id ?? "")?.[1] ?? (isNew(resource) ? ofDrug(resource) : undefined);

  at("draft").append(h("option", { value: "" }, t("moment.choose")), ...config.orders.map((each) => h("option", { value: each.key }, each.label)));
  at("draft").addEventListener("change", () => {
    const resource = order(at("draft").value);
    at("draft").value = "";
    if (resource) changed([...now(), resource]);
  });

  return {
    /** How the address names them: by drug, those of the story by place. */
    keys: (resources) => resources.filter((each) => key(each) || !isNew(each)).map((each, place) => key(each) ?? `${STORY}${place}`),
    /** The drafts that an address names; `story` are those that the story brings. */
    made: (keys, story) => keys.map((each) => (each.startsWith(STORY) ? story[Number(each.slice(STORY.length))] : order(each))).filter(Boolean),
    draw(resources, told = names) {
      names = told;
      const chips = resources.map((resource, place) => {
        const what = names[reference(resource)] ?? called(resource);
        const remove = h("button", { type: "button", "aria-label": t("moment.remove", { what }), title: t("moment.removed-short") }, "×");
        remove.addEventListener("click", () => changed(now().filter((_, other) => other !== place)));
        return h("li", { class: "chip" }, h("span", {}, what), remove);
      });
      at("drafts").replaceChildren(...(chips.length ? chips : [h("li", { class: "none" }, t("moment.no-drafts"))]));
    },
  };
}
