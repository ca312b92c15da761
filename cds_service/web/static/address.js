// The address of what is on the screen: which patient, moment, day, drafts and what-if. Only shipped patients have one: a real id
// never stands in a URL.

const KEPT = ["fixture", "hook", "drafts", "day", "egfr", "t", "vitd"];
export const ASSUMED = ["day", "egfr", "t", "vitd"];

/** What the address asks for: strings by name; `drafts` a list, absent where those of the story count. */
export function read() {
  const asked = new URLSearchParams(location.search);
  const found = Object.fromEntries(KEPT.filter((name) => asked.has(name)).map((name) => [name, asked.get(name)]));
  return "drafts" in found ? { ...found, drafts: found.drafts ? found.drafts.split(",") : [] } : found;
}

/** Put it into the address, as a step that Back takes back unless `quietly`. */
export function write(wanted, language, quietly) {
  const told = new URLSearchParams({ lang: language });
  for (const name of KEPT) {
    const value = wanted[name];
    if (value !== undefined && value !== null && value !== "") told.set(name, Array.isArray(value) ? value.join(",") : value);
  }
  const url = `${location.pathname}?${told}`;
  if (url !== location.pathname + location.search) history[quietly ? "replaceState" : "pushState"](null, "", url);
  const link = document.querySelector(".top .language");
  const other = new URLSearchParams(told);
  other.set("lang", language === "zh" ? "en" : "zh");
  link.href = `${location.pathname}?${other}`;
}
