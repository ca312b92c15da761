"""Labels that Chinese and Taiwanese sources write (skipped where the shared data are absent): each is what its verdict says."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from cards.vocabulary import ANALYTES
from cds_service.fhir.phrases import fold
from cds_service.fhir.reading.by_name import called
from cds_service.fhir.reading.conditions import understand
from cds_service.fhir.reading.drugs import identify
from cds_service.fhir.reading.elements import Coding, Concept
from cds_service.fhir.reading.ledger import NOT_UNDERSTOOD, why_unread_drug
from cds_service.fhir.reading.read import TERMINOLOGY
from cds_service.fhir.reading.units import plain

TABLE = Path(__file__).parents[2] / "shared" / "data" / "china_terms.tsv"
CALLED = {
    "condition": {
        "kidney": {"kidney-disease"},
        "renal": {"mineral-bone-disorder"},
        "ckd-mbd": {"mineral-bone-disorder"},
        "solid": {"organ-transplant"},
        "postmenopausal": {"osteoporosis", "menopause"},
        "osteonecrosis": {"osteonecrosis-jaw"},
        "rheumatoid": {"rheumatoid-arthritis"},
        "colles": {"distal-forearm"},
        "distal": {"distal-forearm"},
    },
    "condition-code": {"jaw": {"osteonecrosis-jaw"}, "vitamin": {"vitamin-d-deficiency"}},
    "drug": {"salmon": {"calcitonin"}, "vitamin": {"cholecalciferol"}, "chinese": {"bone-patent-medicine"}},
}
"""The first word of a row's key, where ours is another."""
OF_RESULTS = {"bone": "bone-alp"}
"""The same for results."""

pytestmark = pytest.mark.skipif(not TABLE.exists(), reason="the shared data are not here")


def rows() -> list[dict[str, str]]:
    if not TABLE.exists():
        return []
    told = csv.DictReader(TABLE.read_text(encoding="utf-8").splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE)
    return list(told)


def found(kind: str, text: str) -> set[str]:
    if kind == "drug":
        named = {
            drug.ingredient if not drug.oncologic else drug.key for drug in identify(Concept(text=text), TERMINOLOGY).drugs
        }
        return named | {each.key for each in TERMINOLOGY.class_names.find(fold(text))}
    system, _, code = text.rpartition("|")
    said = understand(Concept((Coding(system, code),)) if system else Concept(text=text), TERMINOLOGY)
    return {*said.problems, *(fracture.site for fracture in said.fractures)}


@pytest.mark.parametrize("row", [r for r in rows() if r["kind"] == "observation"], ids=lambda row: row["text"])
def test_a_result_is_what_its_verdict_says(row: dict[str, str]) -> None:
    label = called(Concept(text=row["text"]), TERMINOLOGY)
    keys = {sense.key for sense in label.senses} or {label.other}
    if row["verdict"] == "is":
        wanted = OF_RESULTS.get(row["key"], row["key"])
        assert keys == {wanted}
        assert (wanted in ANALYTES) is bool(label.senses)
    elif row["verdict"] == "refuse":  # unit and site must say which, or it is something else
        assert not label.senses or len(keys) > 1
    else:
        assert keys == {row["key"]} or label.refused


@pytest.mark.parametrize("row", [r for r in rows() if r["kind"] == "unit"], ids=lambda row: row["text"])
def test_a_unit_is_what_its_verdict_says(row: dict[str, str]) -> None:
    if row["key"] == "factor":
        assert TERMINOLOGY.units["ctx", plain(row["text"])] == 10
    else:
        assert plain(row["text"]) == plain(row["key"])


@pytest.mark.parametrize("row", [r for r in rows() if r["kind"] not in ("observation", "unit")], ids=lambda row: row["text"])
def test_a_label_is_what_its_verdict_says(row: dict[str, str]) -> None:
    kind, text, key = row["kind"], row["text"], row["key"]
    if row["verdict"].startswith("unread"):
        assert why_unread_drug(Concept(text=text), TERMINOLOGY) == NOT_UNDERSTOOD
        return
    assert row["verdict"] == "is"
    if "120 mg" in row["note"]:
        key += "-oncology"
    assert found(kind, text) == CALLED[kind].get(key, {key})
