"""Calcium and vitamin D are told in one voice: one dose of calcium in one answer, and no plain vitamin D recommended where
somebody else decides."""

from __future__ import annotations

import json
import re

from cards.definitions.repletion import unadvised
from cards.vocabulary import DRUGS, Mechanism
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
