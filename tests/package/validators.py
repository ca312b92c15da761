"""Three validators that are not ours, each a function from a folder of resources to what it finds wrong."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

from tests.package.core import build

_LOUD = re.compile(r"^error ?(.*(?:\n +File: .*)?)$", re.MULTILINE)
_TOTAL = re.compile(r"(\d+) Errors?\b")
SECONDS = 1200
NOWHERE = "http://127.0.0.1:9"
"""In place of the registry of packages, so that nothing is loaded but what is given."""


class Validators:
    """Each in a folder of its own, so that they can run side by side."""

    def __init__(self, modules: Path, pyrofile: Path, work: Path, profiles: Path) -> None:
        self.modules, self.program, self.work, self.profiles = modules, pyrofile, work, profiles
        self.home = work / "home"
        self.core = build(modules, self.home / ".fhir" / "packages")

    def medplum(self, *folders: Path) -> list[str]:
        """FHIR R4 and, where they are, the CPG profiles; of a Bundle each entry."""
        script = Path(__file__).with_name("medplum.cjs")
        told: dict[str, Any] = json.loads(self._run("node", script, self.modules, self.profiles, *folders, said=False))
        print(f"  medplum: {told['resources']} resources, {told['profiles']} CPG profiles", flush=True)
        return [f"{file}: {message}" for file, message in told["errors"]] + _lost(told["files"], _files(*folders))

    def sushi(self, folder: Path) -> list[str]:
        """The resources turned into FHIR Shorthand, which SUSHI compiles against the definitions."""
        made = self.work / "fsh"
        shutil.rmtree(made, ignore_errors=True)
        resources = self._copied(folder, "resources-sushi")
        bin_ = self.modules / ".bin"
        said = self._run(bin_ / "gofsh", resources, "-o", made, "-u", "4.0.1", "--useFHIRVersion", "4.0.1")
        said += self._run(bin_ / "sushi", "build", made)
        totals = [int(number) for number in _TOTAL.findall(said)]
        counted = len(list((made / "fsh-generated" / "resources").glob("*.json"))) if made.exists() else 0
        print(f"  sushi: {counted} resources", flush=True)
        found = [" ".join(each.split()) for each in _LOUD.findall(said)]
        odd = [f"totals {totals}"] if not found and (len(totals) != 2 or any(totals)) else []
        return [*found, *_lost(counted, _files(folder)), *odd]

    def pyrofile(self, folder: Path) -> list[str]:
        """Its own definitions take what a Dosage holds for unknown: ActivityDefinition is read from core."""
        config = self.work / "pyrofile.json"
        paths = [str(self.core / "StructureDefinition-ActivityDefinition.json")]
        config.write_text(json.dumps({"localPackagePaths": paths, "evidenceOutputDir": str(self.work / "evidence")}))
        resources = self._copied(folder, "resources-pyrofile")
        said = self._run(self.program, "folder", resources, "-c", config, "--max-issues", "500")
        totals = re.search(r"^Errors: (\d+)", said, re.MULTILINE)
        counted = re.search(r"^Resources: (\d+)", said, re.MULTILINE)
        print(f"  pyrofile: {counted[1] if counted else 'no'} resources", flush=True)
        found = re.findall(r"^- ERROR (.*)$", said, re.MULTILINE)
        odd = [] if totals and bool(int(totals[1])) == bool(found) else [said[-500:]]
        return [*found, *_lost(int(counted[1]) if counted else 0, _files(folder)), *odd]

    def _copied(self, folder: Path, name: str) -> Path:
        """The resources of the package alone: without its lists, and without the patients."""
        to = self.work / name
        shutil.rmtree(to, ignore_errors=True)
        to.mkdir()
        for path in folder.glob("*-*.json"):
            shutil.copy(path, to)
        return to

    def _run(self, *command: object, said: bool = True) -> str:
        """What a program prints, both ways if ``said``; what it found decides, not how it ended."""
        environment = os.environ | {"HOME": str(self.home), "NO_COLOR": "1", "NO_UPDATE_NOTIFIER": "1", "FPL_REGISTRY": NOWHERE}
        done = subprocess.run(
            [str(each) for each in command],
            capture_output=True,
            text=True,
            timeout=SECONDS,
            env=environment,
            cwd=self.work,
            check=False,
        )
        return done.stdout + done.stderr if said else done.stdout


def _files(*folders: Path) -> int:
    return sum(len(list(folder.glob("*-*.json"))) for folder in folders)


def _lost(seen: int, expected: int) -> list[str]:
    """A validator that saw fewer resources than there are has not found them right."""
    return [] if seen == expected else [f"saw {seen} of {expected} files"]
