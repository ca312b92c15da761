"""The alert burden: of a run and of the store, with what holds it down."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cds_service.burden import calls, counts
from cds_service.burden.calls import Call, Card
from cds_service.burden.page import page
from cds_service.cli import main
from cds_service.store import Shown, Store, queries, seen
from tests.population.conftest import patient, went, written

WARNING, FEW = Card("start-treatment", "warning"), Card("lifestyle-education", "info", ("tests-due", "fall-risk"))
ONE = Call("patient-view", None, (WARNING, FEW, FEW))
NONE = Call("patient-view")


def test_of_a_run_by_the_openings_of_a_day() -> None:
    found = counts.of_run([ONE, NONE], 100, 50, 8, 90)
    assert (found.a_day, found.an_hour, found.apart) == (150, 3.0, 350)
    assert found.by_card == {("lifestyle-education", "info"): 100, ("start-treatment", "warning"): 50}
    assert (found.empty, found.caps[1], found.caps[2]) == (0.5, 50, 100)


def test_the_cap_never_cuts_a_warning() -> None:
    assert [counts.shown((WARNING, WARNING, FEW), cap) for cap in (1, 2, 3)] == [2, 2, 3]


def test_overrides_hold_back_only_what_comes_again() -> None:
    rare = counts.of_run([ONE] * 1000, 10, None, 8, 90)
    often = counts.of_run([ONE] * 10, 10, None, 8, 90)
    assert set(rare.overrides.values()) == {0.0}
    assert often.overrides["46% overridden"] == pytest.approx(0.46 * 89 / 90)


def shown(card: str, moment: datetime, code: str = "start-treatment", indicator: str = "warning") -> Shown:
    return Shown(card, code, indicator, "osteoporosis-patient-view", "patient-view", "1", "facts", "pat", "doc", True, moment)


def test_of_the_store_in_shadow_mode(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path}/cds.db", "a key")
    now = datetime.now(UTC).replace(hour=12)
    rows = [shown("1", now - timedelta(days=10)), shown("1", now - timedelta(days=10), "tests-due", "info")]
    rows += [shown("2", now - timedelta(days=10), "bmd-screening", "info"), shown("3", now - timedelta(days=9))]
    store.change(lambda connection: queries.add_shown(connection, rows))
    store.change(lambda connection: seen.add(connection, {seen.Seen(seen.today(), "patient-view", "call"): 100}))
    since = seen.today() - timedelta(days=28)
    some, every = store.ask(lambda c: (calls.of_store(c, since), calls.counted_calls(c, since)))
    store.close()
    assert [[(card.code, card.contains) for card in call.cards] for call in some] == [
        [("start-treatment", ("tests-due",)), ("bmd-screening", ())],
        [("start-treatment", ())],
    ]
    found = counts.of_store(some, every, 10, None, 8, 90)
    assert (found.a_day, found.calls, round(found.empty, 2)) == (pytest.approx(0.3), {"patient-view": 10}, 0.98)
    assert found.overrides == {"the same card seen again": pytest.approx(1 / 3)}


def test_a_page_needs_nothing_from_outside_and_runs_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    low = ("problem osteoporosis since 2020-01-01", "T-score total-hip -3.1 on 2026-01-01")
    went(written(tmp_path / "export", patient("secret-id", "female 72", *low)), tmp_path / "run")
    out = tmp_path / "burden.html"
    main(["burden", str(tmp_path / "run"), "--openings", "200", "--hours", "40", "--out", str(out)])
    assert "for each clinician-hour" in capsys.readouterr().out
    told = out.read_text(encoding="utf-8")
    assert "secret-id" not in told
    assert "default-src 'none'; style-src 'sha256-" in told
    assert not re.search(r"<script|style=|https?://(?!www\.w3\.org)", told)
    assert told.count("<svg") == 3


def test_a_name_cannot_break_out_of_the_page() -> None:
    found = counts.of_run([Call("<hook>", None, (Card("<b>", "info"),))], 1, None, 8, 90)
    assert "<b>" not in page(found, ("<i>",), "")


def test_a_run_needs_the_openings(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["burden", str(tmp_path)])
    assert "--openings" in capsys.readouterr().err
