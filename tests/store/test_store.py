"""The store by itself, on SQLite and on PostgreSQL."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from uuid import uuid4

import pytest
from alembic import command
from alembic.config import Config
from msgspec.structs import asdict
from sqlalchemy import Engine, create_engine, inspect, select, update

from cds_service.store import Override, Report, Shown, Store, StoreUnavailable, queries
from cds_service.store.database import url_of
from cds_service.store.tables import FEEDBACK, METADATA, OFFERED, SHOWN, TOKENS, UNREAD

UNIQUE = {
    SHOWN: {("card", "code")},
    FEEDBACK: {("card", "outcome", "outcome_at")},
    UNREAD: {("data", "why", "system", "code", "name")},
}
NOW = datetime.now(UTC)
Opened = Callable[..., Store]


def shown(**values: object) -> Shown:
    """A card of today, told by no one yet."""
    given = {"card": str(uuid4()), "code": "tests-due", "indicator": "info", "service": "osteoporosis-patient-view"}
    given |= {"hook": "patient-view", "content": "1", "facts": "f", "patient": "p", "practitioner": "d", "shadow": False}
    return Shown(**(given | {"shown_at": NOW} | values))  # type: ignore[arg-type]


def overridden(card: str, **values: object) -> Report:
    given = {"outcome": "overridden", "outcome_at": datetime.now(UTC), "reason": "patient-refuses"}
    return Report(card=card, **(given | values))  # type: ignore[arg-type]


def eventually(true: Callable[[], object], seconds: float = 10) -> bool:
    """Whether it comes true in time: what a background thread does takes a moment, more on a busy machine."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if true():
            return True
        time.sleep(0.02)
    return False


def engine_of(url: str) -> Engine:
    return create_engine(url_of(url))


def count(url: str, table: object) -> int:
    engine = engine_of(url)
    with engine.connect() as connection:
        rows = len(connection.execute(select(table)).all())  # type: ignore[call-overload]
    engine.dispose()
    return rows


def test_the_revisions_make_the_tables_as_they_are_declared(url: str, opened: Opened) -> None:
    opened(url).migrate()
    engine = engine_of(url)
    found = inspect(engine)
    for table in METADATA.sorted_tables:
        columns = {column["name"]: column["nullable"] for column in found.get_columns(table.name)}
        assert columns == {column.name: column.nullable for column in table.columns}
        unique = {tuple(each["column_names"]) for each in found.get_unique_constraints(table.name)}
        assert unique >= UNIQUE.get(table, set())
    engine.dispose()


def test_many_processes_may_make_the_schema_at_once(url: str) -> None:
    program = f"from cds_service.store import Store; Store({url!r}).migrate()"
    running = [subprocess.Popen([sys.executable, "-c", program], cwd=Path(__file__).parents[2]) for _ in range(4)]
    assert [each.wait(60) for each in running] == [0] * 4
    assert count(url, TOKENS) == 0


def test_a_replayed_report_adds_nothing(url: str, opened: Opened) -> None:
    store = opened(url)
    report = overridden("not a uuid", outcome_at=NOW, comment="free text")
    assert store.report("s", [report, report]) == {"overridden": 1}
    assert store.report("s", [report]) == {}
    elsewhere = overridden("not a uuid", outcome_at=NOW.astimezone(tz=None))
    assert store.report("s", [elsewhere]) == {}, "the same moment, told from another zone"
    assert store.report("s", [overridden("not a uuid", outcome_at=NOW + timedelta(microseconds=1))]) == {"overridden": 1}
    assert count(url, FEEDBACK) == 2
    assert next(row["outcome_at"] for row in store.reported()) == NOW


def test_a_token_is_new_once_for_all_stores_on_one_database(url: str, opened: Opened) -> None:
    one, other = opened(url), opened(url)
    until = time.time() + 60
    assert one.remember_token("https://ehr.example.org", "1", until)
    assert not other.remember_token("https://ehr.example.org", "1", until)
    assert other.remember_token("https://ehr.example.org", "2", datetime.now(UTC))
    assert other.remember_token("https://other.example.org", "1", until)


def test_cards_shown_are_written_behind_and_what_is_queued_at_the_end_is_not_lost(url: str, opened: Opened) -> None:
    store = opened(url)
    store.migrate()
    store.start()
    assert store.show([shown(), shown()]) == 0
    assert eventually(lambda: count(url, SHOWN) == 2)
    store.show([shown()])
    store.close()
    assert count(url, SHOWN) == 3


