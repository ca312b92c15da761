"""The tables by which results are read from their names: no name twice, each as its row says, each sense within its analyte."""

from __future__ import annotations

import csv
from importlib.resources import files

from cards.vocabulary import ANALYTES
from cds_service.fhir.reading import elements
from cds_service.fhir.reading.by_name import called
from cds_service.fhir.reading.read import TERMINOLOGY
from cds_service.fhir.terminology.labels import spelled


def rows(name: str) -> list[dict[str, str]]:
    text = files("cds_service.fhir.terminology").joinpath(name).read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))


def test_no_name_stands_twice_however_it_is_spelled() -> None:
    found = [spelled(row["name"]) for row in rows("result_names.tsv")]
    assert sorted(found) == sorted(set(found))


def test_every_name_alone_means_what_its_row_says() -> None:
    senses = {row["sense"]: row["key"] for row in rows("result_senses.tsv")}
    for row in rows("result_names.tsv"):
        label = called(elements.Concept(text=row["name"]), TERMINOLOGY)
        keys = [senses.get(each, each) for each in row["means"].split("+")]
        if row["means"].startswith("?"):
            assert (label.refused, label.about) == (True, row["means"][1:]), row
        elif row["means"] == "~" or not ANALYTES.keys() & keys:
            assert not label.senses, row
        else:
            assert [sense.key for sense in label.senses] == keys, row


def test_every_analyte_is_known_by_its_own_names() -> None:
    for key, analyte in ANALYTES.items():
        for name in (analyte.name.en, analyte.name.zh):
            assert key in [s.key for s in called(elements.Concept(text=name), TERMINOLOGY).senses], name


def test_every_sense_is_used_and_lies_within_its_analyte() -> None:
    used = {each for row in rows("result_names.tsv") for each in row["means"].split("+")}
    for row in rows("result_senses.tsv"):
        analyte = ANALYTES[row["key"]]
        assert row["sense"] in used, row
        assert analyte.low <= float(row["low"] or analyte.low) < float(row["high"] or analyte.high) <= analyte.high, row
