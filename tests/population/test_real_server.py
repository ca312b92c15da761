"""A real Bulk Data server (sekmet-fhir), with a signed assertion: what it exports gives the answers of the hook."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import fhir_fixtures
from cds_service.config import Settings
from cds_service.hooks import client_keys
from cds_service.hooks.request import parse
from cds_service.pipeline import Evaluator
from cds_service.population.bulk import Access, Server
from cds_service.population.judge import DECODE, HOOK
from cds_service.population.run import Options, run_server
from tests.integration import sekmet
from tests.population.conftest import TODAY

STORIES = ("denosumab-missed", "healthy", "hospice", "fractures-good-bone", "letrozole-treat", "alendronate-35-weekly")
CLIENT = "population"


def test_an_export_of_a_real_server_gives_the_cards_of_the_hook(tmp_path: Path, out: Path) -> None:
    stories = [fhir_fixtures.load(name).shifted(TODAY)._replace(hook=HOOK, context={}) for name in STORIES]
    client_keys.make(tmp_path / "keys", "https://ehr.example.org", "ES384")
    jwks = json.loads((tmp_path / "keys" / client_keys.JWKS).read_bytes())
    (tmp_path / "server").mkdir()
    try:
        with sekmet.running(tmp_path / "server", {"client_id": CLIENT, "jwks": jwks, "scopes": "system/*.read"}) as running:
            assert running.put(each for story in stories for each in story.resources) == []
            access = Access(CLIENT, tmp_path / "keys" / client_keys.PRIVATE_KEY)
            server = Server(running.base, access, lambda seconds: None)
            told = run_server(server, out, Settings(max_cards=30), Options(today=TODAY, processes=0))
    except sekmet.NotInstalledError as error:
        pytest.skip(str(error))
    assert (told["patients"], told["answered"], told["problems"], told["not_exported"]) == (len(STORIES), len(STORIES), {}, [])
    judged = [DECODE.decode(line) for part in (out / "parts").iterdir() for line in part.read_bytes().splitlines()]
    rows = {each.patient: {row.card: row.indicator for row in each.rows} for each in judged}
    assert rows == {story.patient_id: _cards(story) for story in stories}


def _cards(story: fhir_fixtures.Fixture) -> dict[str, str]:
    call = parse(json.dumps(story.request()).encode(), HOOK)
    cards = Evaluator(Settings(max_cards=30)).evaluate(call, "en", TODAY).response["cards"]
    return {card["source"]["topic"]["code"]: card["indicator"] for card in cards}
