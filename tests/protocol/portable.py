"""What a prefetch template must keep to, so that every client can fill it in."""

from __future__ import annotations

import re

from cds_service.fhir.fetching.queries import misshapen

_CODE = re.compile(r"[a-z]{1,9}:[^|,&]{1,200}\|[^|,&]{1,200}")
_PARAMETERS = frozenset({"patient", "code", "_sort", "_count"})


def lint(template: str) -> list[str]:
    """What in a template violates the portable subset; empty if nothing does.

    Source: CDS Hooks 2.0.1, "Prefetch query restrictions", and what public clients were seen to do.
    """
    found = misshapen(template)
    _, _, search = template.partition("?")
    names = [parameter.partition("=")[0] for parameter in search.split("&") if parameter]
    if len(names) != len(set(names)):
        found.append("a parameter is repeated")
    if odd := sorted(set(names) - _PARAMETERS):
        found.append(f"parameters, modifiers or chains outside the subset: {odd}")
    codes = dict(parameter.partition("=")[::2] for parameter in search.split("&")).get("code", "")
    if bare := [code for code in codes.split(",") if codes and not _CODE.fullmatch(code)]:
        found.append(f"codes without a system: {bare}")
    return found