def test_what_finds_no_room_is_counted(opened: Opened, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cds_service.store.background.ROOM", 2)
    store = opened(f"sqlite:///{tmp_path}")  # a folder is no database
    store.start()
    assert store.show([shown(), shown(), shown()]) == 1


def test_an_override_is_recalled_for_its_days_and_by_every_process(url: str, opened: Opened) -> None:
    first, second = opened(url), opened(url)
    card, old, early = shown(), shown(code="old"), shown(code="early")
    first.start()
    second.start()
    first.show([card, old, early])
    first.report("s", [overridden(card.card), overridden(early.card, outcome_at=datetime.now(UTC) + timedelta(days=999))])
    first.report("s", [overridden(old.card, outcome_at=NOW - timedelta(days=91))])
    for store in (first, second):
        assert eventually(lambda store=store: store.overridden(Override("p", "d", "tests-due", "f")))
        assert not store.overridden(Override("p", "d", "old", "f"))
        assert not store.overridden(Override("p", "d", "tests-due", "other facts"))
        assert not store.overridden(Override("p", "other", "tests-due", "f"))


@pytest.mark.parametrize(
    ("card", "report"),
    [
        (shown(indicator="critical"), {}),
        (shown(shadow=True), {}),
        (shown(practitioner=""), {}),
        (shown(), {"reason": None}),
        (shown(), {"outcome": "accepted"}),
    ],
    ids=["critical", "shadow", "nobody asked", "no reason", "accepted"],
)
def test_other_reports_silence_nothing(card: Shown, report: dict[str, object], opened: Opened, tmp_path: Path) -> None:
    store = opened(f"sqlite:///{tmp_path}/cds.db")
    store.start()
    known = shown(code="known")
    store.show([card, known])
    store.report("s", [overridden(card.card, **report), overridden(known.card, reason=None, comment="a reason, in words")])
    assert eventually(lambda: store.overridden(Override("p", "d", "known", "f")))
    assert not store.overridden(Override(card.patient, card.practitioner, card.code, card.facts))


def test_an_override_that_rests_longer_is_recalled_until_then_whatever_its_days(url: str, opened: Opened) -> None:
    store = opened(url, suppress_days=1)
    resting, over, other = shown(rests_until=NOW + timedelta(hours=1)), shown(rests_until=NOW - timedelta(seconds=1)), shown()
    silent, reported = shown(facts="known"), NOW - timedelta(days=700)
    store.report("s", [overridden(card.card, outcome_at=reported) for card in (resting, over, other)])
    store.report("s", [overridden(silent.card)])
    store.start()
    store.show(
        [
            Shown(**asdict(card) | {"facts": name})
            for card, name in ((resting, "rests"), (over, "over"), (other, "other"), (silent, "known"))
        ]
    )
    assert eventually(lambda: store.overridden(Override("p", "d", "tests-due", "known")))
    assert store.overridden(Override("p", "d", "tests-due", "rests"))
    assert not store.overridden(Override("p", "d", "tests-due", "over"))
    assert not store.overridden(Override("p", "d", "tests-due", "other"))


def test_days_0_never_silences(opened: Opened, tmp_path: Path) -> None:
    store = opened(f"sqlite:///{tmp_path}/cds.db", suppress_days=0)
    store.start()
    card, resting = shown(), shown(facts="rests", rests_until=NOW + timedelta(days=700))
    store.show([card, resting])
    store.report("s", [overridden(card.card), overridden(resting.card)])
    time.sleep(1.5)
    assert not store.overridden(Override("p", "d", "tests-due", "f"))
    assert not store.overridden(Override("p", "d", "tests-due", "rests"))


def test_what_is_older_than_the_retention_is_deleted(url: str, opened: Opened) -> None:
    store = opened(url, retention_days=30)
    past = shown(shown_at=NOW - timedelta(days=31))
    store.report("s", [overridden("x"), overridden("y")])
    store.remember_token("i", "expired", time.time() - 600)
    store.remember_token("i", "valid", time.time() + 60)
    engine = engine_of(url)
    with engine.begin() as connection:
        connection.execute(update(FEEDBACK).where(FEEDBACK.c.card == "x").values(received_at=NOW - timedelta(days=31)))
    engine.dispose()
    store.start()
    store.show([past, shown()])
    assert eventually(lambda: (count(url, FEEDBACK), count(url, TOKENS)) == (1, 1))
    assert eventually(lambda: count(url, SHOWN) in (1, 2)), "written before or after the first pruning, which comes every hour"
    later = opened(url, retention_days=30)
    later.start()
    assert eventually(lambda: count(url, SHOWN) == 1)


def test_what_keeps_a_card_silent_outlives_the_retention(url: str, opened: Opened) -> None:
    """Of four cards that are too old only the one whose override still rests is left, with what was reported of it."""
    past, later = NOW - timedelta(days=31), NOW + timedelta(days=1)
    cards = [
        shown(shown_at=past, rests_until=later),
        shown(shown_at=past, rests_until=later),
        shown(shown_at=past, rests_until=NOW - timedelta(seconds=1)),
        shown(shown_at=past),
    ]
    first = opened(url)
    first.report("s", [overridden(card.card, reason=None if card is cards[1] else "x") for card in cards])
    engine = engine_of(url)
    with engine.begin() as connection:
        queries.add_shown(connection, cards)
        connection.execute(update(FEEDBACK).values(received_at=past))
        assert queries.prune(connection, 30) == 6
        assert connection.scalars(select(SHOWN.c.card)).all() == [cards[0].card]
        assert connection.scalars(select(FEEDBACK.c.card)).all() == [cards[0].card]
        assert queries.prune(connection, 30, resting=False) == 2, "where nothing is held back, nothing is kept for it"
    engine.dispose()


def test_a_database_of_the_first_version_gets_what_came_since_and_keeps_its_rows(url: str, opened: Opened) -> None:
    opened(url).migrate()
    engine = engine_of(url)
    with engine.begin() as connection:
        config = Config(attributes={"connection": connection})
        config.set_main_option("script_location", str(files("cds_service.store").joinpath("migrations")))
        command.downgrade(config, "0001")
        later = {"rests_until", "holds", "encounter", "offers"}
        row = {key: value for key, value in asdict(shown()).items() if key not in later}
        connection.execute(SHOWN.insert().values(row))
    opened(url).migrate()
    with engine.begin() as connection:
        assert connection.execute(select(SHOWN.c.rests_until, SHOWN.c.holds, SHOWN.c.encounter)).all() == [(None, None, None)]
        assert connection.execute(select(UNREAD)).all() == connection.execute(select(OFFERED)).all() == []
    engine.dispose()


def test_a_database_that_is_gone_is_said_and_found_again(opened: Opened, tmp_path: Path) -> None:
    file = tmp_path / "cds.db"
    file.mkdir()  # a folder is no database
    store = opened(f"sqlite:///{file}")
    store.start()
    card = shown()
    store.show([card])
    for call in (
        store.probe,
        store.migrate,
        lambda: store.report("s", [overridden("x")]),
        lambda: store.remember_token("", "", 0),
    ):
        with pytest.raises(StoreUnavailable) as caught:
            call()
        assert str(file) not in str(caught.value)
    file.rmdir()
    store.probe()
    assert store.report("s", [overridden(card.card)]) == {"overridden": 1}
    assert eventually(lambda: count(f"sqlite:///{file}", SHOWN) == 1), "what was shown meanwhile"
    file.unlink()
    assert store.remember_token("i", "j", time.time()), "a database that was replaced gets its tables"


def test_a_database_that_is_read_only_is_not_ready(opened: Opened, tmp_path: Path) -> None:
    file = tmp_path / "cds.db"
    opened(f"sqlite:///{file}").migrate()
    store = opened(f"sqlite:///file:{file}?mode=ro&uri=true")
    with pytest.raises(StoreUnavailable):
        store.probe()
    with pytest.raises(StoreUnavailable):
        store.report("s", [overridden("x")])


def test_a_database_that_is_locked_costs_five_seconds_and_no_more(opened: Opened, tmp_path: Path) -> None:
    store = opened(f"sqlite:///{tmp_path}/cds.db")
    store.migrate()
    holder = sqlite3.connect(tmp_path / "cds.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    began = time.monotonic()
    with pytest.raises(StoreUnavailable):
        store.report("s", [overridden("x")])
    assert time.monotonic() - began < 5.5
    holder.execute("ROLLBACK")
    holder.close()
    assert store.report("s", [overridden("x")]) == {"overridden": 1}


def test_a_server_that_is_not_there_is_told_within_five_seconds(opened: Opened, tmp_path: Path) -> None:
    store = opened("postgresql://cds@127.0.0.1:1/cds")
    began = time.monotonic()
    with pytest.raises(StoreUnavailable):
        store.probe()
    assert time.monotonic() - began < 5.5


def test_the_key_is_made_once_and_kept_beside_the_database(tmp_path: Path) -> None:
    one, other = Store(f"sqlite:///{tmp_path}/data/cds.db"), Store(f"sqlite:///{tmp_path}/data/cds.db")
    for store in (one, other):
        store.start()
        store.close()
    assert one.hashed("patient", "p1") == other.hashed("patient", "p1") != one.hashed("practitioner", "p1")
    assert (tmp_path / "data/hash-key").stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in (tmp_path / "data").glob("*key*")) == ["hash-key"]


def test_the_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path}/own.db")
    store.migrate()
    assert {path.stat().st_mode & 0o777 for path in tmp_path.glob("own.db*")} == {0o600}


def test_after_a_roll_back_the_schema_of_the_later_version_stays(tmp_path: Path) -> None:
    file = tmp_path / "later.db"
    Store(f"sqlite:///{file}").migrate()
    with closing(sqlite3.connect(file)) as later:
        later.execute("UPDATE alembic_version SET version_num = 'r9999'")
        later.commit()
    former = Store(f"sqlite:///{file}")
    former.migrate()
    former.probe()
    assert former.remember_token("iss", "1", datetime.now(UTC) + timedelta(hours=1))
