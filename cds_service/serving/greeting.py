"""What is printed once the service listens."""

from __future__ import annotations

import sys
from pathlib import Path

from cds_service.config import Settings

EXAMPLE = "denosumab-missed"
"""The fixture used in the greeting: a denosumab dose long overdue, nothing given since."""


def greeting(settings: Settings) -> str:
    """What is printed once the service listens: its address, and one command to try it."""
    if settings.in_production:
        return f"osteoporosis-cds listens on {settings.address}; its clients call {settings.base_url}/cds-services\n"
    today = f" --today {settings.today_is}" if settings.today_is else ""
    return (
        f"osteoporosis-cds listens on {settings.address}\n"
        f"{'Open it in a browser. ' if settings.shows_playground else ''}Try it from another terminal, in this directory:\n\n"
        f"  {_program()} request {EXAMPLE}{today} | curl -s -H 'Content-Type: application/json' "
        f"--data-binary @- {settings.address}/cds-services/osteoporosis-patient-view\n"
    )


def _program() -> str:
    """This command, as it can be typed in the directory where the service was started."""
    program = Path(sys.executable).parent / "osteoporosis-cds"
    return str(program.relative_to(Path.cwd())) if program.is_relative_to(Path.cwd()) else "osteoporosis-cds"
