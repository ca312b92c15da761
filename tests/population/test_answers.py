"""Answers to cards, from the store, count in the key figures of a run."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from sqlalchemy import insert

from cds_service.cli import main
from cds_service.config import ConfigError, Settings
from cds_service.population import answered
from cds_service.population.answered import Asked
from cds_service.population.run import Options, run
from cds_service.store import Store
from cds_service.store.tables import FEEDBACK, OFFERED, SHOWN
from tests.population.conftest import TODAY, patient, written

EHR, KEY = "https://ehr.example.org", "a key of the hashes, long enough"
DAY = datetime(2025, 2, 1, 9, tzinfo=UTC)

Told = Callable[..., None]


@pytest.fixture(autouse=True)
def _asked_for_in_two_windows_or_three(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of years, not of weeks: from the first card to the day on which the tests run they would be a hundred, and ever more."""
    monkeypatch.setattr(answered, "_STEP", timedelta(days=600))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(f"sqlite:///{tmp_path}/store.db", KEY)
    store.migrate()
    yield store
    store.close()


@pytest.fixture
def told(store: Store) -> Told:
    """A card about the patient "a" with what it offers, and what was said of it."""

    def tell(card: str, said: str = "", *, kind: str = "patient", where: tuple[str, ...] = (EHR,), **more: Any) -> None:
        reason, accepted = more.get("reason"), more.get("accepted")
        shown = {"card": card, "code": "start-treatment", "indicator": "warning", "service": "s", "hook": "patient-view"}
        shown |= {"shown_at": DAY, "content": "1", "facts": "", "practitioner": "", "shadow": more.get("shadow", False)}
        shown["patient"] = store.hashed(kind, *where, "a")
        rows: list[tuple[Any, dict[str, Any]]] = [(SHOWN, shown), (SHOWN, shown | {"code": "screening"})]
        for place, option in enumerate(more.get("offers", ("drug/alendronate", "service/dxa"))):
            rows.append((OFFERED, {"suggestion": f"{card}-{place}", "card": card, "option": option, "shown_at": DAY}))
        if said:
            answer = {"service": "s", "card": card, "outcome": said, "outcome_at": DAY, "received_at": DAY, "reason": reason}
            rows.append((FEEDBACK, answer | {"suggestions": accepted}))
        store.change(lambda connection: [connection.execute(insert(table), row) for table, row in rows])

    return tell


@pytest.fixture
def outcome(tmp_path: Path, store: Store) -> Callable[..., str]:
    """State, and how, of an indicator of the patient "a", who broke the forearm on 2025-01-10."""
    source = written(tmp_path / "export", patient("a", "female 72", "fracture distal-forearm on 2025-01-10"))

    def found(key: str = "fls-drug-recommended", client: str | None = EHR, tenant: str = "", **more: Any) -> str:
        asked = None if client is None else Asked(store, client, tenant)
        options = Options(**{"today": TODAY, "processes": 0, "complete": True, "answers": asked, **more})
        run(source, tmp_path / "out", Settings(), options)
        (part,) = [each for path in (tmp_path / "out" / "parts").iterdir() for each in path.read_bytes().splitlines()]
        figures = orjson.loads(part)["figures"]
        outcomes = {k: v for each in (*figures["episodes"], *figures.get("others", ())) for k, v in each["outcomes"].items()}
        return " ".join(filter(None, (outcomes[key]["state"], outcomes[key].get("how", ""))))

    return found


def test_without_being_asked_for_they_do_not_count(told: Told, outcome: Callable[..., str], tmp_path: Path) -> None:
    told("c", "accepted")
    assert outcome(client=None) == "unknown"
    assert not (tmp_path / "out" / "answers.sqlite").exists()


