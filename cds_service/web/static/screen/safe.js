// Is it safe? The checks of a drug, each with value and date, also when fine.

import { h, t } from "./dom.js";

const ICONS = { ok: "✓", warn: "!", stop: "✕", unknown: "?", ask: "?" };
const ASSUMED = "Observation/assumed";

/** `told`: how much of it stands there at once: "all" that has a value, only what is "odd", or "none", the answer alone. */
export function drawSafe(each, told) {
  const valued = each.checks.filter((check) => check.said || check.result !== "ok");
  const shown = told === "all" ? valued : told === "odd" ? valued.filter((check) => check.result !== "ok") : [];
  const folded = each.checks.filter((check) => !shown.includes(check));
  const list = h("ul", { class: "checks" }, shown.map(line));
  if (folded.length) {
    const worst = ["stop", "warn", "unknown", "ask", "ok"].find((result) => folded.some((check) => check.result === result));
    const phrase = worst === "ok" ? "bar.all-clear" : "bar.checks";
    list.append(h("li", { class: `${worst} clear` }, h("details", {}, h("summary", {}, icon(worst), t(phrase, { count: folded.length })), h("ul", { class: "checks" }, folded.map(line)))));
  }
  const verdict = each.word && h("strong", { class: `word ${each.verdict}` }, each.word);
  return h("div", { class: "safe" }, h("h2", {}, each.drug ? t("bar.safe-of", { drug: each.drug }) : t("bar.safe"), " ", verdict || ""), list);
}

function icon(result) {
  return [h("i", { class: `icon ${result}`, "aria-hidden": "true" }, ICONS[result]), h("span", { class: "hidden" }, `${t(`safe.${result}`)}: `)];
}

function line(check) {
  const said = check.said && h("strong", {}, check.said);
  const assumed = check.refs?.includes(ASSUMED);
  const when = check.day && h("span", { class: assumed ? "day assumed" : "day" }, check.day);
  return h("li", { class: `${check.result}${assumed ? " is-assumed" : ""}` }, icon(check.result), h("span", { class: "what" }, check.code && check.said ? t("bar.says", { title: check.title }) : check.title), " ", said || "", " ", when || "");
}
