"""Codes -> concept keys. The tables beside this file are the source; a site adds rows of its own (``CDS_LOCAL_CODES``)."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable, Mapping
from functools import cache
from hashlib import blake2b
from pathlib import Path
from secrets import token_bytes
from typing import Any, TypeVar

from msgspec import Struct

from cards.vocabulary import ANALYTES, ANTI_OSTEOPOROSIS, DRUGS, Data, Mechanism
from cds_service.fhir.phrases import LONGEST, Mention, Names, Phrases, Stems
from cds_service.fhir.reading.elements import Coding, Concept, codings
from cds_service.fhir.reading.units import plain
from cds_service.fhir.terminology.labels import Labels
from cds_service.fhir.terminology.local import local_rows
from cds_service.fhir.terminology.rows import NOT_OURS, names_of_problems, shipped, table
from cds_service.fhir.terminology.systems import CLASSIFICATIONS, URIS, spelled, system_of, without_dots

Result = TypeVar("Result")


_LONGEST_ICD = 10
"""Characters of the longest code: those of the Chinese clinical editions, without the dot."""
_REMEMBERED = 20_000
_OTHER_USES = frozenset({Mechanism.HORMONE_THERAPY, Mechanism.STRONTIUM, Mechanism.VITAMIN_K2})
"""What drugs for bone share with tooth paste, contraceptives and food: the beginning of a name does not tell them."""
_ACID = "膦(?!甲酸)"
"""A character of bisphosphonates alone, but for foscarnet."""


class Meaning(Struct, frozen=True):
    """What the code of an observation means: key of the analyte and, for bone density, the site that the code names."""

    key: str
    site: str = ""


class Product(Struct, frozen=True):
    """What the code of a drug means: keys of drugs (or a class, or "-"), and the strength in mg where the code fixes it.

    ``words``: the salt that the code names, where a mass of the salt is none of the drug.
    """

    keys: tuple[str, ...]
    mg: float | None = None
    words: str = ""


class Diagnosis(Struct, frozen=True):
    """What the code of a condition means. ``keys``: problems, "fracture" or "parental-hip-fracture"; empty: not ours."""

    keys: frozenset[str]
    site: str = ""
    part: str = ""
    osteoporotic: bool = False
    history: bool = False
    wording: re.Pattern[str] | None = None
    length: int = 0
    low_energy: bool = False


class Terminology:
    """All tables, compiled. What code systems' own concepts mean is worked out once and remembered."""

    def __init__(self, rows: Iterable[Mapping[str, str]]) -> None:
        self.observations: dict[tuple[str, str], Meaning] = {}
        self.drugs: dict[tuple[str, str], Product] = {}
        self.services: dict[tuple[str, str], tuple[str, ...]] = {}
        self.conditions: dict[tuple[str, str], Diagnosis] = {}
        self._memory: dict[Hashable, Any] = {}
        self._key = token_bytes(16)
        by_name = []
        for row in rows:
            if row.get("name"):
                by_name.append(row)
            else:
                self._add(row)
        self._observed = frozenset(code for _, code in self.observations)
        names = [*table("names.tsv"), *names_of_problems(), *by_name]
        self.drug_names = _index(names, "drug")
        self.drug_stems = Stems((name for name, key, brand in _names(names, "drug") if not brand and _is_for_bone(key)), _ACID)
        self.class_names = _index(names, "class")
        self.unclear_names = _index(names, "unclear")
        self._phrases = {
            "problem": Phrases(_names(names, "problem"), bones=True),
            "service": Phrases(_names(names, "service")),
            "substance": Phrases([*_names(names, "drug"), *_names(names, "class"), *_names(names, "filler")]),
        }
        results = [*table("result_names.tsv"), *(row for row in by_name if row["kind"] == "result")]
        self.labels = Labels(results, table("result_senses.tsv"))
        self.units = {(row["analyte"], plain(row["unit"])): float(row["factor"]) for row in table("units.tsv")}

    def _add(self, row: Mapping[str, str]) -> None:
        kind, code = row["kind"], (row["system"], row["code"])
        if kind == "observation":
            self.observations[code] = Meaning(row["key"], row.get("site") or "")
        elif kind == "condition":
            self.conditions[spelled(*code)] = _diagnosis(row)
        elif kind == "drug":
            strength = float(row["mg"]) if row.get("mg") else None
            self.drugs[code] = Product(tuple(row["key"].split("+")), strength, row.get("words") or "")
        else:
            self.services[spelled(*code)] = tuple(row["key"].split("+"))

    def observation(self, concept: Concept | None) -> list[Meaning]:
        """What the codings mean, those that name a site first."""
        if concept is None or concept.coding is None:
            return []
        found, known = [], self.observations
        for c in concept.coding:
            if c.code not in self._observed or not c.system:  # most of a record: no system needs to be looked at
                continue
            if (meaning := known.get((system_of(c.system), c.code or ""))) is not None:
                found.append(meaning)
        return sorted(found, key=lambda m: not m.site) if len(found) > 1 else found

    def drug(self, *concepts: Concept | None) -> list[Product]:
        """What each known drug coding means."""
        return [product for c in codings(*concepts) if (product := self.drugs.get(_code(c)))]

    def service(self, *concepts: Concept | None) -> tuple[str, ...]:
        """Keys of services, problems or drugs given that the codings of an order or a procedure mean."""
        return tuple(dict.fromkeys(key for c in codings(*concepts) for key in _of_longest(self.services, c) or ()))

    def condition(self, coding: Coding) -> Diagnosis | None:
        """What a coding of a condition means; None when it is not known; without keys when it is known to be none of ours."""
        return _of_longest(self.conditions, coding)

    def said(self, kind: str, text: str, longest: int = LONGEST) -> tuple[Mention, ...]:
        """What a text says of problems and fractures ("problem"), of what is ordered or done ("service"), or of drugs and their
        classes ("substance"), of no more than ``longest`` characters of it. Remembered without the text."""
        return self.recall_words(_bytes(text), ("said", kind), lambda: self._phrases[kind].read(text, longest))

    def may_be_a_problem(self, text: str, pattern: re.Pattern[str]) -> bool:
        """Whether the pattern is found in what a text says besides the look-alikes that the tables know."""
        return bool(pattern.search(text)) and bool(pattern.search(self._phrases["problem"].without_others(text)))

    def part_of(self, site: str, text: str) -> str:
        """The side, or the level of a vertebra, that a text about a bone names; "" where it names none or several."""
        return self.recall_words(_bytes(text), ("part", site), lambda: self._phrases["problem"].part_of(site, text))

    def recall(self, purpose: str, concept: Concept, make: Callable[[Concept, Terminology], Result]) -> Result:
        """``make(concept, self)``, remembered when the concept holds a code system's words only: never what a person wrote."""
        said = concept.coding or ()
        coded = bool(said) and all(c.system and c.code for c in said)  # a display without a code is what a person wrote
        if not coded or (concept.text is not None and all(c.display != concept.text for c in said)):
            return make(concept, self)
        return self._remembered((purpose, concept), lambda: make(concept, self))

    def recall_words(self, said: bytes, about: Hashable, make: Callable[[], Result]) -> Result:
        """What ``make`` gives, remembered for these words, which the same hospital writes again and again. People wrote them,
        so that no more than a digest of them is kept, keyed anew in each process. What is made must not repeat them."""
        return self._remembered((blake2b(said, digest_size=16, key=self._key).digest(), about), make)

    def _remembered(self, question: Hashable, make: Callable[[], Result]) -> Result:
        found: Result | None = self._memory.get(question)
        if found is None:
            found = make()
            if len(self._memory) >= _REMEMBERED:
                self._memory.clear()
            self._memory[question] = found
        return found

    def observation_codes(self) -> dict[Data, tuple[str, ...]]:
        """``system|code`` of every observation that is read, by the group of data it belongs to: what queries ask for."""
        codes: dict[Data, list[str]] = {}
        for (system, code), meaning in self.observations.items():
            codes.setdefault(group_of(meaning.key), []).append(f"{URIS.get(system, system)}|{code}")
        return {data: tuple(some) for data, some in codes.items()}


