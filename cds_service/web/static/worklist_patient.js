// The picture of one patient of the worklist: the one adapter between this page and the drawing.

import config, { h, t } from "./dom.js";
import { drawTimeline } from "./timeline.js";

const place = document.getElementById("timeline");
const answer = await fetch(config.picture, { headers: { Accept: "application/json" } });
const told = answer.ok ? (await answer.json()).timeline : null;
if (told) drawTimeline(place, told);
else place.replaceChildren(h("p", { class: "hint" }, t("worklist.records-gone")));
