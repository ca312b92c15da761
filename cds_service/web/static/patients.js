// Whose chart is open: a shipped patient, or what somebody pastes or drops.

import config, { h, t } from "./dom.js";

/** Draw the list; `chosen` gets a patient, or {given} for one's own data. */
export function patients(chosen) {
  const filter = document.getElementById("patient-filter");
  const list = document.getElementById("patient-list");
  const picker = document.getElementById("patient-picker");
  const narrow = matchMedia("(max-width: 52rem)");
  if (narrow.matches) picker.open = false;

  function choose(patient) {
    for (const each of list.querySelectorAll("button")) each.setAttribute("aria-pressed", String(each.dataset.name === patient.name));
    if (narrow.matches) picker.open = false;
    chosen(patient);
  }

  const buttons = new Map(config.patients.map((patient) => [patient.name, button(patient, () => choose(patient))]));
  for (const [section, found] of bySection()) {
    const items = found.map((patient) => h("li", {}, buttons.get(patient.name)));
    list.append(h("section", {}, h("h3", {}, t(`section.${section}`)), h("ul", {}, items)));
  }
  const none = h("p", { class: "hint", hidden: true }, t("patients.none"));
  list.append(none);
  filter.addEventListener("input", () => narrowDown(list, none, filter.value.trim().toLowerCase()));
  ownData((given) => choose({ name: "", title: t("patients.own-title"), story: t("patients.own-story"), given }));
  return { choose };
}

function bySection() {
  const sections = new Map();
  for (const patient of config.patients) sections.set(patient.section, [...(sections.get(patient.section) ?? []), patient]);
  return sections;
}

function button(patient, onclick) {
  const word = patient.indicator && h("span", { class: "hidden" }, ` (${t(`indicator.${patient.indicator}`)})`);
  const dot = h("span", { class: `dot ${patient.indicator}`, "aria-hidden": "true" });
  const search = `${patient.title} ${patient.story} ${patient.name}`.toLowerCase();
  const attributes = { type: "button", class: "patient", "aria-pressed": "false", "data-name": patient.name, "data-search": search, onclick };
  return h("button", attributes, dot, h("span", {}, patient.title, word || ""));
}

function narrowDown(list, none, wanted) {
  for (const each of list.querySelectorAll("button")) each.parentElement.hidden = !wanted.split(/\s+/).every((word) => each.dataset.search.includes(word));
  for (const section of list.querySelectorAll("section")) section.hidden = !section.querySelector("li:not([hidden])");
  none.hidden = Boolean(list.querySelector("section:not([hidden])"));
}

function ownData(use) {
  const box = document.getElementById("own");
  const text = document.getElementById("own-text");
  const file = document.getElementById("own-file");
  const trouble = document.getElementById("own-problem");

  function take(content) {
    trouble.textContent = "";
    try {
      use(JSON.parse(content));
    } catch (error) {
      trouble.textContent = t("patients.not-json", { reason: error.message.replace(/"[^"]*".*/s, "…") }); // never repeats what was pasted
    }
  }
  const read = async (found) => {
    if (!found) return;
    box.open = true;
    text.value = await found.text();
    take(text.value);
  };
  document.getElementById("own-use").addEventListener("click", () => take(text.value));
  file.addEventListener("change", () => read(file.files[0]).then(() => (file.value = "")));
  const over = (event) => {
    event.preventDefault();
    box.classList.add("over");
  };
  addEventListener("dragover", over);
  addEventListener("dragleave", () => box.classList.remove("over"));
  addEventListener("drop", (event) => {
    event.preventDefault();
    box.classList.remove("over");
    read(event.dataTransfer.files[0]);
  });
}

/** Put a request into the box, to be changed and sent. */
export function edit(request) {
  const box = document.getElementById("own");
  const text = document.getElementById("own-text");
  box.open = true;
  text.value = JSON.stringify(request, null, 2);
  text.focus();
  text.setSelectionRange(0, 0);
}