@pytest.mark.parametrize(
    ("said", "more", "state"),
    [
        ("accepted", {}, "met card"),
        ("accepted", {"accepted": "C-0"}, "met card"),
        ("accepted", {"accepted": "c-1"}, "unknown"),  # the scan alone
        ("accepted", {"offers": ("service/dxa",)}, "unknown"),
        ("accepted", {"shadow": True}, "unknown"),
        ("overridden", {"reason": "patient-refuses"}, "met offered-declined"),
        ("overridden", {"reason": "patient-contraindication"}, "not-met"),
        ("", {}, "unknown"),
    ],
)
def test_an_answer_is_a_recommendation(
    told: Told, outcome: Callable[..., str], said: str, more: dict[str, Any], state: str
) -> None:
    told("c", said, **more)
    assert outcome().partition(" ")[0] == state.partition(" ")[0]
    if " " in state:
        assert outcome() == state


def test_an_answer_is_an_assessment_and_a_card_that_was_shown_is_none(told: Told, outcome: Callable[..., str]) -> None:
    told("shown")
    assert outcome("fls-assessed-12w") == "unknown"
    told("answered", "overridden", reason="patient-refuses")
    assert outcome("fls-assessed-12w") == "met card"


@pytest.mark.parametrize(
    ("card", "asked", "state"),
    [
        ({"where": (EHR,)}, {"client": EHR}, "met"),
        ({"where": ("https://other.example.org",)}, {"client": EHR}, "unknown"),
        ({"kind": "patient of tenant", "where": (EHR, "t1")}, {"client": EHR, "tenant": "t1"}, "met"),
        ({"kind": "patient of tenant", "where": (EHR, "t1")}, {"client": EHR, "tenant": "t2"}, "unknown"),
        ({"kind": "patient of tenant", "where": (EHR, "t1")}, {"client": EHR}, "unknown"),
        ({"where": ("",)}, {"client": ""}, "met"),
    ],
)
def test_the_same_id_at_another_client_or_tenant_is_somebody_else(
    told: Told, outcome: Callable[..., str], card: dict[str, Any], asked: dict[str, str], state: str
) -> None:
    told("c", "accepted", **card)
    assert outcome(**asked).partition(" ")[0] == state


def test_a_new_answer_is_judged_anew_and_none_stays(told: Told, outcome: Callable[..., str], tmp_path: Path) -> None:
    assert outcome() == "unknown"
    told("c", "accepted")
    assert outcome() == "met card"
    assert outcome(client=None) == "unknown"
    assert not (tmp_path / "out" / "answers.sqlite").exists()


def test_neither_the_folder_nor_the_run_holds_the_key(told: Told, outcome: Callable[..., str], tmp_path: Path) -> None:
    told("c", "accepted")
    outcome()
    for path in (tmp_path / "out").rglob("*"):
        assert path.is_dir() or KEY.encode() not in path.read_bytes()
    with sqlite3.connect(tmp_path / "out" / "answers.sqlite") as kept:
        assert kept.execute("select count(*) from answers").fetchone() == (1,)


def test_without_the_key_the_run_does_not_begin(outcome: Callable[..., str], tmp_path: Path) -> None:
    keyless = Store(f"sqlite:///{tmp_path}/other/store.db")
    with pytest.raises(ConfigError, match=r"store\.db: no key of its hashes"):
        outcome(answers=Asked(keyless, EHR))


def test_the_command_tells_how_many_were_joined(
    told: Told, outcome: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    told("c", "accepted")
    monkeypatch.setenv("CDS_DATABASE_URL", f"sqlite:///{tmp_path}/store.db")
    monkeypatch.setenv("CDS_HASH_KEY", KEY)
    command = ["population", str(tmp_path / "export"), "--out", str(tmp_path / "run"), "--processes", "1"]
    main([*command, "--today", TODAY.isoformat(), "--answers-of", EHR])
    assert "Cards on record: 1, of these patients 1\n" in capsys.readouterr().out
    main([*command, "--today", TODAY.isoformat(), "--answers-of", "https://other.example.org"])
    assert "of these patients 0: another client, tenant, database or hash key?" in capsys.readouterr().out
