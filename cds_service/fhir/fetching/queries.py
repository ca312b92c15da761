"""The FHIR queries that a hook needs: made at start from what its cards say they read, published as prefetch templates.

Uses only what every client was found to support: no repeated parameters, no dates, no includes, no modifiers. The exception is
a site whose results have no LOINC: there they are asked for by category and date.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import cache
from urllib.parse import quote

from msgspec import Struct

from cards.chart.calendar import add_months
from cards.vocabulary import Data

LONGEST = 1_800
"""Maximum characters of a template: below the roughly 2,000 at which proxies and EHRs were found to truncate URLs."""

PATIENT_TOKEN = "{{context.patientId}}"  # noqa: S105  a prefetch token, no secret

_OF_PATIENT = f"?patient={PATIENT_TOKEN}"
_TEMPLATES: dict[Data, str] = {
    Data.PATIENT: f"Patient/{PATIENT_TOKEN}",
    Data.CONDITIONS: f"Condition{_OF_PATIENT}&_count=200",
    Data.MEDICATIONS: f"MedicationRequest{_OF_PATIENT}&_sort=-authoredon&_count=200",
    Data.STATEMENTS: f"MedicationStatement{_OF_PATIENT}&_sort=-effective&_count=200",
    Data.ADMINISTRATIONS: f"MedicationAdministration{_OF_PATIENT}&_sort=-effective-time&_count=200",
    Data.DISPENSES: f"MedicationDispense{_OF_PATIENT}&_sort=-whenhandedover&_count=200",
    Data.ALLERGIES: f"AllergyIntolerance{_OF_PATIENT}&_count=200",
    Data.PROCEDURES: f"Procedure{_OF_PATIENT}&_sort=-date&_count=200",
    Data.ORDERS: f"ServiceRequest{_OF_PATIENT}&_sort=-authored&_count=200",
    Data.FAMILY_HISTORY: f"FamilyMemberHistory{_OF_PATIENT}&_count=100",
    Data.IMAGING: f"ImagingStudy{_OF_PATIENT}&_sort=-started&_count=100",
    Data.CARE_PLANS: f"CarePlan{_OF_PATIENT}&_count=100",
    Data.ENCOUNTERS: f"Encounter{_OF_PATIENT}&_sort=-date&_count=100",
    Data.REPORTS: f"DiagnosticReport{_OF_PATIENT}&_sort=-date&_count=100",
}
_OBSERVATIONS = f"Observation{_OF_PATIENT}&code="
_NEWEST_FIRST = "&_sort=-date&_count=100"


class Category(Struct, frozen=True):
    """What results are asked for by, where not by code: prefetch key, categories, how many years back, and what they bring."""

    key: str
    categories: str
    years: int
    brings: tuple[Data, ...]


CATEGORIES = (
    Category("boneDensity", "imaging,procedure,exam", 10, (Data.BONE_DENSITY,)),
    Category("laboratory", "laboratory", 3, (Data.TURNOVER, Data.RENAL, Data.CALCIUM, Data.VITAMIN_D, Data.WORK_UP)),
    Category("body", "vital-signs", 5, (Data.BODY,)),
    Category("survey", "survey,social-history", 3, (Data.FRACTURE_RISK, Data.FUNCTION)),
)
"""As far back as the rules look; body height, which they compare over longer times, is a matter of how much a server sends."""


class Query(Struct, frozen=True):
    """One prefetch key: the group of data that it brings (``also``: further ones) and the template with its token."""

    key: str
    data: Data
    template: str
    also: tuple[Data, ...] = ()

    @property
    def brings(self) -> tuple[Data, ...]:
        return (self.data, *self.also)

    def of(self, patient_id: str) -> str:
        """The query for one patient, relative to the server's base."""
        return self.template.replace(PATIENT_TOKEN, quote(patient_id, safe=""))


def build(
    reads: Iterable[Data], observation_codes: Mapping[Data, Sequence[str]], *, by_category: date | None = None
) -> tuple[Query, ...]:
    """The queries for these groups of data, the patient first.

    ``observation_codes``: group -> ``system|code``. A group whose codes do not fit into one query gets several.
    ``by_category``: results are asked for by category instead, back from this day.
    """
    wanted = frozenset(reads) | {Data.PATIENT}
    if by_category is None:
        return tuple(query for data in Data if data in wanted for query in _queries(data, observation_codes.get(data, ())))
    others = (query for data in Data if data in wanted for query in _queries(data, ()))
    return (*others, *_by_category(wanted, by_category))


def _by_category(wanted: frozenset[Data], today: date) -> Iterator[Query]:
    for each in CATEGORIES:
        if brings := tuple(data for data in each.brings if data in wanted):
            since = add_months(today, -12 * each.years)
            template = f"Observation{_OF_PATIENT}&category={each.categories}&date=ge{since}{_NEWEST_FIRST}"
            yield Query(each.key, brings[0], template, brings[1:])


def _queries(data: Data, codes: Sequence[str]) -> Iterator[Query]:
    key = camel_case(data)
    if template := _TEMPLATES.get(data):
        yield Query(key, data, template)
        return
    for number, part in enumerate(_fitting(codes, LONGEST - len(_OBSERVATIONS) - len(_NEWEST_FIRST)), start=1):
        yield Query(f"{key}{number}" if number > 1 else key, data, f"{_OBSERVATIONS}{part}{_NEWEST_FIRST}")


def _fitting(codes: Sequence[str], room: int) -> Iterator[str]:
    """The codes, comma-separated, in parts of at most ``room`` characters."""
    part = ""
    for code in codes:
        if part and len(part) + 1 + len(code) > room:
            yield part
            part = ""
        part = f"{part},{code}" if part else code
    if part:
        yield part


@cache
def camel_case(data: Data) -> str:
    """The prefetch key of a group.

    >>> camel_case(Data.BONE_DENSITY)
    'boneDensity'
    """
    first, *rest = data.value.split("-")
    return first + "".join(word.capitalize() for word in rest)


_TOKEN = re.compile(r"\{\{(.*?)\}\}")
_READ = re.compile(r"[A-Z][A-Za-z]{1,40}/\{\{context\.patientId\}\}")
_SEARCH = re.compile(r"[A-Z][A-Za-z]{1,40}\?.+")


def misshapen(template: str) -> list[str]:
    """What makes a template invalid for any server; empty if nothing does."""
    found = []
    if not (_READ.fullmatch(template) or _SEARCH.fullmatch(template)):
        found.append("neither a read nor a search by type, or not relative")
    if foreign := set(_TOKEN.findall(template)) - {"context.patientId"}:
        found.append(f"tokens other than context.patientId: {sorted(foreign)}")
    if PATIENT_TOKEN not in template:
        found.append("does not select a patient")
    if len(template) > LONGEST:
        found.append(f"longer than {LONGEST} characters")
    return found
