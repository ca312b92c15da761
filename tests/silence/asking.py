"""The service in one process, a FHIR server in memory, and the answer to a call."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import cache
from typing import Any, NamedTuple

import orjson

from cds_service.casebook.once import Once
from cds_service.config import Settings
from cds_service.fhir.fetching.client import Access, Answer, FhirClient
from cds_service.fhir.reading import read
from cds_service.fhir.terminology.codes import load
from cds_service.gather import opened
from cds_service.hooks.errors import RequestError
from cds_service.hooks.request import parse
from cds_service.pipeline import BODY
from fhir_fixtures.prefetch import templates
from tests.silence.answers import SERVER
from tests.silence.json_path import Json
from tests.silence.mutation import Served


class Answered(NamedTuple):
    """What came of a call: cards, or the status with which it was refused, or the error that it ended in."""

    cards: list[Json]
    refused: int = 0
    error: str = ""


class _Server(FhirClient):
    """In place of what asks a FHIR server over the network."""

    def serve(self, hook: str, patient_id: str, served: Mapping[str, Served]) -> None:
        self._answers = {
            f"{SERVER}/{template.replace('{{context.patientId}}', patient_id)}": served.get(key, Served())
            for key, template in templates(hook).items()
        }

    def fetch(self, access: Access, urls: Mapping[str, str], *_: Any) -> dict[str, Answer]:
        return {key: _answer(self._answers.get(url, Served())) for key, url in urls.items()}


def _answer(served: Served) -> Answer:
    return Answer(tuple(orjson.dumps(page) for page in served.pages), complete=served.complete)


@cache
def _service() -> tuple[Once, _Server]:
    settings = Settings(fhir_servers=frozenset({SERVER}))
    evaluator = Once(settings)
    evaluator._gatherer._client = server = _Server(settings.fhir_timeout)
    return evaluator, server


def ask(body: Json, as_of: date, served: Mapping[str, Served] | None = None) -> Answered:
    """The answer to a call on a day, in English; ``served`` by the FHIR server that the body names."""
    evaluator, server = _service()
    server.serve(body["hook"], body["context"]["patientId"], served or {})
    try:
        call = parse(orjson.dumps(body), body["hook"], body=BODY)
        return Answered(evaluator.evaluate(call, "en", as_of).response["cards"])
    except RequestError as error:
        return Answered([], refused=error.status)
    except Exception as error:  # whatever it is, it is what the test is looking for
        return Answered([], error=f"{type(error).__name__}: {error}")


def forget() -> None:
    """The next chart is judged, whatever was judged before."""
    _service()[0].forget()


def concerns_us(body: Json) -> bool:
    """Whether any order in the context of a call, selected or not, is one of ours."""
    return read.concerns_us(opened(parse(orjson.dumps(body), body["hook"])).record, None, load())
