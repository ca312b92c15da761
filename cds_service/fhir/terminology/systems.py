"""Code systems: however a client writes one, the family that it belongs to."""

from __future__ import annotations

import re
from functools import lru_cache

from cds_service.fhir.phrases import LONGEST

LOCAL_SYSTEM = "urn:osteoporosis-cds:observation"
URIS = {
    "loinc": "http://loinc.org",
    "snomed": "http://snomed.info/sct",
    "rxnorm": "http://www.nlm.nih.gov/research/umls/rxnorm",
    "atc": "http://www.whocc.no/atc",
    "icd10": "http://hl7.org/fhir/sid/icd-10",
    "icd10cm": "http://hl7.org/fhir/sid/icd-10-cm",
    "icd10pcs": "http://www.cms.gov/Medicare/Coding/ICD10",
    "icd9": "http://hl7.org/fhir/sid/icd-9-cm",
    "icd11": "http://id.who.int/icd/release/11/mms",
    "cpt": "http://www.ama-assn.org/go/cpt",
    "hcpcs": "http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets",
    "local": LOCAL_SYSTEM,
}
_SPELLINGS = (  # tried in this order on the folded URI, OID or name of a code system
    ("local", r"urn:osteoporosis-cds:observation"),
    ("loinc", r"loinc|2\.16\.840\.1\.113883\.6\.1$"),
    ("snomed", r"snomed|2\.16\.840\.1\.113883\.6\.96$"),
    ("rxnorm", r"rxnorm|2\.16\.840\.1\.113883\.6\.88$"),
    ("atc", r"whocc\.no|\batc\b|2\.16\.840\.1\.113883\.6\.73$"),
    ("icd10pcs", r"icd-?_?10-?_?pcs|cms\.gov/medicare/coding/icd10$|2\.16\.840\.1\.113883\.6\.4$"),
    ("icd11", r"icd-?_?11|id\.who\.int/icd|2\.16\.840\.1\.113883\.6\.347$"),
    ("icd9", r"icd-?_?9|2\.16\.840\.1\.113883\.6\.(103|104|42)$|2\.16\.156\.10011\.2\.3\.3\.12\b|手术操作"),
    ("icd10cm", r"icd-?_?10-?_?cm|2\.16\.840\.1\.113883\.6\.90$"),
    ("icd10", r"icd-?_?10(?!-?_?pcs)|2\.16\.840\.1\.113883\.6\.3$|2\.16\.156\.10011\.2\.3\.3\.11\b"),
    ("icd10", r"gb/?t[ -]?14396|国家临床版|国临版|医保版|疾病分类与代码"),
    ("cpt", r"ama-assn|\bcpt\b|2\.16\.840\.1\.113883\.6\.12$"),
    ("hcpcs", r"hcpcs|ada\.org/cdt|\bcdt\b|2\.16\.840\.1\.113883\.6\.(285|14)$"),
)
PUBLIC = frozenset(family for family, _ in _SPELLINGS) - {"local"}
"""Families whose codes mean the same everywhere."""
_PATTERNS = tuple((family, re.compile(pattern)) for family, pattern in _SPELLINGS)
CLASSIFICATIONS = frozenset({"icd10", "icd10cm", "icd10pcs", "icd9", "icd11"})
"""Classifications, whose rows hold for every code that they begin. ICD-9-CM is one of diagnoses and of procedures (volume 3, in
China ICD-9-CM-3): which is meant tells the resource that the code stands in."""
_NOT_IN_CODE = re.compile(r"[^A-Z0-9]")


@lru_cache(maxsize=512)
def system_of(uri: str) -> str:
    """The family that a code system belongs to by its URI, OID or name; the URI itself when it is none of ours.

    >>> system_of("urn:oid:2.16.840.1.113883.6.1"), system_of("http://hl7.org/fhir/sid/icd-10-cn"), system_of("urn:my-lab")
    ('loinc', 'icd10', 'urn:my-lab')
    """
    if len(uri) > LONGEST:
        return uri
    folded = uri.strip().lower().rstrip("/")
    return next((family for family, pattern in _PATTERNS if pattern.search(folded)), uri)


def without_dots(code: str) -> str:
    return _NOT_IN_CODE.sub("", code.upper())


def spelled(system: str, code: str) -> tuple[str, str]:
    """A code as the tables hold it."""
    return system, without_dots(code) if system in CLASSIFICATIONS else code
