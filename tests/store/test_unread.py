"""The site's list to map: what was not understood is counted, and nothing of a patient is kept with it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import update

from cards import chart
from cards.vocabulary import Data
from cds_service.fhir.terminology import codes
from cds_service.not_understood import local_codes, shape
from cds_service.store import Store, background, unread
from cds_service.store.tables import UNREAD
from cds_service.store.unread import Counted, Unread
from tests.store.test_store import engine_of, eventually

TODAY = datetime.now(UTC).date()
DRUG = Unread("medications", "local-code", "urn:hospital:drugs", "4711", "")
RESULT = Unread("work-up", "not-understood", "urn:hospital:lab", "CRE", "肌酐")
Opened = Callable[..., Store]


def listed(store: Store) -> list[tuple[Unread, int]]:
    return [(each.what, each.times) for each in store.ask(lambda connection: unread.most_frequent(connection, 10))]


def test_what_was_unread_is_counted_over_processes_most_frequent_first(url: str, opened: Opened) -> None:
    first, second = opened(url), opened(url)
    first.start()
    second.start()
    first.count_unread([DRUG, RESULT, RESULT])
    second.count_unread([RESULT])
    assert eventually(lambda: listed(first) == [(RESULT, 3), (DRUG, 1)])
    second.count_unread([DRUG] * 5)
    second.close()
    assert listed(first) == [(DRUG, 6), (RESULT, 3)]
    assert first.ask(lambda connection: unread.most_frequent(connection, 1))[0].last == TODAY


def test_it_is_forgotten_when_it_did_not_come_for_the_retention(url: str, opened: Opened) -> None:
    store = opened(url)
    store.migrate()
    engine = engine_of(url)
    with engine.begin() as connection:
        unread.add(connection, {DRUG: 2, RESULT: 1})
        gone = TODAY - timedelta(days=31)
        connection.execute(update(UNREAD).where(UNREAD.c.code == DRUG.code).values(last=gone))
        assert unread.prune(connection, 30) == 1
    engine.dispose()
    assert listed(store) == [(RESULT, 1)]


def test_only_the_most_frequent_are_kept(url: str, opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unread, "KEPT", 2)
    store = opened(url)
    store.migrate()
    engine = engine_of(url)
    with engine.begin() as connection:
        unread.add(connection, {DRUG: 2, RESULT: 3, DRUG._replace(code="4712"): 1})
        assert unread.prune(connection, 30) == 1
    engine.dispose()
    assert listed(store) == [(RESULT, 3), (DRUG, 2)]


def test_what_finds_no_room_is_not_counted(url: str, opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(background, "ROOM_OF_UNREAD", 1)
    store = opened(url)
    store.count_unread([DRUG, RESULT, DRUG])
    store.start()
    assert eventually(lambda: listed(store) == [(DRUG, 2)])


def test_any_text_that_json_can_hold_can_be_written(url: str, opened: Opened) -> None:
    strange = chart.Unread(Data.WORK_UP, "local-code", "Observation/7", None, "s\0\ud800" * 300, "c\t\n" * 300, "n\u202e" * 300)
    store = opened(url)
    store.start()
    store.count_unread([shape(strange)])
    assert eventually(lambda: [times for _, times in listed(store)] == [1])


@pytest.mark.parametrize(
    ("text", "code", "name"),
    [
        ("P1NP 45.2 ug/L", "X", "P1NP # ug/L"),
        ("25-OH vitamin D 18", "X", "25-OH vitamin D #"),
        ("25羟维生素D", "X", "25羟维生素D"),
        ("腰椎 T值 -3.1 (2021年3月4日)", "X", "腰椎 T值 -# (#年#月#日)"),
        ("eGFR 88ml/min 2021-03-04T10:00", "X", "eGFR #ml/min #T#"),
        ("MRN00123456 bone density", "X", "MRN# bone density"),
        ("what a person wrote | bone density", "X", "bone density"),
        ("bone density | other", "", "bone density"),
        ("a" * 100, "X", "a" * 60),
    ],
)
def test_a_name_is_kept_without_values_dates_and_ids(text: str, code: str, name: str) -> None:
    found = shape(chart.Unread(Data.WORK_UP, "not-understood", "Observation/7", date(2021, 3, 4), "urn:lab", code, text))
    assert found == Unread("work-up", "not-understood", "urn:lab", code, name)


def test_the_rows_are_ready_for_a_table_of_local_codes() -> None:
    nameless, formula = DRUG._replace(code=""), DRUG._replace(code="=1+1")
    counted = [Counted(each, 3, date(2026, 6, 15)) for each in (DRUG, nameless, formula, RESULT)]
    head, *rows = [line.split("\t") for line in local_codes(counted).splitlines()]
    assert head[:4] == ["kind", "system", "code", "key"]
    assert [row[:4] for row in rows] == [
        ["drug", "urn:hospital:drugs", "4711", ""],
        ["observation", "urn:hospital:lab", "CRE", ""],
    ]


def test_without_a_code_the_name_is_mapped_if_it_is_whole() -> None:
    names = ("生化肌酐", "P1NP #", "x" * unread.NAME, "=SUM(1)", "")
    counted = [Counted(RESULT._replace(system="", code="", name=name), 3, date(2026, 6, 15)) for name in names]
    counted.append(Counted(RESULT._replace(system=""), 3, date(2026, 6, 15)))
    _, *rows = [line.split("\t") for line in local_codes(counted).splitlines()]
    assert [(row[0], row[1], row[2], row[6]) for row in rows] == [("observation", "", "", "生化肌酐")]


def test_once_the_key_is_filled_in_the_service_reads_the_rows(tmp_path_factory: pytest.TempPathFactory) -> None:
    named = RESULT._replace(system="", code="", name="生化项目")
    lines = local_codes([Counted(each, 3, date(2026, 6, 15)) for each in (DRUG, RESULT, named)])
    file = tmp_path_factory.mktemp("site") / "codes.tsv"
    file.write_text(
        lines.replace("4711\t", "4711\talendronate")
        .replace("CRE\t", "CRE\tcreatinine")
        .replace("observation\t\t\t", "observation\t\t\talbumin"),
        encoding="utf-8",
    )
    terminology = codes.load(file)
    assert terminology.drugs["urn:hospital:drugs", "4711"].keys == ("alendronate",)
    assert terminology.observations["urn:hospital:lab", "CRE"].key == "creatinine"
    assert terminology.labels.read(["生化项目"]).about == "albumin"
