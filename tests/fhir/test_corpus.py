"""Wordings of diagnoses, orders, reports and allergies: each line of ``corpus`` must be read as it says."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path

import pytest

from cards.vocabulary import PROBLEMS
from cds_service.fhir.phrases import Verdict, fold
from cds_service.fhir.phrases.density import scores
from cds_service.fhir.phrases.vertebrae import named
from cds_service.fhir.reading.conditions import understand
from cds_service.fhir.reading.elements import Concept
from cds_service.fhir.reading.read import TERMINOLOGY
from cds_service.fhir.reading.reports import around
from cds_service.fhir.reading.services import services_of

REPORTED = date(2026, 10, 1)
FOLDER = Path(__file__).parent / "corpus"
KINDS = frozenset({"condition", "procedure", "allergy", "report"})
"""Kinds of wordings that are read here."""
KNOWN_GAPS: dict[str, str] = {
    "L1椎体楔形变，考虑压缩骨折": "a wedged vertebra counts as broken, whatever doubt stands beside it"
}
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
    if kind == "report":
        return _read_report(text)
    said = understand(Concept(text=text), TERMINOLOGY)
    found = set(said.problems) | ({"parental"} if said.parental else set())
    for fracture in said.fractures:
        marks = {"osteoporotic": fracture.osteoporotic, "low-energy": fracture.low_energy, "old": fracture.history}
        found.add("/".join([f"f:{fracture.site}", *filter(None, [fracture.part]), *(m for m, there in marks.items() if there)]))
    return found | {f"?f:{m.bone.site}" if m.bone else f"?{m.key}" for m in said.doubtful}


def _read_report(text: str) -> set[str]:
    """Scores with their site, and vertebral fractures with their levels."""
    found = {
        f"{score.key.removesuffix('-score').removesuffix('-vbmd')}:{score.site}={score.value:g}"
        for score in scores(text, REPORTED)
    }
    folded = fold(text)
    for mention in TERMINOLOGY.said("problem", text):
        doubtful = mention.verdict is Verdict.DOUBTFUL
        if mention.bone and mention.bone.site == "vertebra" and (mention.is_present or doubtful):
            levels = named(around(folded, mention)).split(", ")
            found |= _broken("?" * doubtful, filter(None, levels), old=mention.past and not doubtful)
    return found


def _broken(doubt: str, levels: Iterable[str], *, old: bool) -> set[str]:
    """A word for each vertebra."""
    age = "/old" if old else ""
    return {f"{doubt}f:vertebra/{level}{age}" for level in levels} or {f"{doubt}f:vertebra{age}"}


def fits(read: set[str], kind: str, meaning: str) -> bool:
    """Whether it is what the corpus says; of a fracture, at least what it says."""
    wanted = meant(kind, meaning)
    if kind == "report":
        return read == wanted
    fractures = {w for w in wanted if w.startswith("f:")}
    found = {r for r in read if r.startswith("f:")}
    if wanted - fractures != read - found or len(found) != len(fractures):
        return False
    return all(any(set(want.split("/")) <= set(have.split("/")) for have in found) for want in fractures)


def meant(kind: str, meaning: str) -> set[str]:
    """The words of a meaning. Of a report, scores and vertebrae as ``read`` writes them; what is unreadable gives nothing."""
    words = set(meaning.split()) - {"-"}
    return {each for word in words - {"unreadable"} for each in _of_report(word)} if kind == "report" else words


def _of_report(word: str) -> set[str]:
    name, equals, value = word.partition("=")
    if equals:
        return {f"{name}={float(value):g}"}
    parts = word.split("/")[1:]
    return _broken("?" * word.startswith("?"), [part for part in parts if part != "old"], old="old" in parts)


@pytest.mark.parametrize(("kind", "text", "meaning"), lines())
def test_a_wording_means_what_the_corpus_says(kind: str, text: str, meaning: str) -> None:
    if text in KNOWN_GAPS:
        pytest.xfail(KNOWN_GAPS[text])
    assert fits(found := read(kind, text), kind, meaning), found


def test_the_corpus_speaks_of_what_there_is() -> None:
    words = {word.lstrip("?") for kind, _, meaning in lines() if kind == "condition" for word in meaning.split()}
    assert {w for w in words if not w.startswith("f:")} <= {*PROBLEMS, "-", "parental"}
