// One patient of the worklist on one screen, only to be read: the one adapter between this page and the drawing.

import config, { h, t } from "./screen/dom.js";
import { drawScreen } from "./screen/screen.js";

const place = document.getElementById("screen");
const answer = await fetch(config.picture, { headers: { Accept: "application/json" } });
const told = answer.ok ? await answer.json() : {};
if (told.screen) drawScreen(place, told.screen, told.cards);
else place.replaceChildren(h("p", { class: "hint" }, t("worklist.records-gone")));