def group_of(key: str) -> Data:
    """The group of data of an observation's key. Smoking is asked for with the fracture risk."""
    return ANALYTES[key].group if key in ANALYTES else Data.FRACTURE_RISK


def subsequent(coding: Coding) -> bool:
    """Whether the 7th character of an ICD-10-CM code says that it is no new fracture (all but A, B and C)."""
    if not coding.system or not coding.code or system_of(coding.system) != "icd10cm":
        return False
    code = without_dots(coding.code)
    return len(code) == 7 and code[6] in "DEFGHJKMNPQRS"


def side(coding: Coding) -> str:
    """The side that an ICD-10-CM code of a limb names by its 6th character, else "".

    >>> side(Coding("http://hl7.org/fhir/sid/icd-10-cm", "S72.002A"))
    'left'
    """
    if not coding.system or not coding.code or system_of(coding.system) != "icd10cm":
        return ""
    code = without_dots(coding.code)
    if len(code) < 6 or code[:3] not in ("S42", "S52", "S72", "M80"):
        return ""
    return {"1": "right", "4": "right", "2": "left", "5": "left"}.get(code[5], "")


def load(local: Path | None = None) -> Terminology:
    """The shipped tables, with a site's rows over them.

    ``local``: TSV with the columns kind (observation, drug, condition, service), system (URI), code, key and, for bone
    density and fractures, site; for drugs, mg. A row with neither system nor code maps what stands under ``name``. Raises
    LocalCodesError, OSError.
    """
    return Terminology([*shipped(), *local_rows(local)]) if local else _without_local_codes()


