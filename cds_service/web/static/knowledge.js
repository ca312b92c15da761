// Filter and full-text search over what the page already holds. Every word must be found; both languages are searched.

import config, { t } from "./screen/dom.js";

const find = document.getElementById("find");
const hook = document.getElementById("find-hook");
const rows = [...document.querySelectorAll("[data-row]")];
const groups = [...document.querySelectorAll("[data-group]")];

function filter() {
  const words = find.value.trim().toLowerCase().split(/\s+/).filter(Boolean);
  let count = 0;
  for (const row of rows) {
    const text = config.search[row.id] ?? "";
    const moment = !hook.value || (row.dataset.hooks ?? "").split(" ").includes(hook.value);
    row.hidden = !(moment && words.every((word) => text.includes(word)));
    count += row.hidden ? 0 : 1;
  }
  for (const group of groups) group.hidden = !group.querySelector("[data-row]:not([hidden])");
  document.getElementById("found").textContent = words.length || hook.value ? t("knowledge.found", { count }) : "";
  document.getElementById("nothing").hidden = count > 0;
}

document.getElementById("finder").addEventListener("submit", (event) => event.preventDefault());
find.addEventListener("input", filter);
hook.addEventListener("change", filter);
