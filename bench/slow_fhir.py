"""A FHIR server that knows one record and takes its time: ``BENCH_DELAY`` seconds for each query."""

import os
import time
from urllib.parse import unquote

import orjson
from flask import Flask, Response, request

from bench.records import resources
from fhir_fixtures.prefetch import answer, templates

DELAY = float(os.environ.get("BENCH_DELAY", "0.06"))
COUNT = 50

app = Flask(__name__)
_RECORD = resources(COUNT)
_ANSWERS = {
    template.replace("{{context.patientId}}", "bench"): orjson.dumps(answer(template, _RECORD))
    for template in templates("patient-view").values()
}


@app.get("/readyz")
def ready() -> Response:
    return Response("ready")


@app.get("/fhir/<path:path>")
def query(path: str) -> Response:
    time.sleep(DELAY)
    search = unquote(request.query_string.decode())
    return Response(_ANSWERS[f"{path}?{search}" if search else path], content_type="application/fhir+json")
