// What went wrong, as a page: what happened, what to do about it, and who can.

import { h, t } from "../screen/dom.js";

/** A failure with a page of its own: `smart.{key}` says what happened, `smart.{key}-do` what to do. */
export class Problem extends Error {
  constructor(key, values = {}) {
    super(key);
    Object.assign(this, { key, values });
  }
}

/** Show it, and nothing of a patient beside it. */
export function show(error) {
  const { key, values } = error instanceof Problem ? error : new Problem("unexpected");
  if (key === "unexpected") console.error(error?.name ?? "error");
  const title = h("h1", { tabindex: "-1" }, t(`smart.${key}`, values));
  document.getElementById("who").hidden = true;
  document.getElementById("main").replaceChildren(h("section", { class: "trouble", role: "alert", "data-problem": key }, title, h("p", {}, t(`smart.${key}-do`, values))));
  title.focus();
}
