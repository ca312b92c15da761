"""The compose files: valid against the published schema, and no more open than they have to be."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from cds_service.config import Settings

ROOT = Path(__file__).parents[1]
DEVELOPMENT, PRODUCTION = "docker-compose.yml", "docker-compose.production.yml"
OURS = ("cds", "migrate")
KNOWN = {str(field.validation_alias) for field in Settings.model_fields.values()}


def compose(name: str) -> Any:
    return yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))


SERVICES = [
    pytest.param(service, name, id=f"{file}:{name}")
    for file in (DEVELOPMENT, PRODUCTION)
    for name, service in compose(file)["services"].items()
]


@pytest.mark.parametrize("name", [DEVELOPMENT, PRODUCTION])
def test_it_fits_the_schema_of_compose_files(name: str) -> None:
    checker = Path(sys.executable).with_name("check-jsonschema")
    command = [checker, "--builtin-schema", "vendor.compose-spec", ROOT / name]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(("service", "name"), SERVICES)
def test_every_container_runs_without_privileges_on_a_root_that_is_read_only_and_within_limits(service: Any, name: str) -> None:
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", service["user"]), "a user by number, not root"
    assert {"cpus", "memory", "pids"} <= set(service["deploy"]["resources"]["limits"])


@pytest.mark.parametrize(("service", "name"), SERVICES)
def test_every_container_that_stays_has_a_health_check(service: Any, name: str) -> None:
    if name == "migrate":
        assert service["restart"] == "no"
    elif name == "cds":
        assert "HEALTHCHECK" in (ROOT / "Dockerfile").read_text()
        assert service.get("healthcheck") is None
    else:
        assert service["healthcheck"]["test"][0] == "CMD"


@pytest.mark.parametrize(("service", "name"), SERVICES)
def test_the_service_is_given_only_variables_that_it_knows_and_the_user_of_its_image(service: Any, name: str) -> None:
    if name in OURS:
        assert set(service["environment"]) <= KNOWN
        assert f"\nUSER {service['user']}\n" in (ROOT / "Dockerfile").read_text()


def test_in_development_all_is_reachable_from_this_machine_only() -> None:
    services = compose(DEVELOPMENT)["services"]
    assert all(port.startswith("127.0.0.1:") for service in services.values() for port in service["ports"])
    assert [name for name, service in services.items() if not service.get("profiles")] == ["cds"]


def test_in_production_replicas_wait_for_the_schema_and_only_the_proxy_is_reachable() -> None:
    told = compose(PRODUCTION)
    services = told["services"]
    assert services["cds"]["deploy"]["replicas"] == "${REPLICAS:-2}"
    assert services["cds"]["depends_on"] == {"migrate": {"condition": "service_completed_successfully"}}
    assert services["migrate"]["depends_on"] == {"database": {"condition": "service_healthy"}}
    assert [name for name, service in services.items() if "ports" in service] == ["proxy"]
    assert services["database"]["networks"] == ["inside"]
    assert told["networks"]["inside"]["internal"] is True


def test_no_secret_has_a_default() -> None:
    variables = re.findall(r"\$\{(\w*(?:KEY|PASSWORD)\w*)(.)", (ROOT / PRODUCTION).read_text())
    assert len(variables) == 3
    assert {mark for _, mark in variables} == {":"}
    assert all(f"${{{name}:?" in (ROOT / PRODUCTION).read_text() for name, _ in variables)
