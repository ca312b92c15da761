"""The compose file: valid against the published schema, and no more open than it has to be."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from cds_service.config import Settings

ROOT = Path(__file__).parents[1]
COMPOSE = ROOT / "docker-compose.yml"


@pytest.mark.parametrize("name", ["docker-compose.yml", "docker-compose.production.yml"])
def test_it_fits_the_schema_of_compose_files(name: str) -> None:
    checker = Path(sys.executable).with_name("check-jsonschema")
    command = [checker, "--builtin-schema", "vendor.compose-spec", ROOT / name]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout


def test_it_sets_only_variables_that_the_service_knows() -> None:
    known = {str(field.validation_alias) for field in Settings.model_fields.values()}
    assert set(yaml.safe_load(COMPOSE.read_text())["services"]["cds"]["environment"]) <= known
    production = (ROOT / "docker-compose.production.yml").read_text()
    assert set(yaml.safe_load(production)["services"]["cds"]["environment"]) <= known


def test_it_is_reachable_from_this_machine_only_and_runs_without_privileges() -> None:
    service = yaml.safe_load(COMPOSE.read_text())["services"]["cds"]
    assert all(port.startswith("127.0.0.1:") for port in service["ports"])
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert re.search(r"^USER (?!root)", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
