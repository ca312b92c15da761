"""The largest bodies that are accepted: of bytes, of values, of entries; and how much memory a worker may take for them."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import requests
import yaml

from cds_service.config import Settings
from cds_service.fhir.reading.limits import MOST
from cds_service.hooks.request import MOST_VALUES
from tests.attack.bodies import problem, result, view
from tests.protocol.test_running import VIEW, Running

ROOT = Path(__file__).parents[2]
DEPLOYMENT = ROOT / "deploy/kubernetes/deployment.yaml"
PRIVATE = 40
"""MB that a worker does not share with its master, at rest."""


def limit() -> int:
    """MB that a container may take, as the manifest says."""
    (container,) = yaml.safe_load(DEPLOYMENT.read_text())["spec"]["template"]["spec"]["containers"]
    told = container["resources"]["limits"]["memory"]
    return int(told[:-2]) * {"Mi": 1, "Gi": 1024}[told[-2:]]


def _view(key: str, entries: Iterable[bytes]) -> bytes:
    """A patient-view request with these entries under one key."""
    head, tail = json.dumps(view(**{key: {"resourceType": "Bundle", "entry": [0]}})).encode().split(b"[0]")
    return b"".join((head, b"[", b",".join(entries), b"]", tail))


def _filled(key: str, resource: dict[str, Any]) -> bytes:
    """As many of these as there may be, in a body that is as large as it may be."""
    each = json.dumps({"resource": resource}).encode()
    most = min(MOST["entries"] - 10, (Settings().max_body - 2_000) // (len(each) + 1))
    return _view(key, (each.replace(b"00000", b"%05d" % number) for number in range(most)))


def _empty(resource: str, field: str) -> bytes:
    """A resource with as many empty elements as a body may have values."""
    nothing = b"{}," * (MOST_VALUES // 2 - 200)
    return b'{"resource":{"resourceType":"%s","%s":[%s{}]}}' % (resource.encode(), field.encode(), nothing)


def largest() -> dict[str, bytes]:
    """By what they are the largest of."""
    return {
        "results": _filled("calcium", result(id="o00000", note=[{"text": "x" * 700}])),
        "problems": _filled("conditions", problem("hip fracture 00000 " + "x" * 650, id="c00000")),
        "dosages": _view("medications", [_empty("MedicationRequest", "dosageInstruction")]),
        "components": _view("calcium", [_empty("Observation", "component")]),
        "series": _view("imaging", [_empty("ImagingStudy", "series")]),
    }


def memory(pid: int) -> float:
    """The most memory that a process had, in MB."""
    told = Path(f"/proc/{pid}/status").read_text()
    return int(next(line for line in told.splitlines() if line.startswith("VmHWM")).split()[1]) / 1024


class Peak(NamedTuple):
    """The largest body of a kind: MB of it, of the worker at its peak, of the worker and its master at rest; the status."""

    name: str
    size: float
    most: float
    rest: float
    master: float
    status: int
    seconds: float

    @property
    def container(self) -> float:
        """MB of a container with two workers that both work on such a body. What is shared is counted once: the master's."""
        return self.master + 2 * (self.most - self.rest) + 2 * PRIVATE


def grown(folder: Path, name: str, body: bytes) -> Peak:
    """What the largest body of a kind takes, of a worker that has done nothing else."""
    folder.mkdir()
    service = Running(folder, WEB_CONCURRENCY="1", CDS_TODAY="2026-06-15")
    try:
        service.post(view())
        worker, rest, began = service.workers[0], memory(service.workers[0]), time.monotonic()
        status = requests.post(
            service.url + VIEW, data=body, headers={"Content-Type": "application/json"}, timeout=120
        ).status_code
        took = time.monotonic() - began
        return Peak(name, len(body) / 1e6, memory(worker), rest, memory(service.process.pid), status, took)
    finally:
        service.stop()
