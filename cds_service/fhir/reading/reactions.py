"""What a recorded reaction to a drug was: an allergy, or an effect of the drug that is none."""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import IntEnum

from cds_service.fhir.phrases import fold
from cds_service.fhir.reading import elements
from cds_service.fhir.reading.elements import wording


class Nature(IntEnum):
    """Of several the gravest counts; what no table knows is UNKNOWN, and says neither."""

    NO_ALLERGY = 0
    UNKNOWN = 1
    ALLERGY = 2
    SEVERE = 3


_WORDS = {
    Nature.SEVERE: r"anaphyla|过敏性休克|严重过敏|angio-?o?edema|血管性?水肿|bronchospasm|支气管痉挛|lary(nx|nge)|喉头?水肿"
    r"|stevens|toxic epidermal|中毒性表皮|大疱性表皮|\bdress\b|drug reaction with eosinophilia",
    Nature.ALLERGY: r"urticaria|hives|荨麻疹|风团|\brash|皮疹|exanthem|erythema|红斑|prurit|itch|瘙痒|wheez|喘|hypersensit"
    r"|swell(ing|ed) of (the )?(face|lips?|tongue|throat)|(facial|lip|tongue|throat) swelling"
    r"|面部?(水)?肿|口?唇(水)?肿|舌肿",
    Nature.NO_ALLERGY: r"dyspepsia|indigestion|消化不良|heartburn|烧心|反酸|reflux|反流|o?esophagitis|食管炎|nausea|恶心"
    r"|vomit|呕吐|(abdominal|stomach|epigastric) (pain|discomfort)|腹痛|胃痛|胃部?不适|腹胀|diarrh|腹泻|constipation|便秘"
    r"|gastritis|胃炎"
    r"|myalgia|muscle (pain|ache)|肌肉?痛|arthralgia|joint pain|关节痛|bone pain|骨痛|flu-?like|influenza-like|流感样|fever"
    r"|发热|headache|头痛|dizz|头晕|cramp|抽筋|hot (flush|flash)|潮热",
}
_CODES = {
    Nature.SEVERE: {"39579001", "41291007", "4386001", "73442001", "702809001"},
    Nature.ALLERGY: {"126485001", "271807003", "418290006", "56018004"},
    Nature.NO_ALLERGY: {
        "162031009",
        "16331000",
        "235595009",
        "16761005",
        "422587007",
        "422400008",
        "21522001",
        "62315008",
        "14760008",
        "68962001",
        "57676002",
        "386661006",
        "25064002",
        "404640003",
    },
}
"""Of SNOMED CT."""
_READ = {nature: re.compile(words) for nature, words in _WORDS.items()}


def nature(manifestations: Sequence[elements.Concept]) -> Nature:
    """What all of them together say; UNKNOWN where none is recorded."""
    return max(map(_of_one, manifestations), default=Nature.UNKNOWN)


def _of_one(concept: elements.Concept) -> Nature:
    codes = {coding.code for coding in elements.codings(concept)}
    said = fold(wording(concept))
    for each in (Nature.SEVERE, Nature.ALLERGY, Nature.NO_ALLERGY):
        if codes & _CODES[each] or _READ[each].search(said):
            return each
    return Nature.UNKNOWN
