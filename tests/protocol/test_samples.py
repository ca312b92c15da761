"""docs/samples is what the running code answers, keeps the protocol, and leaves nothing out."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cds_service.hooks.discovery import SERVICES
from cds_service.hooks.models import Cards, request_of
from tests.protocol.checks import check_response
from tests.protocol.samples import FOLDER, samples


@pytest.fixture(scope="module")
def made() -> dict[str, str]:
    return samples()


def read(name: str) -> Any:
    return json.loads((FOLDER / name).read_text(encoding="utf-8"))


def test_the_samples_are_what_the_service_answers(made: dict[str, str]) -> None:
    kept = {str(path.relative_to(FOLDER)): path.read_text(encoding="utf-8") for path in FOLDER.rglob("*.json")}
    assert kept.keys() == made.keys(), "run: make docs"
    assert [name for name in made if kept[name] != made[name]] == [], "run: make docs"


@pytest.mark.parametrize("hook", [service.hook for service in SERVICES.values()])
def test_each_hook_has_a_request_as_described_and_an_answer_with_cards(hook: str) -> None:
    request, answer = read(f"{hook}/request.json"), read(f"{hook}/answer.json")
    request_of(hook).model_validate(request)
    Cards.model_validate(answer)
    assert answer["cards"]
    check_response(answer, request)


def test_every_file_is_in_the_table_of_the_folder() -> None:
    told = (FOLDER / "README.md").read_text(encoding="utf-8")
    names = {str(path.relative_to(FOLDER)) for path in FOLDER.rglob("*.json") if not path.name.endswith(".answer.json")}
    assert [name for name in sorted(names) if f"({name})" not in told] == []


def test_the_collection_holds_every_request_once() -> None:
    collection = read("osteoporosis-cds.postman_collection.json")
    paths = [item["request"]["url"]["raw"] for item in collection["item"]]
    assert {"{{base}}/cds-services", *("{{base}}/cds-services/" + service for service in SERVICES)} <= set(paths)
    for item in collection["item"]:
        if "body" in item["request"]:
            assert "{{" not in item["request"]["body"]["raw"]
            json.loads(item["request"]["body"]["raw"])
