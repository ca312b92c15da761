"""Every recommendation is cited by a card, and the texts carry what it asks for."""

from __future__ import annotations

import re

import pytest

from cards.engine.catalog import all_cards, citing
from cards.engine.sources import RECOMMENDATIONS, Recommendation, recommendations
from cards.thresholds import ContentError
from tests.each import for_each


@for_each("recommendation", RECOMMENDATIONS.values(), ids=lambda recommendation: recommendation.id)
def test_a_recommendation_is_cited_by_a_card(recommendation: Recommendation) -> None:
    assert recommendation.gist
    assert citing(recommendation.id)


@for_each("code", all_cards())
def test_a_card_names_what_it_rests_on_once(code: str) -> None:
    cites = all_cards()[code].cites
    assert len(set(cites)) == len(cites)


@pytest.mark.parametrize(
    ("row", "card", "said"),
    [
        ({"id": "EXT-1", "gist": "x"}, "some-card", "url or place must say where it stands"),
        ({"id": "EXT-1", "gist": "x", "url": "http://a.example.org"}, "some-card", "url is no https address"),
        ({"id": "NICE-1", "gist": "x"}, "", "its prefix is none of the documents"),
        ({"id": "EXT-1", "gist": "x", "level": "A"}, "", "level"),
        ({"id": "EXT-1"}, "", "gist"),
        ({"id": "OPREF-T3", "gist": "x"}, "some-card", "is a recommendation of recommendations.yaml already"),
    ],
)
def test_a_recommendation_that_nobody_could_look_up_is_refused(row: dict[str, str], card: str, said: str) -> None:
    there = ("recommendations.yaml", "", {"id": "OPREF-T3", "gist": "x"})
    with pytest.raises(ContentError, match=f"^file: .*{said}"):
        recommendations([there, ("file", card, row)])


def test_a_card_may_declare_the_recommendation_that_it_alone_rests_on() -> None:
    assert RECOMMENDATIONS["EXT-34"].card == "calcitonin-cancer"
    assert RECOMMENDATIONS["EXT-34"].url.startswith("https://")
    assert [each.id for each in RECOMMENDATIONS.values() if each.card and each.id not in all_cards()[each.card].cites] == []


CARRIED: dict[str, tuple[str, ...]] = {
    "vertebral-fracture-care": (
        *("T1", "scintigraphy", "occult", "heart", "nutrition", "Mild compression", "unfit for surgery", "cleft", "non-union"),
        *("Kyphoplasty", "bed rest", "Open surgery", "osteotomy", "moderate or severe pain", "three months", "log-rolling"),
        *("brace", "posture", "thrombosis", "not impair healing", "consider it early"),
    ),
    "vertebral-augmentation": (
        *("absolute contraindication", "coagulopathy", "Unfractured", "first choice", "fragment in the canal", "radicular"),
        *("walls", "biopsy"),
    ),
    "rehab-assessment": (
        *("VAS or NRS (2D)", "goniometer (2D)", "PHQ-9 (2B)", "Oswestry", "HRQOL (2C)", "Morse fall scale (2D)", "(1B)"),
        *("3% or more", "20% or more", "(1A)", "(2C)"),
    ),
    "fall-risk": (
        "(1B)",
        "(2B)",
        "sedatives",
        "kidney function",
        "Vitamin D",
        "if the patient wishes (2D)",
        "insoles",
        "(2C)",
        "shoes",
        "light",
    ),
    "pain-rehabilitation": (
        *(
            "orthosis** for back pain, above all after a vertebral fracture (2B)",
            "laser",
            "8 to 100 Hz",
            "1.2 to 5 mT",
        ),
        *(
            "12 weeks",
            "Shock waves** for bone density (2C)",
            "quadriceps strength (2B)",
            "electroacupuncture, moxibustion (2B)",
        ),
        *(
            "baduanjin",
            "wuqinxi",
            "approved Chinese patent medicines (2C)",
            "extension",
            "aerobic",
            "range of motion",
            "balance",
        ),
    ),
    "mood-support": (
        "counseling",
        "self-management-based cognitive behavioral therapy (2D)",
        "anxiolytic drugs as needed (2C)",
        "(2B)",
    ),
    "daily-living": ("(2D)", "transfers", "home", "work", "Barthel", "Oswestry"),
    "physical-agent-evidence": (
        *(
            "outside research (2D)",
            "TENS",
            "iontophoresis",
            "stimulation",
            "deficiency",
            "vibration",
            "8 to 100 Hz",
            "30 to 36 sessions",
            "shock waves",
        ),
        *("laser", "(2B)", "(2C)"),
    ),
    "lifestyle-education": (
        *("1.0 to 1.2 g/kg", "1.2 to 1.5", "300 to 400 mL", "salt at most 5 g", "15 to 30 minutes twice", "150 to 300 minutes"),
        *("75 to 150 vigorous",),
        *(
            "squats",
            "stair or hill climbing",
            "bending or twisting (2C)",
            "no smoking",
            "coffee",
            "tai chi",
            "in person (1B) or online (2D)",
        ),
        *("gently", "resistance (2C)", "primary prevention (2B)", "soy"),
    ),
}
"""What the recommendations of sections G and H ask for, in the words of the English texts."""


@pytest.mark.parametrize("code", sorted(CARRIED.keys() & all_cards().keys()))
def test_a_text_carries_what_its_recommendations_ask_for(code: str) -> None:
    source = source_of("en", code)
    assert [phrase for phrase in CARRIED[code] if phrase not in source] == []


@pytest.mark.parametrize("code", sorted(CARRIED.keys() & all_cards().keys()))
def test_both_languages_carry_the_same_grades(code: str) -> None:
    grades = [re.findall(r"\b([12][A-D])\b", source_of(language, code)) for language in ("en", "zh")]
    assert sorted(grades[0]) == sorted(grades[1])


def source_of(language: str, code: str) -> str:
    """The text as it is written, with all its branches."""
    return (all_cards()[code].folder / f"{language}.md").read_text(encoding="utf-8")
