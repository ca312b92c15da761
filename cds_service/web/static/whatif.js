// What if: another value or day, what the service would say then, and at which value it changes its mind.

import { thresholds } from "./api.js";
import config, { h, t } from "./screen/dom.js";

const at = (id) => document.getElementById(id);

/** `changed(assumed)` when something else is assumed, `asked()` what is on the screen. */
export function whatIf(changed, asked) {
  let assumed = {};
  const fields = config.assumable.map((each) => field(each));

  function field(each) {
    const input = h("input", { type: "number", id: `assume-${each.key}`, min: each.low, max: each.high, step: each.step, inputmode: "decimal", placeholder: "–" });
    const turns = h("ol", { class: "turns" });
    input.addEventListener("change", () => {
      const { [each.key]: _, ...others } = assumed;
      changed(input.value === "" ? others : { ...others, [each.key]: input.value });
    });
    const find = h("button", { type: "button", class: "button quiet" }, t(each.key === "day" ? "whatif.when" : "whatif.where"));
    find.addEventListener("click", async () => {
      turns.replaceChildren(h("li", {}, t("cards.loading")));
      const answer = await thresholds({ ...asked(), axis: each.key });
      const { now, span, turns: told } = answer.status === 200 ? answer.body : { now: "", span: "", turns: [] };
      const line = (turn) => h("li", {}, h("button", { type: "button", class: "link", onclick: () => changed({ ...assumed, [each.key]: String(turn.at) }) }, turn.said), ": ", turn.changes.join("; "));
      turns.replaceChildren(now ? h("li", { class: "now" }, now) : "", ...(told.length ? told.map(line) : [h("li", {}, t("whatif.nowhere", { span }))]));
    });
    at("whatif-fields").append(h("div", { class: "field" }, h("label", { for: `assume-${each.key}` }, each.label, each.unit ? ` (${each.unit})` : ""), h("div", { class: "row" }, input, find), turns));
    return { key: each.key, input, turns };
  }

  at("whatif-clear").addEventListener("click", () => changed({}));
  const told = (now) => config.assumable.filter((each) => now[each.key]).map((each) => `${each.label} ${now[each.key]} ${each.unit}`.trim()).join(", ");
  return {
    /** What is assumed, in words. */
    told,
    /** What is said then, beside the fields: the bar may be out of sight. */
    answer(cards, screen) {
      const safe = screen.safe.filter((each) => each.drug).map((each) => `${t("bar.safe-of", each)} ${each.word}`);
      const head = cards.length ? screen.heads[cards[0].summary] ?? cards[0].summary : t("cards.none");
      at("whatif-answer").textContent = told(assumed) ? [t("whatif.then", { head }), ...safe].join(" · ") : "";
    },
    draw(now, screen, dropped = []) {
      assumed = now;
      for (const each of fields) {
        each.input.value = now[each.key] ?? "";
        if (screen.turn !== each.key) each.turns.replaceChildren();
      }
      const words = told(now);
      at("whatif-told").textContent = words ? t("whatif.told", { what: words }) : "";
      at("whatif-dropped").textContent = words && dropped.length ? t("whatif.dropped", { what: dropped.join("; ") }) : "";
      at("whatif-banner").hidden = !words;
      if (words) at("whatif").open = true;
    },
  };
}
