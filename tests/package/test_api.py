"""``/fhir``: read-only, the same resources as in the package."""

from __future__ import annotations

from pathlib import Path

import pytest
from fhir.resources.R4B import get_fhir_model_class
from flask.testing import FlaskClient

from cds_service.app import create_app
from cds_service.config import Settings
from cds_service.package.resources import resources

KIND, KEY = "PlanDefinition", "denosumab-sequence"


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> FlaskClient:
    folder: Path = tmp_path_factory.mktemp("store")
    return create_app(Settings.model_validate({"CDS_DATABASE_URL": f"sqlite:///{folder}/store.db"})).test_client()


def test_the_capability_statement_names_every_type_and_nothing_that_writes(client: FlaskClient) -> None:
    answer = client.get("/fhir/metadata")
    assert answer.content_type == "application/fhir+json"
    get_fhir_model_class("CapabilityStatement").model_validate(answer.json)
    (rest,) = answer.json["rest"]
    assert {each["type"] for each in rest["resource"]} == {kind for kind, _ in resources()}
    assert {i["code"] for each in rest["resource"] for i in each["interaction"]} == {"read", "search-type"}
    for each in rest["resource"]:
        first = next(told for (kind, _), told in resources().items() if kind == each["type"])
        values = {"url": first["url"], "name": first["name"], "version": first["version"], "_id": first["id"]}
        assert {told["name"] for told in each["searchParam"]} == values.keys()
        for name, value in values.items():
            assert client.get(f"/fhir/{each['type']}", query_string={name: value}).json["total"] > 0, name
            none = client.get(f"/fhir/{each['type']}", query_string={name: f"{value}-not"}).json
            assert none["total"] == 0, f"{name} is searched by"


def test_a_resource_is_read_as_it_is_in_the_package_and_not_sent_twice(client: FlaskClient) -> None:
    answer = client.get(f"/fhir/{KIND}/{KEY}")
    assert answer.json == resources()[KIND, KEY]
    again = client.get(f"/fhir/{KIND}/{KEY}", headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_what_is_not_there_is_an_operation_outcome(client: FlaskClient) -> None:
    for path, status in (
        (f"/fhir/{KIND}/no-such-card", 404),
        ("/fhir/Patient", 404),
        ("/fhir/Patient/p1", 404),
        (f"/fhir/{KIND}?subject=x", 400),
        (f"/fhir/{KIND}?_count=-1", 400),
        (f"/fhir/{KIND}?_count=²", 400),
        ("/fhir", 404),
        (f"/fhir/{KIND}/{KEY}/_history/1", 404),
        (f"/fhir/{KIND}/{KEY}/$apply", 404),
        (f"/fhir/{KIND}/{KEY}?_format=xml", 406),
    ):
        answer = client.get(path)
        assert (answer.status_code, answer.json["resourceType"]) == (status, "OperationOutcome"), path
        assert answer.content_type == "application/fhir+json", path
        assert (client.head(path).status_code, client.head(path).data) == (status, b""), path
        get_fhir_model_class("OperationOutcome").model_validate(answer.json)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_nothing_can_be_written(client: FlaskClient, method: str) -> None:
    for path in ("/fhir", f"/fhir/{KIND}", f"/fhir/{KIND}/{KEY}", f"/fhir/{KIND}/_search", "/fhir/metadata"):
        answer = client.open(path, method=method, json={})
        assert (answer.status_code, answer.content_type) == (405, "application/fhir+json"), path
        assert answer.headers["Allow"] == client.options(path).headers["Allow"] == "GET, HEAD, OPTIONS"
        get_fhir_model_class("OperationOutcome").model_validate(answer.json)


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        ("application/fhir+json; fhirVersion=4.0", 200),
        ("application/json", 200),
        ("text/html,application/xhtml+xml,*/*;q=0.8", 200),
        ("application/fhir+xml", 406),
        ("text/html", 406),
    ],
)
def test_what_is_accepted_is_json_or_refused(client: FlaskClient, accept: str, status: int) -> None:
    for path in ("/fhir/metadata", f"/fhir/{KIND}/{KEY}", f"/fhir/{KIND}?_id={KEY}"):
        answer = client.get(path, headers={"Accept": accept})
        assert (answer.status_code, answer.content_type) == (status, "application/fhir+json"), path


def test_a_format_that_is_asked_for_by_name_comes_before_what_is_accepted(client: FlaskClient) -> None:
    for told in ("json", "application/json", "application/fhir%2Bjson", "application/fhir+json"):
        assert client.get(f"/fhir/metadata?_format={told}", headers={"Accept": "text/html"}).status_code == 200, told


def test_several_values_are_or_and_a_parameter_given_twice_is_and(client: FlaskClient) -> None:
    def found(query: str) -> list[str]:
        answer = client.get(f"/fhir/{KIND}?{query}").json
        assert answer["link"][0]["url"].endswith(query.replace(",", "%2C"))
        return [each["resource"]["id"] for each in answer.get("entry", ())]

    assert found(f"_id={KEY},pregnancy") == [KEY, "pregnancy"]
    assert found(f"_id={KEY}&_id=pregnancy") == []
    assert found("name=denosumab&name=DenosumabSeq") == [KEY]


def test_a_search_finds_by_address_name_and_id(client: FlaskClient) -> None:
    told = resources()[KIND, KEY]
    for query in (
        {"url": told["url"]},
        {"name": "denosumabseq"},
        {"_id": KEY},
        {"url": told["url"], "version": told["version"]},
    ):
        answer = client.get(f"/fhir/{KIND}", query_string=query).json
        assert [each["resource"]["id"] for each in answer["entry"]] == [KEY]
        get_fhir_model_class("Bundle").model_validate(answer)
    assert "entry" not in client.get(f"/fhir/{KIND}", query_string={"url": told["url"], "version": "1"}).json


def test_pages_of_a_search_hold_every_resource_once(client: FlaskClient) -> None:
    seen, address = [], "/fhir/ValueSet?_count=90"
    while address:
        page = client.get(address).json
        seen += [each["resource"]["id"] for each in page["entry"]]
        address = next((each["url"] for each in page["link"] if each["relation"] == "next"), "")
    assert sorted(seen) == sorted(key for kind, key in resources() if kind == "ValueSet")
    assert page["total"] == len(seen)
    counted = client.get("/fhir/ValueSet?_count=0").json
    assert counted["total"] == len(seen)
    assert "entry" not in counted


def test_it_is_public_as_the_pages_of_the_knowledge_are_and_in_other_origins_too(client: FlaskClient) -> None:
    assert (
        client.get("/fhir/metadata", headers={"Origin": "https://other.example"}).headers["Access-Control-Allow-Origin"] == "*"
    )
