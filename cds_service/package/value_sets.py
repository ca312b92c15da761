"""The codes that the reader knows as ValueSets: one for each thing that a code may mean, one for each group of results."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import cache

from cards.vocabulary import ANALYTES, DRUGS, FRACTURE_SITES, PROBLEMS, SERVICES, Data, Name
from cards.vocabulary.tables import names
from cds_service.fhir.terminology.codes import group_of, load
from cds_service.fhir.terminology.known import BY_WORDING, FRACTURE, Known, known
from cds_service.fhir.terminology.rows import GIVEN, NOT_OURS, PARENTAL_HIP_FRACTURE, SMOKING
from cds_service.fhir.terminology.systems import CLASSIFICATIONS, LOCAL_SYSTEM
from cds_service.package.icd import begins, holes, of_key
from cds_service.package.metadata import Json, described, versioned

COPYRIGHT = (
    "The codes belong to the owners of their code systems (LOINC: Regenstrief Institute; SNOMED CT: SNOMED International; CPT: "
    "American Medical Association; ICD: WHO and NCHS; ATC: WHO Collaborating Centre Oslo; RxNorm: NLM; HCPCS: CMS). They are "
    "given without displays, to recognize data in a record. Whoever uses them needs the rights to do so in their own country."
)
_KINDS = {
    "observation": Name("Result", "检查结果"),
    "drug": Name("Drug", "药物"),
    "condition": Name("Problem", "疾病或问题"),
    "service": Name("Order, procedure, study", "医嘱、操作或检查"),
}
_FURTHER = {
    SMOKING: Name("smoking status", "吸烟状况"),
    PARENTAL_HIP_FRACTURE: Name("hip fracture of a parent", "父母髋部骨折史"),
    NOT_OURS: Name("what looks like ours and is not", "形似而非本服务所指者"),
    f"{FRACTURE}-unspecified": Name("fracture, site not told", "骨折，部位不明"),
}


def value_sets() -> Iterator[Json]:
    """One a meaning, all fractures together, and one a group of results as queries ask for it."""
    for kind, key in sorted(_rows()):
        yield _of(kind, key)
    sites = [id_of("condition", key) for kind, key in sorted(_rows()) if kind == "condition" and _is_fracture(key)]
    yield _together("condition-fracture", Name("Problem: fracture, any site", "疾病或问题：任何部位骨折"), sites)
    for data, keys in sorted(groups().items()):
        title = Name(f"Results read as {data.value.replace('-', ' ')}", f"作为{data.value}读取的检查结果")
        yield _together(f"data-{data}", title, [id_of("observation", key) for key in sorted(keys)])


def code_systems() -> Iterator[Json]:
    """The results that LOINC has no code for."""
    rows = [row for row in _all() if row.system == LOCAL_SYSTEM]
    title = Name("Results without a LOINC code", "无LOINC编码的检查结果")
    yield described(
        "CodeSystem",
        "observation",
        title,
        "Codes for results that LOINC had none for.",
        name="LocalObservation",
        url=LOCAL_SYSTEM,
    ) | {
        "caseSensitive": True,
        "content": "complete",
        "count": len(rows),
        "concept": [{"code": row.code, "display": called("observation", row.keys[0]).en} for row in rows],
    }


def id_of(kind: str, key: str) -> str:
    """The id of the ValueSet of one meaning.

    >>> id_of("service", "given:denosumab"), id_of("drug", "-")
    ('service-given-denosumab', 'drug-not-ours')
    """
    return f"{kind}-{'not-ours' if key == NOT_OURS else key.replace(':', '-')}"


def called(kind: str, key: str) -> Name:
    """What a meaning is called."""
    plain = key.removesuffix(BY_WORDING)
    if plain.startswith(GIVEN):
        drug = DRUGS[plain.removeprefix(GIVEN)].name
        return Name(f"{drug.en}, given", f"{drug.zh}（已给药）")
    if plain in _FURTHER:
        return _FURTHER[plain]
    if _is_fracture(plain):
        site = FRACTURE_SITES[plain.removeprefix(f"{FRACTURE}-")]
        return Name(f"fracture: {site.en}", f"骨折：{site.zh}")
    return _table(kind)[plain]


@cache
def _table(kind: str) -> Mapping[str, Name]:
    if kind == "observation":
        return {key: analyte.name for key, analyte in ANALYTES.items()}
    if kind == "drug":
        return names("mechanisms.tsv", "kind") | {key: drug.name for key, drug in DRUGS.items()}
    return PROBLEMS if kind == "condition" else {**PROBLEMS, **SERVICES}


@cache
def groups() -> Mapping[Data, frozenset[str]]:
    """The results of each group of data, by key."""
    found: dict[Data, set[str]] = defaultdict(set)
    for row in _all():
        if row.kind == "observation":
            found[group_of(row.keys[0])].add(row.keys[0])
    return {data: frozenset(keys) for data, keys in found.items()}


@cache
def _all() -> tuple[Known, ...]:
    return tuple(known(load()))


@cache
def _rows() -> Mapping[tuple[str, str], list[Known]]:
    found: dict[tuple[str, str], list[Known]] = defaultdict(list)
    for row in _all():
        for key in row.keys:
            found[row.kind, key].append(row)
    return found


@cache
def _classified(kind: str, family: str) -> Mapping[str, frozenset[str]]:
    """All rows of a classification: what begins a code -> keys."""
    return {row.code: frozenset(row.keys) for row in _all() if (row.kind, row.family) == (kind, family)}


def _of(kind: str, key: str) -> Json:
    rows = _rows()[kind, key]
    name = called(kind, key)
    title = Name(f"{_KINDS[kind].en}: {name.en}", f"{_KINDS[kind].zh}：{name.zh}")
    compose: Json = {"include": [], "exclude": []}
    for system, family in sorted({(row.system, row.family) for row in rows}):
        of_system = [row for row in rows if row.system == system]
        if of_system[0].begins:
            _classification(compose, kind, key, family, system)
        else:
            compose["include"].append(
                {"system": system, "concept": [{"code": code} for code in sorted(r.code for r in of_system)]}
            )
    if not compose["exclude"]:
        del compose["exclude"]
    return described("ValueSet", id_of(kind, key), title, _description(kind, key, name)) | {
        "immutable": False,
        "copyright": COPYRIGHT,
        "compose": compose,
    }


def _classification(compose: Json, kind: str, key: str, family: str, system: str) -> None:
    rows = _classified(kind, family)
    mine = frozenset(prefix for prefix, keys in rows.items() if key in keys)
    compose["include"] += [{"system": system, "filter": [begins(family, prefix, kind)]} for prefix in of_key(rows, key)]
    compose["exclude"] += [{"system": system, "filter": [begins(family, hole, kind)]} for hole in holes(mine, rows, key)]


def _description(kind: str, key: str, name: Name) -> str:
    told = f'Codes that the reader of osteoporosis-cds takes for "{name.en}" ({_KINDS[kind].en.lower()}).'
    if key.endswith(BY_WORDING):
        told += " The code alone does not say it: the reader takes it only where the words beside it do."
    if any(row.family in CLASSIFICATIONS and row.begins for row in _rows()[kind, key]):
        told += " Of a classification every code that the given characters begin counts, with or without the dot."
    return told


def _together(key: str, title: Name, ids: Iterable[str]) -> Json:
    told = f"{title.en}: the ValueSets named, together."
    compose = {"include": [{"valueSet": [versioned("ValueSet", each)]} for each in ids]}
    return described("ValueSet", key, title, told) | {"copyright": COPYRIGHT, "compose": compose}


def _is_fracture(key: str) -> bool:
    return key.startswith(f"{FRACTURE}-") and not key.endswith(BY_WORDING)


def address(data: Data) -> str:
    """The ValueSet of a group of results."""
    return versioned("ValueSet", f"data-{data}")
