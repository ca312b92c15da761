"""Wordings of diagnoses, orders and allergies: each line of ``corpus`` must be read as it says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cards.vocabulary import PROBLEMS
from cds_service.fhir.phrases import Verdict
from cds_service.fhir.reading.conditions import understand
from cds_service.fhir.reading.elements import Concept
from cds_service.fhir.reading.read import TERMINOLOGY
from cds_service.fhir.reading.services import services_of

FOLDER = Path(__file__).parent / "corpus"
KINDS = ("allergy", "condition", "procedure")
KNOWN_GAPS: dict[str, str] = {}
"""What is not read as it should be, and why."""


def lines() -> Iterator[tuple[str, str, str]]:
    """Kind, wording and meaning of each line, in order of the files."""
    for path in sorted(each for kind in KINDS for each in FOLDER.glob(f"{kind}-*.tsv")):
        for line in path.read_text(encoding="utf-8").splitlines():
            if line and not line.startswith("#"):
                text, meaning = line.split("\t")
                yield path.stem.partition("-")[0], text, meaning


def read(kind: str, text: str) -> set[str]:
    """What the reader makes of a wording, in the words of the corpus."""
    if kind == "procedure":
        return set(services_of(TERMINOLOGY, Concept(text=text)))
    if kind == "allergy":
        mentions = TERMINOLOGY.said("substance", text)
        found = {m.key for m in mentions if m.is_present}
        return found | {f"?{m.key}" for m in mentions if m.verdict is Verdict.DOUBTFUL}
    said = understand(Concept(text=text), TERMINOLOGY)
    found = set(said.problems) | ({"parental"} if said.parental else set())
    for fracture in said.fractures:
        marks = {"osteoporotic": fracture.osteoporotic, "low-energy": fracture.low_energy, "old": fracture.history}
        found.add("/".join([f"f:{fracture.site}", *filter(None, [fracture.part]), *(m for m, there in marks.items() if there)]))
    return found | {f"?f:{m.bone.site}" if m.bone else f"?{m.key}" for m in said.doubtful}


def fits(read: set[str], meaning: str) -> bool:
    """Whether it is what the corpus says; of a fracture, at least what it says."""
    wanted = set(meaning.split()) - {"-"}
    fractures = {w for w in wanted if w.startswith("f:")}
    found = {r for r in read if r.startswith("f:")}
    if wanted - fractures != read - found or len(found) != len(fractures):
        return False
    return all(any(set(want.split("/")) <= set(have.split("/")) for have in found) for want in fractures)


@pytest.mark.parametrize(("kind", "text", "meaning"), lines())
def test_a_wording_means_what_the_corpus_says(kind: str, text: str, meaning: str) -> None:
    if text in KNOWN_GAPS:
        pytest.xfail(KNOWN_GAPS[text])
    assert fits(found := read(kind, text), meaning), found


def test_the_corpus_speaks_of_what_there_is() -> None:
    words = {word.lstrip("?") for kind, _, meaning in lines() if kind == "condition" for word in meaning.split()}
    assert {w for w in words if not w.startswith("f:")} <= {*PROBLEMS, "-", "parental"}
