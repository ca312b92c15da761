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
from cds_service.fhir.reading.drugs import identify
from cds_service.fhir.reading.elements import Concept
from cds_service.fhir.reading.read import TERMINOLOGY
from cds_service.fhir.reading.reports import around
from cds_service.fhir.reading.services import services_of
from tests.fhir.conftest import not_as_told

REPORTED = date(2026, 10, 1)
FOLDER = Path(__file__).parent / "corpus"
KINDS = frozenset({"condition", "procedure", "order", "allergy", "report"})
"""Kinds of wordings that are read here."""
KNOWN_GAPS: dict[str, str] = {
    "骨盆肿物，骨肉瘤待排": "a doubtful sarcoma of bone is a doubtful cancer, too",
    "乳癌家族史": "cancer of the breast in the family is what raises the risk of it",
    "T值-2.6，Z值-0.8，符合骨质疏松": "a score without a site is left unread",
    "Lowest T-score -2.9 (site not stated).": "a score without a site is left unread",
    "腰椎正位T值-1.2；左髋部：股骨颈-2.5，全髋-2.1（T值）": "what the numbers are is said behind them",
    "Spine T-score of -1.8 and hip T-score of -2.1. Osteopenia.": "a hip of which no part is named is taken for the total hip",
    "The BMD of the femoral neck is 2.2 standard deviations below the young normal mean.": "no grammar of scores in words",
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
    if kind == "order":
        return {drug.key for drug in identify(Concept(text=text), TERMINOLOGY).drugs}
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
    mentions = [mention for mention in TERMINOLOGY.said("problem", text) if mention.bone]
    for mention, about in around(folded, mentions):
        doubtful = mention.verdict is Verdict.DOUBTFUL
        if mention.bone and mention.bone.site == "vertebra" and (mention.is_present or doubtful):
            levels = named(about).split(", ")
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
    """The words of a meaning; of an order, the drugs that reach the body. Of a report, scores and vertebrae as ``read`` writes
    them; what is unreadable gives nothing."""
    words = {word for word in meaning.split() if word != "-" and not (kind == "order" and word.endswith("/local"))}
    return {each for word in words - {"unreadable"} for each in _of_report(word)} if kind == "report" else words


def _of_report(word: str) -> set[str]:
    name, equals, value = word.partition("=")
    if equals:
        return {f"{name}={float(value):g}"}
    parts = word.split("/")[1:]
    return _broken("?" * word.startswith("?"), [part for part in parts if part != "old"], old="old" in parts)


def means(line: tuple[str, str, str]) -> None:
    kind, text, meaning = line
    assert fits(found := read(kind, text), kind, meaning), found


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_wording_means_what_the_corpus_says(kind: str) -> None:
    told = [line for line in lines() if line[0] == kind]
    assert len(told) > 20
    assert not_as_told(means, (line for line in told if line[1] not in KNOWN_GAPS)) == []


def test_the_gaps_are_still_there() -> None:
    gaps = [line for line in lines() if line[1] in KNOWN_GAPS]
    assert {text for _, text, _ in gaps} == KNOWN_GAPS.keys()
    assert len(not_as_told(means, gaps)) == len(gaps)


def test_the_corpus_speaks_of_what_there_is() -> None:
    words = {word.lstrip("?") for kind, _, meaning in lines() if kind == "condition" for word in meaning.split()}
    assert {w for w in words if not w.startswith("f:")} <= {*PROBLEMS, "-", "parental"}