@cache
def _without_local_codes() -> Terminology:
    """Compiled once in a process, which may hold many evaluators."""
    return Terminology(shipped())


def _diagnosis(row: Mapping[str, str]) -> Diagnosis:
    keys = frozenset(row["key"].split("+")) - {NOT_OURS}
    flag = row.get("flag") or ""
    pattern = re.compile(row["text"], re.IGNORECASE | re.DOTALL) if row.get("text") else None
    site = row.get("site") or ("unspecified" if "fracture" in keys else "")
    return Diagnosis(keys, site, row.get("part") or "", "osteoporotic" in flag, "history" in flag, pattern, len(row["code"]))


def _code(coding: Coding) -> tuple[str, str]:
    return (system_of(coding.system) if coding.system else "", coding.code or "")


def _of_longest(table: Mapping[tuple[str, str], Result], coding: Coding) -> Result | None:
    """What a table says of a code; of a classification the row that begins it, the longest first."""
    system, code = spelled(*_code(coding))
    if system not in CLASSIFICATIONS:
        return table.get((system, code))
    rows = (table.get((system, code[:n])) for n in range(min(len(code), _LONGEST_ICD), 0, -1))
    return next((found for found in rows if found is not None), None)


def _is_for_bone(key: str) -> bool:
    """Whether a drug of one ingredient is taken for bone, and its name is not that of other things, too."""
    return key in DRUGS and DRUGS[key].mechanism in ANTI_OSTEOPOROSIS - _OTHER_USES


def _index(rows: Iterable[Mapping[str, str]], kind: str) -> Names:
    return Names(_names(rows, kind))


def _names(rows: Iterable[Mapping[str, str]], kind: str) -> list[tuple[str, str, bool]]:
    return [(row["name"], row["key"], row["flag"] == "brand") for row in rows if row["kind"] == kind]


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
