// Whose chart is open: a shipped patient, or what somebody pastes or drops.

import config, { h, t } from "./screen/dom.js";

/** Draw the list; `chosen` gets a patient, or {given} for one's own data. */
export function patients(chosen) {
  const filter = document.getElementById("patient-filter");
  const list = document.getElementById("patient-list");
  const picker = document.getElementById("patient-picker");
  const narrow = matchMedia("(max-width: 52rem)");
  if (narrow.matches) picker.open = false;

  function choose(patient) {
    mark(patient.name);
    if (narrow.matches) picker.open = false;
    chosen(patient);
  }

  /** Show who is chosen; the list is one tab stop, and that is where it is. */
  function mark(name) {
    for (const each of list.querySelectorAll("button")) {
      each.setAttribute("aria-pressed", String(each.dataset.name === name));
      each.tabIndex = each.dataset.name === name ? 0 : -1;
    }
    if (!list.querySelector("[tabindex='0']")) list.querySelector("button").tabIndex = 0;
    const there = list.querySelector("[aria-pressed=true]");
    if (there) list.scrollTop = there.offsetTop - list.clientHeight / 2; // scrollIntoView would take the focus along
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
  list.addEventListener("keydown", (event) => walk(event, list));
  return { mark };
}

/** Arrow keys go from patient to patient. */
function walk(event, list) {
  const shown = [...list.querySelectorAll("li:not([hidden]) button")].filter((each) => each.offsetParent);
  const here = shown.indexOf(document.activeElement);
  const place = { ArrowDown: here + 1, ArrowUp: here - 1, Home: 0, End: shown.length - 1 }[event.key];
  if (here < 0 || place === undefined) return;
  event.preventDefault();
  const next = shown[Math.min(Math.max(place, 0), shown.length - 1)];
  for (const each of list.querySelectorAll("button")) each.tabIndex = -1;
  next.tabIndex = 0;
  next.focus();
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
  const found = list.querySelector("li:not([hidden]) button");
  if (found && !list.querySelector("li:not([hidden]) button[tabindex='0']")) {
    for (const each of list.querySelectorAll("button")) each.tabIndex = -1;
    found.tabIndex = 0; // the one tab stop is never hidden
  }
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
