"""``osteoporosis-cds migrate`` and ``feedback``."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path

import pytest

from cds_service.cli import main
from cds_service.store import Store
from tests.store.test_store import overridden, shown


def test_feedback_is_printed_with_its_card_and_comments_only_when_asked_for(
    tmp_path: Path, opened: Callable[..., Store], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    url = f"sqlite:///{tmp_path}/cds.db"
    monkeypatch.setenv("CDS_DATABASE_URL", url)
    main(["migrate"])
    store, card = opened(url), shown()
    store.start()
    store.show([card])
    store.report("s", [overridden(card.card, comment="=1+1"), overridden("unknown")])
    store.close()
    main(["feedback"])
    first, second = csv.DictReader(io.StringIO(capsys.readouterr().out))
    assert (first["code"], first["outcome"], first["reason"]) == ("tests-due", "overridden", "patient-refuses")
    assert (second["card"], second["code"]) == ("unknown", "")
    assert "comment" not in first
    main(["feedback", "--comments"])
    assert next(csv.DictReader(io.StringIO(capsys.readouterr().out)))["comment"] == "'=1+1"


def test_a_database_that_is_gone_is_one_line_and_no_url(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CDS_DATABASE_URL", f"sqlite:///{tmp_path}")
    with pytest.raises(SystemExit, match="2"):
        main(["migrate"])
    told = capsys.readouterr().err
    assert len(told.splitlines()) == 1
    assert str(tmp_path) not in told
