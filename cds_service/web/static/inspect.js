// Request and response as they went over the wire, to copy, save, change, or send with curl.

import config, { code, h, t } from "./screen/dom.js";
import { edit } from "./patients.js";
import { copy } from "./screen/copy.js";

export function inspect(request, answer) {
  const url = `${config.publicUrl}/cds-services/osteoporosis-${request.hook}`;
  const line = `curl -s -H 'Content-Type: application/json' -H 'Accept-Language: ${config.language}' \\\n  --data-binary @request.json ${url}`;
  const took = t("inspect.took", { status: answer.status, ms: answer.ms });
  const change = h("button", { type: "button", class: "button", onclick: () => edit(request) }, t("inspect.edit"));
  document.getElementById("inspect").replaceChildren(
    part(t("inspect.request"), request, save(request), change),
    part(`${t("inspect.response")} · ${took}`, answer.body),
    part(t("inspect.curl"), line, h("span", { class: "hint" }, t("inspect.curl-help"))),
  );
}

function part(title, value, ...tools) {
  const text = typeof value === "string" ? value : JSON.stringify(value, null, 2);
  const copied = h("button", { type: "button", class: "button" }, t("inspect.copy"));
  copied.addEventListener("click", async () => {
    await copy(text);
    copied.textContent = t("inspect.copied");
    setTimeout(() => (copied.textContent = t("inspect.copy")), 1500);
  });
  return h("details", {}, h("summary", {}, title), h("p", { class: "wire-bar" }, copied, tools), code(text, title));
}

function save(request) {
  const give = () => {
    const url = URL.createObjectURL(new Blob([JSON.stringify(request, null, 2)], { type: "application/json" }));
    h("a", { href: url, download: "request.json" }).click();
    URL.revokeObjectURL(url);
  };
  return h("button", { type: "button", class: "button", onclick: give }, t("inspect.save"));
}
