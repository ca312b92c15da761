"""Calcium and vitamin D are told in one voice: one dose of calcium in one answer, and no plain vitamin D recommended where
somebody else decides, and no loading named where none is ordered."""

from __future__ import annotations

import json
import re

from cards.definitions.loading import DAILY, PLAIN
from cards.definitions.repletion import FAST, unadvised
from cards.vocabulary import DRUGS, Mechanism
from cards.vocabulary.regimens import REGIMENS
from cards.words.phrases import LANGUAGES
from tests.laws import law
from tests.laws.one_plan import view
from tests.silence.told import told
from tests.test_voice import cards_of

BESIDE_DIET = {
    "en": r"500 to 600 mg|600 mg elemental calcium by mouth once daily",
    "zh": r"500～600 mg|元素钙 600 mg）口服，每日1次",
}
TO_CORRECT = {
    "en": r"1,000 mg of elemental calcium a day in two|500 mg elemental calcium by mouth twice daily",
    "zh": r"元素钙1000 mg（分2次）|元素钙 500 mg）口服，每日2次",
}

LOADINGS = {f"{REGIMENS[key].dose:,.0f}" for pair in DAILY.items() for key in pair}
LARGE = {
    "en": rf"\b({'|'.join(sorted(LOADINGS))}) units",
    "zh": rf"(?<![\d,.])({'|'.join(sorted(each.replace(',', '') for each in LOADINGS))}) IU",
}
"""The doses of a loading, weekly and daily."""


@law
def an_answer_has_one_dose_of_calcium(name: str) -> None:
    for language in LANGUAGES:
        said = json.dumps(cards_of(told(name), language), ensure_ascii=False)
        both = [re.search(dose[language], said) for dose in (BESIDE_DIET, TO_CORRECT)]
        assert not all(both), [found[0] for found in both if found]


@law
def plain_vitamin_d_is_recommended_where_nobody_else_decides(name: str) -> None:
    seen = view(name)
    if unadvised(seen.chart):
        for finding in seen.findings:
            for option in finding.options:
                vitamin_d = option.kind == "drug" and DRUGS[option.key].mechanism is Mechanism.VITAMIN_D
                assert not (vitamin_d and option.recommended), finding.code


@law
def a_low_vitamin_d_without_an_order_names_no_dose_of_a_loading(name: str) -> None:
    for finding, *cards in zip(view(name).findings, *(cards_of(told(name), each) for each in LANGUAGES), strict=True):
        orders = any(each.kind == "drug" and DRUGS[each.key].mechanism in PLAIN for each in finding.options)
        if finding.code == "vitamin-d-low" and not orders:
            for language, card in zip(LANGUAGES, cards, strict=True):
                said = card["summary"] + card["detail"].partition("|")[0]
                assert not re.search(LARGE[language], said), (finding.variant, re.search(LARGE[language], said))


@law
def what_is_dated_by_a_loading_has_one(name: str) -> None:
    """An injection that follows vitamin D by two weeks, or by six, follows a loading, whichever card recommends it."""
    found = view(name).findings
    dated = [
        (each.code, option.key)
        for each in found
        for option in each.options
        if option.recommended and option.first in ("vitamin-d", "vitamin-d-severe") and DRUGS[option.key] in FAST
    ]
    for low in (each for each in found if dated and each.code == "vitamin-d-low"):
        plan = low.values["told"]
        assert plan.loads or plan.past, dated
