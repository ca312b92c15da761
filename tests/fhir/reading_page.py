"""Makes docs/reading.md: how well records are read, over which wordings and codes, and what is known not to be read.

Run as ``python -m tests.fhir.reading_page`` (``make docs``). The public value sets lie outside the project: where they are
absent, what was measured on them stays as it stands in the page.
"""

from __future__ import annotations

import tomllib
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from msgspec import Struct

from cds_service.fhir.reading.read import read
from tests.fhir import valuesets
from tests.fhir.conftest import TODAY, ZONE, bundle, concept, observation, patient
from tests.fhir.test_corpus import FOLDER, KNOWN_GAPS, fits, meant
from tests.fhir.test_corpus import read as read_words
from tests.fhir.test_result_names import USUAL, usual

DOCUMENT = Path(__file__).parents[2] / "docs" / "reading.md"
GAPS: dict[str, Any] = tomllib.loads(Path(__file__).with_name("gaps.toml").read_text(encoding="utf-8"))
BEGIN, END = "<!-- measured on value sets: begin -->\n", "<!-- measured on value sets: end -->\n"

HEAD = """\
# How well records are read

Each figure is counted, none estimated: `make docs` makes this page from the wordings in `tests/fhir/corpus` and the tables of
the reader, and a test fails when it is out of date. *Recall* is the share of what stands there that is read, *precision* the
share of what is read that stands there.
"""
CODES = """
## Codes of public value sets

Codes with display of value sets of public quality measures, which are not part of this project: how many are read as what
they mean, with code and display, and by the code alone. *Wrong*: taken for something else of ours, or for what the set says
that it is not. What is missed is named below, with the reason.

"""
FIRST_SIGHT = (
    ("allergies", 52, 53),
    ("discharge diagnoses, Chinese", 113, 133),
    ("emergency department, English", 137, 211),
    ("imaging, Chinese", 43, 54),
    ("diagnoses, Taiwan", 96, 117),
    ("orders of drugs", 109, 113),
    ("orders of tests and procedures", 113, 144),
    ("reports", 60, 81),
    ("results", 221, 245),
)
"""Of the wordings of a second author, how many were read exactly when they were first looked at, in November 2026. They have
been worked on since; what is read of them now stands in the table above."""


class Score(Struct):
    """Of one concept: how often it was to be read, was read, and was read where it was not."""

    wanted: int = 0
    found: int = 0
    extra: int = 0


def document(measured: str) -> str:
    """The text of the page. ``measured``: the table of the value sets."""
    return "".join([HEAD, *_files(), *_first_sight(), *_concepts(), CODES, BEGIN, measured, END, *_gaps()])


def kept() -> str:
    """The table of the value sets as it stands in the page."""
    text = DOCUMENT.read_text(encoding="utf-8")
    return text.partition(BEGIN)[2].partition(END)[0]


def measured() -> str:
    """The table of the value sets, measured."""
    head = "| meaning | codes | read | by code alone | wrong |\n|---|---|---|---|---|\n"
    rows = (
        f"| {meaning} | {count.codes} | {count.read} ({_share(count.read, count.codes)}) | {count.by_code} | {count.wrong} |\n"
        for meaning, count in sorted(valuesets.counted().items(), key=lambda item: item[0].lower())
    )
    return head + "".join(rows)


def _files() -> Iterator[str]:
    """How many lines of each file are read as they say; those that nobody who works on the reader has seen come last."""
    yield "\n## Wordings, by source\n\n| source | wordings | read exactly as they say |\n|---|---|---|\n"
    for path in sorted(FOLDER.rglob("*.tsv"), key=lambda path: (path.parent != FOLDER, path.name)):
        told = list(_told(path))
        right = sum(fits(found, kind, meaning) for kind, found, meaning in told)
        apart = ", kept apart" if path.parent != FOLDER else ""
        if told:
            yield f"| {path.stem}{apart} | {len(told)} | {right} ({_share(right, len(told))}) |\n"


def _first_sight() -> Iterator[str]:
    """What was read of wordings that nobody who worked on the reader had seen."""
    yield (
        "\n## Held-out wordings at first sight\n\n"
        "Wordings of a second author, read once before anyone who works on the reader had seen them: the fairest guess of\n"
        "what is read of a hospital that is new. What was missed has been mended since.\n\n"
        "| source | wordings | read exactly as they say |\n|---|---|---|\n"
    )
    rows = (*FIRST_SIGHT, ("all", sum(right for _, right, _ in FIRST_SIGHT), sum(whole for *_, whole in FIRST_SIGHT)))
    for source, right, whole in rows:
        yield f"| {source} | {whole} | {right} ({_share(right, whole)}) |\n"


def _concepts() -> Iterator[str]:
    """Recall and precision of each concept over all wordings."""
    scores: dict[str, Score] = defaultdict(Score)
    for path in FOLDER.rglob("*.tsv"):
        for kind, read_as, meaning in _told(path):
            wanted, found = _named(meant(kind, meaning)), _named(read_as)
            for key in wanted | found:
                scores[key].wanted += key in wanted
                scores[key].found += key in wanted and key in found
                scores[key].extra += key not in wanted
    yield "\n## Wordings, by concept\n\n| concept | wordings | recall | precision |\n|---|---|---|---|\n"
    for key, score in sorted(scores.items()):
        recall, precision = _share(score.found, score.wanted), _share(score.found, score.found + score.extra)
        yield f"| {key} | {score.wanted} | {recall} | {precision} |\n"


def _told(path: Path) -> Iterator[tuple[str, set[str], str]]:
    """The kind of each line of a file, what is read, and its meaning."""
    kind = path.stem.partition("-")[0]
    for line in path.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            *said, meaning = line.split("\t")
            if kind == "result":
                yield kind, _result(*said, meaning), meaning
            else:
                yield kind, read_words(kind, *said), meaning


def _result(name: str, unit: str, meaning: str) -> set[str]:
    """What a result is read as by its name and unit, with a value that what it means may have; of what is none of ours, with
    any."""
    printed = "" if unit == "-" else unit
    keys = [meaning] if meaning in USUAL else list(USUAL)
    values = {value for key in keys if (value := usual(key, printed)) is not None} or {50.0}
    found: set[str] = set()
    for value in values:
        told = bundle(patient(), observation("x", value, printed, code=concept(text=name)))
        found |= set(read([told], patient_id="p", today=TODAY, zone=ZONE)[0].measured)
    return found


def _named(words: set[str]) -> set[str]:
    """Concepts: of a fracture its site, of a score its site, of what is doubtful that it is."""
    return {_concept(word) for word in words}


def _concept(word: str) -> str:
    doubtful, name = word.startswith("?"), word.lstrip("?").partition("=")[0]
    for short, long in (("f:", "fracture, "), ("t:", "T-score, "), ("z:", "Z-score, "), ("bmd:", "BMD, ")):
        if name.startswith(short):
            name = long + name.removeprefix(short).partition("/")[0]
    return f"{name} (doubtful)" if doubtful else name


def _gaps() -> Iterator[str]:
    yield "\n## Known not to be read\n\n"
    for gap in GAPS["shapes"]:
        yield f"- {gap['what']}: {gap['why']}.\n"
    for text, why in KNOWN_GAPS.items():
        yield f"- {text}: {why}.\n"
    yield "\nOf the value sets:\n\n"
    for gap in GAPS["codes"]:
        yield f"- {gap['meaning']}, {', '.join(gap['codes'])}: {gap['why']}.\n"


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "-"


if __name__ == "__main__":
    DOCUMENT.write_text(document(measured() if valuesets.FILE.exists() else kept()), encoding="utf-8")
