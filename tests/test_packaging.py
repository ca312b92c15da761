"""The wheel: everything that the service needs is in it, and nothing that it finds in the source tree by luck."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from the tree with the build backend that pip finds."""
    place = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", place, ROOT]
    subprocess.run(command, check=True, timeout=300, cwd=place)
    return next(place.glob("*.whl"))


def test_the_tables_texts_and_fixtures_are_in_the_wheel(wheel: Path) -> None:
    held = set(zipfile.ZipFile(wheel).namelist())
    packages = [ROOT / name for name in ("cards", "cds_service", "fhir_fixtures")]
    files = {str(file.relative_to(ROOT)) for package in packages for file in package.rglob("*") if file.is_file()}
    assert {file for file in files if "__pycache__" not in file} <= held
    assert not any(name.startswith(("tests/", "docs/")) for name in held)


def test_an_installed_wheel_gives_a_card(wheel: Path, tmp_path: Path) -> None:
    """Installed into a clean environment that borrows the dependencies, but not the source tree, of this one."""
    venv.create(tmp_path / "venv", with_pip=False)
    scripts = tmp_path / "venv" / "bin"
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "CDS_"))}
    python = [sys.executable, "-m", "pip", "--python", str(scripts / "python")]
    install = [*python, "install", "--quiet", "--no-compile", "--no-deps", "--no-index", str(wheel)]
    subprocess.run(install, check=True, timeout=120, env=clean)
    _borrow_dependencies(tmp_path / "venv")
    command = [str(scripts / "osteoporosis-cds"), "evaluate", "denosumab-missed", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=tmp_path, env=clean, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["cards"][0]["indicator"] == "critical"


def _borrow_dependencies(environment: Path) -> None:
    """Put this environment's packages on the path of the new one; plain, so that its own .pth files (editable installs)
    are not followed."""
    own = next((environment / "lib").glob("python3*")) / "site-packages"
    (own / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n")
