// What is copied for the chart note: who, when, what was advised and what became of it, why, the checks with value and day.

import { day, t } from "./dom.js";

const CONTENT = "org.osteoporosis-cds.content";

/** The content version of an answer. */
export const contentOf = (answer) => answer?.extension?.[CONTENT]?.version ?? "";

/**
 * The note on these cards. `visit`: {told, who, content, assumed, decided}: the screen, whose it is in words, the content version,
 * what is assumed, and what was decided, as [{code, title, label, reason}]. Of a card, what it offered is told with what became
 * of it.
 */
export function note(cards, visit) {
  const { told, who, content, assumed, decided } = visit;
  const head = [
    t("note.title", { day: day(told.today) }),
    who && t("note.patient", { who }),
    assumed && t("note.assumed", { what: assumed }),
  ];
  const taken = decided.filter((each) => each.label).map((each) => `- ${each.label}`);
  const aside = decided.filter((each) => !each.label).map((each) => `- ${each.title}: ${each.reason}`);
  const parts = [
    ...cards.map((card) => advice(card, told.heads[card.summary] ?? card.summary, decided)),
    ...told.safe.map(checks),
    part("note.ordered", taken.length ? taken : [t("note.none")]),
    part("note.overridden", aside.length ? aside : [t("note.none")]),
  ];
  return [...head, "", ...parts.flatMap((lines) => [...lines, ""]), t("note.foot", { content })].filter((line) => line !== null && line !== undefined && line !== false).join("\n");
}

const part = (key, lines, values) => [t(key, values), ...lines];

function advice(card, head, decided) {
  const labels = new Set(decided.map((each) => each.label));
  const open = (card.suggestions ?? []).filter((each) => !labels.has(each.label));
  const listed = (key, found) => (found.length ? [t(key), ...found.map((each) => `- ${each.label}`)] : []);
  return [
    `[${t(`indicator.${card.indicator}`)}] ${head}`,
    ...listed("note.advised", open.filter((each) => each.isRecommended)),
    ...listed("note.offered", open.filter((each) => !each.isRecommended)),
    ...plain(card.detail ?? ""),
  ];
}

/** Markdown of a card as plain text: no marks, no empty lines, no table. */
function plain(detail) {
  const lines = detail.split("\n").map((line) => line.trim().replace(/\*\*/g, "").replace(/\\([\\`*_{}[\]()#+.!|<>~-])/g, "$1"));
  return lines.filter((line) => line && !/^\|?[\s|:-]+\|?$/.test(line)).map((line) => (line.startsWith("|") ? line.slice(1, -1).split("|").map((cell) => cell.trim()).join("; ") : line));
}

function checks(safe) {
  const lines = safe.checks.filter((check) => check.said || check.result !== "ok").map((check) => `- ${[`${check.title}: ${check.said || t(`safe.${check.result}`)}`, check.day].filter(Boolean).join(", ")}${check.said && check.result !== "ok" ? ` [${t(`safe.${check.result}`)}]` : ""}`);
  const clear = safe.checks.filter((check) => !check.said && check.result === "ok").map((check) => check.title);
  if (clear.length) lines.push(`- ${t("note.clear", { what: clear.join(t("bar.between")) })}`);
  return part(safe.drug ? "note.checks-of" : "note.checks", lines, { drug: safe.drug, word: safe.word ?? "" });
}
