// On paper nothing is folded: what was opened for it is folded again.

let opened = [];

/** `folded()` gives what is to be open on paper; `before` and `after`: what else is to be done. */
export function onPaper(folded, before = () => {}, after = () => {}) {
  const open = () => {
    if (opened.length) return;
    before();
    opened = folded().filter((each) => !each.open);
    for (const each of opened) each.open = true;
  };
  const close = () => {
    after();
    for (const each of opened) each.open = false;
    opened = [];
  };
  addEventListener("beforeprint", open);
  addEventListener("afterprint", close);
  matchMedia("print").addEventListener("change", (media) => (media.matches ? open() : close()));
}
