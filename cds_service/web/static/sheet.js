// The sheet of a card: its cases are run one after the other when somebody asks for it, and everything is unfolded on paper.

import { t } from "./screen/dom.js";
import { onPaper } from "./screen/paper.js";

const cases = document.getElementById("cases");
const button = document.getElementById("judge");

async function judge() {
  button.disabled = true;
  const lines = [...cases.querySelectorAll("[data-case]")];
  const said = document.getElementById("judged");
  let done = 0;
  let wrong = 0;
  for (const line of lines) {
    const answer = await fetch(`${cases.dataset.judge}/${line.dataset.case}`, { credentials: "same-origin" });
    const faults = answer.ok ? (await answer.json()).faults : [t("sheet.not-run")];
    line.classList.add(faults.length ? "wrong" : "right");
    for (const fault of faults) {
      const told = document.createElement("span");
      told.className = "fault";
      told.textContent = fault;
      line.append(told);
    }
    done += 1;
    wrong += faults.length ? 1 : 0;
    said.textContent = t("sheet.progress", { done, count: lines.length, wrong });
  }
}

button?.addEventListener("click", judge);

// A link into what is folded opens it.
function unfoldTo(target) {
  for (let each = target; each; each = each.parentElement) if (each.tagName === "DETAILS") each.open = true;
  target?.querySelector(":scope > details.part")?.setAttribute("open", "");
  target?.scrollIntoView();
}

addEventListener("hashchange", () => unfoldTo(document.getElementById(location.hash.slice(1))));
if (location.hash) unfoldTo(document.getElementById(location.hash.slice(1)));

// One language at a time, and each sentence once; on paper all of it.
const shown = document.getElementById("shown");
const tongue = document.getElementById("tongue");
const onlyNew = document.getElementById("only-new");
const unfold = document.getElementById("unfold");

function show(all) {
  for (const each of document.querySelectorAll("[data-tongue]")) each.hidden = !all && tongue.value && each.lang !== tongue.value;
  for (const each of document.querySelectorAll(".seen")) each.hidden = !all && onlyNew.checked;
  for (const each of document.querySelectorAll(".known")) each.hidden = all || !onlyNew.checked;
}

if (shown) {
  shown.hidden = false;
  tongue.addEventListener("change", () => show(false));
  onlyNew.addEventListener("change", () => show(false));
  unfold.addEventListener("click", () => {
    for (const each of document.querySelectorAll("details.whole")) each.open = true;
  });
  show(false);
}

onPaper(() => [...document.querySelectorAll("details:not(.no-print)")], () => shown && show(true), () => shown && show(false));
