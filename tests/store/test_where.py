"""Commands that read the store say which one, and nothing that is secret."""

from __future__ import annotations

from pathlib import Path

import pytest

from cds_service.cli import main
from cds_service.store.database import url_of, where


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("postgresql://cds:secret@db.example.org/cds", "postgresql://db.example.org/cds"),
        ("postgresql+psycopg://cds:secret@db.example.org:5433/cds?password=secret", "postgresql://db.example.org:5433/cds"),
        ("postgres:///cds?host=/run/postgresql&password=secret", "postgresql:///cds"),
        ("postgresql://cds:s%40cret@[::1]/cds", "postgresql://[::1]/cds"),
        ("sqlite:////var/lib/cds.db", "sqlite:////var/lib/cds.db"),
    ],
)
def test_a_database_is_named_without_its_credentials(url: str, told: str) -> None:
    assert where(url_of(url)) == told


@pytest.mark.parametrize("command", ["drift", "burden"])
def test_a_command_names_the_database_that_is_empty(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The wrong one, most often: CDS_DATABASE_URL is not set in the terminal."""
    monkeypatch.setenv("CDS_DATABASE_URL", f"sqlite:///{tmp_path}/empty.db")
    with pytest.raises(SystemExit):
        main([command])
    assert capsys.readouterr().err.startswith(f"osteoporosis-cds: sqlite:///{tmp_path}/empty.db: ")
