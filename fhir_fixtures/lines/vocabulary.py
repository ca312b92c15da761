"""Words of the lines that the vocabulary knows: called by their English name, with the first code that is read as them.

The tables beside this file hold what it cannot say: a strength, a usual dose, a special code, the wording of a record.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from cards.vocabulary import ANALYTES, DRUGS, PROBLEMS, SERVICES
from cards.vocabulary.regimens import REGIMENS
from cds_service.fhir.terminology.rows import shipped

_READ_AS = {
    "drugs": ("drug", ("atc",)),
    "problems": ("condition", ("icd10", "icd10cm", "snomed")),
    "services": ("service", ("loinc", "snomed")),
    "measurements": ("observation", ("loinc",)),
}
"""Kind of a word -> kind of the reading tables, and the code systems in which it is written, the first that has it."""
_LEAST = 3
"""Letters of a code that a record would hold: shorter ones stand for a whole chapter."""


def word(kind: str, key: str) -> Any:
    """What a key of the vocabulary stands for in a line; None where the vocabulary has none of this kind."""
    if kind == "measurements":
        return {"": _code(kind, key).get("loinc", "")} if key in ANALYTES else None
    names = {"drugs": {each.key: each.name for each in DRUGS.values()}, "problems": PROBLEMS, "services": SERVICES}
    if key not in names.get(kind, ()):
        return None
    return {"text": names[kind][key].en} | _code(kind, key) | (_usual(key) if kind == "drugs" else {})


def _code(kind: str, key: str) -> dict[str, str]:
    """The first code that means this and nothing else, by the name of its system; empty where the tables have none."""
    table, systems = _READ_AS[kind]
    for system in systems:
        if code := _first_codes().get((table, key, system)):
            return {system: _dotted(code) if table == "condition" and system != "snomed" else code}
    return {}


@cache
def _first_codes() -> dict[tuple[str, str, str], str]:
    """By kind of the reading tables, key and system."""
    found: dict[tuple[str, str, str], str] = {}
    for row in shipped():
        if not row.get("text") and len(row["code"]) >= _LEAST:
            found.setdefault((row["kind"], row["key"], row["system"]), row["code"])
    return found


def _dotted(code: str) -> str:
    """An ICD-10 code as records write it.

    >>> _dotted("M800"), _dotted("M81")
    ('M80.0', 'M81')
    """
    bare = code.replace(".", "")
    return f"{bare[:3]}.{bare[3:]}".rstrip(".")


def _usual(drug: str) -> dict[str, str]:
    """Product, dose, interval and route of a drug's usual regimen, where it has one that a line can tell."""
    regimen = REGIMENS.get(drug)
    if regimen is None or regimen.times > 1:
        return {}
    count, period = regimen.every
    dose = f"{regimen.dose:g} {regimen.unit}"
    return {"text": regimen.product.en, "route": regimen.route, "dose": dose, "every": f"{count} {period}"}
