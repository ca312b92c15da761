"""What a recorded reaction was: an allergy, or an effect of the drug that is none."""

from __future__ import annotations

import pytest

from cds_service.fhir.reading.elements import Coding, Concept
from cds_service.fhir.reading.reactions import Nature, nature


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("Dyspepsia",), Nature.NO_ALLERGY),
        (("恶心、呕吐",), Nature.NO_ALLERGY),
        (("Flu-like symptoms", "muscle pain"), Nature.NO_ALLERGY),
        (("Crashed into a chair",), Nature.UNKNOWN),
        (("felt unwell",), Nature.UNKNOWN),
        (("Dyspepsia", "felt unwell"), Nature.UNKNOWN),
        ((), Nature.UNKNOWN),
        (("Skin rash",), Nature.ALLERGY),
        (("全身皮疹伴瘙痒",), Nature.ALLERGY),
        (("Nausea", "hives"), Nature.ALLERGY),
        (("Angioedema",), Nature.SEVERE),
        (("Angio-oedema of the lips",), Nature.SEVERE),
        (("喉头水肿",), Nature.SEVERE),
        (("Stevens-Johnson syndrome",), Nature.SEVERE),
    ],
)
def test_what_a_reaction_was_in_words(words: tuple[str, ...], expected: Nature) -> None:
    assert nature([Concept(text=each) for each in words]) is expected


@pytest.mark.parametrize(
    ("code", "expected"),
    [("162031009", Nature.NO_ALLERGY), ("126485001", Nature.ALLERGY), ("39579001", Nature.SEVERE), ("1", Nature.UNKNOWN)],
)
def test_what_a_reaction_was_by_its_code(code: str, expected: Nature) -> None:
    assert nature([Concept((Coding("http://snomed.info/sct", code),))]) is expected
