"""What was not measured is never taken for normal: labels forbid a PTH analog with high calcium, hyperparathyroidism and
unexplained high ALP, so wherever one is offered and one of these is not known, its button says that it is measured first."""

from __future__ import annotations

from cards.definitions.minerals import calcium
from cards.engine.findings import Option
from cards.vocabulary import DRUGS, Mechanism
from cards.words.options import label
from cards.words.phrases import LANGUAGES
from tests.laws import law
from tests.laws.one_plan import view

SAID = {
    "calcium": {"en": "calcium", "zh": "血钙"},
    "pth": {"en": "PTH", "zh": "甲状旁腺激素"},
    "alp": {"en": "ALP", "zh": "碱性磷酸酶"},
}


@law
def a_pth_analog_follows_what_would_forbid_it(name: str) -> None:
    seen = view(name)
    since = seen.chart.months_ago(12)
    unknown = [key for key in ("pth", "alp") if seen.chart.newest(key, since=since) is None]
    unknown += ["calcium"] if calcium(seen.chart) is None else []
    for finding in seen.findings if unknown else ():
        for option in filter(_is_analog, finding.options):
            for language in LANGUAGES:
                said = label(option, language, seen.chart)
                assert all(SAID[key][language] in said for key in unknown), (finding.code, said)


def _is_analog(option: Option) -> bool:
    return option.kind in ("drug", "mend") and DRUGS[option.key].mechanism is Mechanism.PTH_ANALOG
