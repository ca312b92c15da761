// Next: what is to come, by day; what is past stands under Now.

import { h, t } from "./dom.js";

const past = (each, told) => Boolean(each.date) && each.date < told.today;
const item = (each) => h("li", { class: each.tone ?? "" }, h("span", { class: "day" }, each.day), " ", h("span", {}, each.what));

/** What is overdue, a line each. */
export const late = (told) => told.next.filter((each) => past(each, told)).map(item);

/** What comes, at most `most` things of it at once, the first with a day among them; `toSign` comes first, but for what is asked
 * before it. `step`: what stands under Now already, in full. */
export function drawNext(told, most, toSign, step) {
  const ahead = told.next.filter((each) => !past(each, told)).map((each) => (step && each.what === step ? { ...each, what: t("bar.as-now") } : each));
  const coming = [...ahead.filter((each) => each.before), ...toSign, ...ahead.filter((each) => !each.before)];
  const root = h("div", { class: "next" }, h("h2", {}, t("bar.next")));
  if (!coming.length) root.append(h("p", { class: "soft" }, t("bar.nothing-ahead")));
  const next = coming.find((each) => each.date);
  const some = coming.slice(0, most);
  const shown = next && !some.includes(next) ? [...some.slice(0, -1), next] : some;
  const folded = coming.filter((each) => !shown.includes(each));
  if (shown.length) root.append(byDay(shown));
  if (folded.length) root.append(h("details", { class: "later" }, h("summary", {}, later(folded)), byDay(folded)));
  return root;
}

/** How many are folded away, and how many of them are for today. */
function later(folded) {
  const today = folded.filter((each) => each.day === t("bar.now")).length;
  return t(today ? "bar.later-now" : "bar.later", { count: folded.length, today });
}

function byDay(things) {
  const days = new Map();
  for (const each of things) days.set(each.day, [...(days.get(each.day) ?? []), each]);
  return h("ul", { class: "ahead" }, [...days.values()].map((found) => h("li", { class: found[0].tone ?? "" }, h("span", { class: "day" }, found[0].day), " ", h("div", {}, found.map((each) => h("span", { class: "thing" }, each.what))))));
}
