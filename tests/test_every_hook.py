"""What is held against a drug is held against it wherever it is met: while it is chosen, when it is signed, when it is
refilled, and, one step milder, when the chart of a patient who takes it is opened or the patient goes home.

Every drug that order safety looks at is tried with every contraindication of the specification, as a draft and as what is
taken.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from functools import cache
from typing import NamedTuple

from msgspec.structs import replace

from cards.chart import Chart, Draft, Hook
from cards.chart.calendar import add_days, add_months
from cards.engine.catalog import all_cards, cards_of
from cards.engine.findings import WARNING, Indicator
from cards.engine.orders import CHECKED
from cards.engine.run import run
from cards.vocabulary import DRUGS, Drug, Mechanism
from cds_service.config import Settings
from cds_service.fhir.reading.read import read
from fhir_fixtures import lines
from tests.each import for_each

TODAY = date(2026, 6, 15)
NORMAL = (
    "problem osteoporosis since 2022-01-01",
    "creatinine 0.7 mg/dL, corrected-calcium 9.4 mg/dL, 25(OH)D 36 ng/mL, phosphate 3.4 mg/dL, ALP 70 U/L on 2026-05-01",
)
WOMAN = "female 72"
AGAINST: Mapping[str, tuple[str, ...]] = {
    "nothing": (),
    "eGFR 34": ("eGFR 34 mL/min/{1.73_m2} on 2026-06-10",),
    "eGFR 29": ("eGFR 29 mL/min/{1.73_m2} on 2026-06-10",),
    "dialysis": ("problem dialysis since 2020-01-01", "eGFR 8 mL/min/{1.73_m2} on 2026-06-10"),
    "acute kidney injury": ("problem acute-kidney-injury since 2026-06-10",),
    "calcium 8.2": ("corrected-calcium 8.2 mg/dL on 2026-06-01",),
    "calcium 10.9": ("corrected-calcium 10.9 mg/dL on 2026-06-01",),
    "25(OH)D 8": ("25(OH)D 8 ng/mL on 2026-06-10",),
    "25(OH)D 120": ("25(OH)D 120 ng/mL on 2026-06-10",),
    "hypoparathyroidism": ("problem hypoparathyroidism since 2020-01-01",),
    "breast cancer": ("problem breast-cancer since 2024-01-01",),
    "bone metastasis": ("problem bone-metastasis since 2024-01-01",),
    "cancer": ("problem cancer since 2024-01-01",),
    "radiotherapy": ("problem skeletal-radiation since 2020-01-01",),
    "Paget": ("problem paget since 2020-01-01",),
    "hyperparathyroidism": ("problem hyperparathyroidism since 2020-01-01",),
    "stones": ("problem kidney-stones since 2026-01-01",),
    "thrombosis": ("problem venous-thromboembolism since 2020-01-01",),
    "stroke": ("problem stroke since 2020-01-01",),
    "infarction": ("problem myocardial-infarction since 2020-01-01",),
    "jaw necrosis": ("problem osteonecrosis-jaw since 2024-01-01",),
    "atypical femur fracture": ("problem atypical-femur-fracture since 2026-01-01",),
    "stricture": ("problem esophageal-stricture since 2020-01-01",),
    "gastric bypass": ("problem gastric-bypass since 2020-01-01",),
    "extraction": ("test dental-surgery ordered 2026-06-10",),
    "dental abscess": ("problem dental-infection since 2026-06-01",),
    "hip fracture": ("fracture hip on 2026-06-08",),
    "warfarin": ("warfarin taken since 2025-01-01",),
    "digoxin": ("digoxin taken since 2025-01-01",),
    "denosumab": ("denosumab given 2026-03-01",),
    "romosozumab": ("romosozumab given 2026-06-01",),
    "alendronate": ("alendronate taken since 2025-06-01",),
    "calcitriol": ("calcitriol taken since 2026-01-01",),
    "allergies": tuple(f"allergy {key}" for key in ("bisphosphonates", "denosumab", "teriparatide", "calcitonin")),
    "allergy to another": ("allergy raloxifene",),
}
"""What is added to the record of a woman of 72 in whom nothing speaks against any drug."""
OTHERS = {
    "a man": ("male 72", ()),
    "pregnancy": ("female 30", ("problem pregnancy since 2026-04-01",)),
    "of 30": ("female 30", ()),
    "of 12": ("female 12", ()),
    "nothing measured": (WOMAN, ("problem osteoporosis since 2022-01-01",)),
}
TAKEN = [drug for drug in DRUGS.values() if drug.mechanism in CHECKED]


class Excuse(NamedTuple):
    """Why a check says less here of what is taken than of an order to go on with it."""

    code: str
    records: frozenset[str]
    of: Callable[[Drug], bool]
    why: str


def injected(drug: Drug) -> bool:
    return drug.covers_months is not None


TOLERATED = Excuse(
    "drug-allergy",
    frozenset({"allergies", "allergy to another"}),
    lambda drug: drug.key in ("abaloparatide", "bazedoxifene"),
    "an allergy to another drug of its class: what is taken is tolerated",
)
AT_A_REFILL = (
    TOLERATED,
    Excuse("pregnancy", frozenset({"of 30"}), injected, "a test before a new drug: nobody is tested anew in years of it"),
)
ON_THE_VIEW = (
    *AT_A_REFILL,
    Excuse("hypocalcemia", frozenset({"nothing measured"}), injected, "for want of a value: no dose is being given"),
    Excuse(
        "same-class-duplicate",
        frozenset({"alendronate", "denosumab"}),
        injected,
        "what was injected has worn off: the next dose would be the second drug",
    ),
    Excuse(
        "calcium-contraindicated",
        frozenset({"calcium 10.9"}),
        lambda drug: drug.mechanism is Mechanism.VITAMIN_D,
        "the work-up says on the chart view that no vitamin D is given",
    ),
)

Said = Mapping[str, Indicator]


def records() -> Iterator[tuple[str, str, tuple[str, ...]]]:
    for name, added in AGAINST.items():
        yield name, WOMAN, (*NORMAL, *added)
    for name, (who, added) in OTHERS.items():
        yield name, who, added if name == "nothing measured" else (*NORMAL, *added)


RECORDS = {name: (who, told) for name, who, told in records()}


def taken(drug: Drug) -> str:
    """A line that says that the drug is taken; an injection is due these days."""
    if drug.covers_months is None:
        return f"{drug.key} taken since {add_months(TODAY, -5)}"
    return f"{drug.key} given {add_days(add_months(TODAY, -drug.covers_months), -5)}"


@cache
def chart_of(name: str, drug: Drug | None = None) -> Chart:
    """The record of that name, of somebody who takes the drug or not."""
    who, told = RECORDS[name]
    resources = [lines.patient(who, TODAY), *lines.record([*told, *([taken(drug)] if drug else [])])]
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": each} for each in resources]}
    return read([json.dumps(bundle).encode()], patient_id="p1", today=TODAY, zone=Settings().zone)[0]


def said(chart: Chart, hook: Hook, *drafted: Drug, of: tuple[Drug, ...] = ()) -> Said:
    """What the checks that concern these drugs say on a hook, each at its worst."""
    drafts = tuple(Draft(f"MedicationRequest/{drug.key}", drug) for drug in drafted)
    asked = {each.mechanism for each in (*drafted, *of)}
    cards = [card for card in cards_of(hook) if card.checks_orders and not card.last and card.drugs & asked]
    found: dict[str, Indicator] = {}
    for each in run(replace(chart, hook=hook, drafts=drafts, known={}), cards):
        found[each.code] = min(found.get(each.code, each.indicator), each.indicator, key=lambda level: level.rank)
    return found


@for_each("name", RECORDS)
def test_a_drug_is_judged_alike_when_it_is_chosen_signed_and_refilled(name: str) -> None:
    for drug in TAKEN:
        signed = said(chart_of(name), Hook.ORDER_SIGN, drug)
        assert said(chart_of(name), Hook.ORDER_SELECT, drug) == signed, drug.key
        assert said(chart_of(name), Hook.REFILL, drug) == signed, drug.key


@for_each("name", RECORDS)
def test_a_refill_of_what_is_taken_is_judged_as_an_order_to_go_on_with_it(name: str) -> None:
    less: set[tuple[str, Drug]] = set()
    for drug in TAKEN:
        chart = chart_of(name, drug)
        refilled = said(chart, Hook.REFILL, drug)
        signed = said(chart, Hook.ORDER_SIGN, drug).items()
        less |= {(code, drug) for code, level in signed if code not in refilled or refilled[code].rank > level.rank}
    excused(name, less, AT_A_REFILL)


@for_each("name", RECORDS)
def test_what_warns_of_the_next_dose_is_said_while_the_drug_is_taken(name: str) -> None:
    """By the checks that speak on the chart view; at discharge as there."""
    silent: set[tuple[str, Drug]] = set()
    for drug in TAKEN:
        chart = chart_of(name, drug)
        viewed = said(chart, Hook.PATIENT_VIEW, of=(drug,))
        warned = {code for code, level in said(chart, Hook.ORDER_SIGN, drug).items() if level.rank <= WARNING.rank}
        silent |= {(code, drug) for code in warned - viewed.keys() if Hook.PATIENT_VIEW in all_cards()[code].hooks}
        leaving = said(chart, Hook.DISCHARGE, of=(drug,))
        assert leaving == {code: viewed[code] for code in viewed if Hook.DISCHARGE in all_cards()[code].hooks}, drug.key
    excused(name, silent, ON_THE_VIEW)


def excused(name: str, less: set[tuple[str, Drug]], excuses: Iterable[Excuse]) -> None:
    """Each has an excuse, and each excuse is needed."""
    here = [each for each in excuses if name in each.records]
    assert [(code, drug.key) for code, drug in less if not any(e.code == code and e.of(drug) for e in here)] == []
    assert [each for each in here if not any(each.code == code and each.of(drug) for code, drug in less)] == []


def test_every_check_of_orders_speaks_of_some_drug_here() -> None:
    spoken = {code for name in RECORDS for drug in TAKEN for code in said(chart_of(name), Hook.ORDER_SIGN, drug)}
    assert {code for code, card in all_cards().items() if card.checks_orders and not card.last} - spoken == set()
