"""The one grammar of cases and stories: lines that a clinician can read become FHIR R4 resources.

A line of a record is one of these. Dates are YYYY-MM-DD, of a record also a month or a year (``denosumab given 2025``,
``fracture hip on 2026-03``), words come from the ``*.toml`` files in this folder, and whatever
stands in round brackets refines the line (several notes: separated by commas, or each in brackets of its own):

    denosumab given 2025-05-17, 2025-11-17          doses given (status completed; or: not-done, entered-in-error), as large
                                                    as usual, or (dose 120 mg), (sig 300,000 units IM) in words
    denosumab given                                 a dose without a date; so "dispensed" and "ordered" without one
    alendronate dispensed 2026-01-01 for 90 days    handed over, with the supply it makes, and where noted its sig
    alendronate ordered 2020-06-15                  an order (status active; or: completed, stopped, cancelled, draft ...),
                                                    with the usual sig, or as for a draft: (dose 35 mg), (no sig) ...
    alendronate taken since 2020-06-15              a statement, still taken (status active; or: on-hold ...); it tells of
                                                    no dose, unless as for an order: (dose 35 mg), (sig 70 mg daily) ...
    teriparatide taken 2024-01-01 to 2026-01-01     a statement that ended (status completed; or: stopped ...)
    denosumab taken                                 a statement without any date
    T-score total-hip -2.7 on 2025-03-01            bone density (T-score, BMD) with its site; (site neck of femur): in words
    creatinine 0.8 mg/dL on 2026-05-01              a result; with a comparator: eGFR <60 mL/min/{1.73_m2} on ...
                                                    (range 8.6-10.2) the laboratory's own, (assay X), (at 09:30), (no unit);
                                                    scores, Z-score and INR need no unit: NRS 6 on 2026-05-01
    smoking former on 2026-01-01                    the smoking status: current, former or never
    fracture hip on 2025-12-01                      by its ICD-10 code; undated without "on"; (osteoporotic), (refuted)
    problem osteoporosis since 2020-01-01           undated without "since"; (resolved 2024-01-01), (refuted)
                                                    both: (code S72.001D) an ICD-10-CM code, (ICD-10 I10.x00) an ICD-10 code
    encounter hospice on 2026-05-01                 a finished encounter, its type a problem of ours; (cancelled), (in-progress)
    care plan hospice since 2026-05-01              an active plan, its category a problem of ours; (completed); either without
                                                    "on" or "since": undated; with an end:
                                                    care plan hospice since 2025-05-01 to 2026-05-01
    allergy alendronate                             or: intolerance alendronate, allergy bisphosphonates; (refuted), (inactive),
                                                    (high), (low): its criticality; (anaphylaxis), (dyspepsia), (urticaria): the
                                                    reaction; (untyped): called neither; (unconfirmed)
    test dxa ordered 2026-06-01                     a request; (from 2027-06-01): for that day
    test dxa done 2026-06-01                        a completed procedure
    report dxa on 2026-06-01                        a final report of a test; (says 腰椎L1-L4 T值-3.1) its conclusion
    family mother hip                               a relative's fracture, by its site in the vocabulary

Results of one day may share a line, each with notes of its own: ``creatinine 0.8 mg/dL (range 0.5-0.95), calcium 9.3 mg/dL,
T-score total-hip -2.7 on 2026-05-01``.

A draft (on medication-refill: the refilled order) is a drug or ``test dxa``; (from 2026-07-01) dates its start, (not selected)
leaves it out of order-select's selections. It is written with the usual sig of the vocabulary, unless the notes say otherwise:
(dose 35 mg), (every 1 d), (route oral), (sig 70 mg daily) for free text, (no sig). (because myeloma) is its reason, as of an
order on record. ``unknown drug`` is an order whose drug cannot be found out.

How a thing is named: (called 阿仑膦酸钠片 70mg) is the record's own text for a drug, a problem or what was measured. Of a
drug, (text only), (ATC only) and (RxNorm only) keep fewer codes; (contained) puts it into a Medication inside the order.

A patient is ``female 72`` (the birthday is today) or ``male born 1950-03-01``, without age ``female`` or ``unknown``. A name
may stand before (``王秀英, female 72``), and behind it ``deceased`` or ``deceased 2026-06-01``.

A line that cannot be read, or holds a note of which its sentence makes nothing, raises ``ValueError``: a case must never test
less than it says.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import date

from fhir_fixtures.lines import drugs, problems, results
from fhir_fixtures.lines.notes import all_read, split_off
from fhir_fixtures.lines.pieces import Resource, of_patient

DAY = r"\d{4}-\d\d-\d\d"
DATE = r"\d{4}(?:-\d\d){0,2}"
"""A day, or a month or year."""
PERSON = re.compile(rf"(?:(.+), )?(female|male|unknown)(?: (\d+)| born ({DAY}))?(?:(, deceased)(?: ({DAY}))?)?")
SENTENCES: list[tuple[str, Callable[..., list[Resource]]]] = [
    (rf"(\S+) given(?: ({DATE}(?:, {DATE})*))?", drugs.given),
    (rf"(\S+) dispensed(?: ({DATE}))?(?: for (\d+) days)?", drugs.dispensed),
    (rf"test (\S+) (ordered|done) ({DATE})", results.test),
    (rf"report (\S+) on ({DATE})", results.report),
    (rf"(\S+) ordered(?: ({DATE}))?", drugs.ordered),
    (rf"(\S+) taken(?: ({DATE})(?= to)| since ({DATE}))?(?: to ({DATE}))?", drugs.taken),
    (rf"(T-score|BMD) (\S+) ([<>]=?|)(-?[\d.]+) on ({DATE})", results.density),
    (rf"(\S+) ([<>]=?|)(-?[\d.]+)(?: (\S+))? on ({DATE})", results.measured),
    (rf"fracture (\S+)(?: on ({DATE}))?", problems.fracture),
    (rf"problem (\S+)(?: since ({DATE}))?", problems.problem),
    (rf"encounter (\S+)(?: on ({DATE}))?", problems.encounter),
    (rf"care plan (\S+)(?: since ({DATE}))?(?: to ({DATE}))?", problems.care_plan),
    (r"(allergy|intolerance) (\S+)", problems.allergy),
    (r"family (mother|father|sister) (\S+)", problems.family),
    (rf"smoking (current|former|never) on ({DATE})", results.smoking),
]


def patient(words: str, today: date, name: str = "p1") -> Resource:
    """The Patient of a line, with ``name`` as id; an age in years is counted from ``today``."""
    found = PERSON.fullmatch(words)
    if not found:
        raise ValueError(f"cannot read the patient {words!r}")
    called, sex, age, born, deceased, died = found.groups()
    resource: Resource = {"resourceType": "Patient", "id": name, "gender": sex, "name": [_name(called or "Test Case")]}
    if age:
        born = today.replace(year=today.year - int(age), day=min(today.day, 28) if today.month == 2 else today.day).isoformat()
    if deceased:
        resource |= {"deceasedDateTime": died} if died else {"deceasedBoolean": True}
    return resource | ({"birthDate": born} if born else {})


def _name(called: str) -> Resource:
    """A name as written, with its parts: a Chinese family name is taken to be one character."""
    given, _, family = called.rpartition(" ")
    if not given:
        family, given = called[0], called[1:]
    return {"use": "official", "text": called, "family": family, "given": [given]}


def record(lines: Iterable[str], ids: str = "r", patient: str = "p1") -> list[Resource]:
    """The resources of a record, with ids by position: Observation/r3 stands in the third line, Observation/r3-1 too."""
    return [
        of_patient(resource, patient) | {"id": f"{ids}{number}" + (f"-{part}" if part else "")}
        for number, line in enumerate(lines, 1)
        for part, resource in enumerate(_read(line))
    ]


def drafts(lines: Iterable[str], ids: str = "d", patient: str = "p1") -> list[tuple[Resource, bool]]:
    """Draft orders, and whether each is selected."""
    read = enumerate(map(drugs.draft, lines), 1)
    return [(of_patient(drafted, patient) | {"id": f"{ids}{number}"}, selected) for number, (drafted, selected) in read]


def collection(resources: Iterable[Resource]) -> Resource:
    """The Bundle in which a hook's context carries resources."""
    return {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": resource} for resource in resources]}


def hook_context(hook: str, orders: Iterable[tuple[Resource, bool]], entered: Iterable[Resource], encounter: str) -> Resource:
    """What the context of a hook has besides user and patient. ``orders``: those being written or refilled, with whether each
    is selected; ``entered``: resources just recorded, of which the Conditions count."""
    orders = list(orders)
    if hook == "medication-refill":
        return {"medications": collection(order for order, _ in orders)}
    if hook == "encounter-discharge":
        return {"encounterId": encounter}
    if hook == "problem-list-item-create":
        return {"conditions": collection(each for each in entered if each["resourceType"] == "Condition")}
    context: Resource = {"draftOrders": collection(order for order, _ in orders)} if orders else {}
    if hook == "order-select":
        context["selections"] = [f"{order['resourceType']}/{order['id']}" for order, chosen in orders if chosen]
    return context


def _read(line: str) -> list[Resource]:
    if len(parts := in_parts(line)) > 1:
        return [resource for part in parts for resource in _read(part)]
    text, notes = split_off(line)
    for pattern, sentence in SENTENCES:
        if found := re.fullmatch(pattern, text):
            resources = sentence(notes, *found.groups())
            all_read(line, notes)
            return resources
    raise ValueError(f"cannot read the line {line!r}")


def in_parts(line: str) -> list[str]:
    """A line for each result of one that holds several.

    >>> in_parts("25(OH)D 34 ng/mL, calcium 9.3 mg/dL (range 8.6-10.2, at 09:30) on 2026-05-01")
    ['25(OH)D 34 ng/mL on 2026-05-01', 'calcium 9.3 mg/dL on 2026-05-01 (range 8.6-10.2, at 09:30)']
    """
    found = re.fullmatch(rf"(.+) on ({DATE})", line.strip())
    parts = re.split(r", (?![^(]*\))", found[1]) if found else []
    if not found or len(parts) == 1:
        return [line]
    return [re.sub(r"^(.+?)((?: \([^()]+\))*)$", rf"\1 on {found[2]}\2", part) for part in parts]
