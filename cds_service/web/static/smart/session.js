// What a launch leaves for the page that the EHR sends the user back to: in this tab, until that page takes it.

const KEY = "smart-launch";

export const keep = (launched) => sessionStorage.setItem(KEY, JSON.stringify(launched));

/** The language that the launch asked for; "" for none. */
export const language = () => JSON.parse(sessionStorage.getItem(KEY) ?? "{}").language ?? "";

/** What was kept, once; null where nothing was begun in this tab. */
export function take() {
  const kept = sessionStorage.getItem(KEY);
  sessionStorage.removeItem(KEY);
  return kept && JSON.parse(kept);
}

export const isLocal = (url) => ["127.0.0.1", "localhost", "[::1]"].includes(new URL(url).hostname);
