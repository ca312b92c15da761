"""Evidence as cards show it: one function per kind of fact."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from msgspec import Struct
from msgspec.structs import replace

from cards.chart.calendar import Partial, as_recorded
from cards.chart.chart import Chart
from cards.chart.records.drugs import Course
from cards.chart.records.measurement import Measurement
from cards.chart.records.orders import Draft
from cards.chart.records.problems import Fracture, FractureEntry, Problem
from cards.chart.shown import round_near, shown
from cards.vocabulary import ANALYTES, FRACTURE_SITES, PROBLEMS, SITE_NAMES, Drug, Name


class Fact(Struct, frozen=True):
    """A piece of evidence as a card shows it: what it is, its value as recorded (a Decimal: with these decimals), unit, date
    (``latest``: as in ``records``), and where it stands. ``brief``: looked for and not what the card rests on; all such stand
    in one line, without dates."""

    name: Name
    value: str | float | Decimal | Name | None = None
    unit: str = ""
    when: date | None = None
    source: str = ""
    note: Name | None = None
    latest: date | None = None
    brief: bool = False

    @property
    def dated(self) -> date | Partial | None:
        return as_recorded(self.when, self.latest)


def measured(measurement: Measurement) -> Fact:
    """A value as the record writes it; a computed one in the unit of what it was computed from, with the formula as a note."""
    name = ANALYTES[measurement.key].name
    if measurement.site is not None:
        site = SITE_NAMES[measurement.site]
        name = Name(f"{name.en}, {site.en}", f"{site.zh}{name.zh}")
    note = _how(measurement) if measurement.computed else _FROM_TEXT if measurement.from_text else None
    if measurement.unsure:
        note = Name(f"{note.en}, {_UNSURE.en}", f"{note.zh}，{_UNSURE.zh}") if note else _UNSURE
    told = shown(measurement)
    value: str | Decimal = f"{measurement.comparator}{told.value}" if measurement.comparator else told.value
    return Fact(name, value, told.unit, measurement.when, measurement.source, note, measurement.latest)


def looked_for(key: str, measurement: Measurement | None) -> Fact:
    """A value that a clinician looks for; without one it was not measured."""
    return Fact(ANALYTES[key].name, brief=True) if measurement is None else replace(measured(measurement), brief=True)


def earlier_drugs(drugs: Iterable[Drug]) -> Fact:
    """The drugs that were taken, or that none is on record."""
    names = [drug.name for drug in drugs]
    told = Name(", ".join(n.en for n in names), "、".join(n.zh for n in names)) if names else Name("none on record", "无记录")
    return Fact(Name("earlier drugs", "既往用药"), told, brief=True)


_FROM_TEXT = Name("from the report's text", "据报告文字")
_UNDATED = Name("date unknown", "日期不详")
_UNSURE = Name("status of the record unknown", "记录状态不明")
_DISPUTED = Name("on the list as taken, and an order of it as stopped", "用药清单为在用，而医嘱已停用")
_HOW = {
    "dialysis": Name("inferred from dialysis", "据透析推定"),
    "coded CKD stage 4": Name("inferred from the coded CKD stage 4", "据慢性肾脏病4期编码推定"),
    "coded CKD stage 5": Name("inferred from the coded CKD stage 5", "据慢性肾脏病5期编码推定"),
    "weight / height²": Name("computed: weight / height²", "计算值：体重/身高²"),
}
_CORRECTED = re.compile(r"total \+ (\S+) × \((\S+) − albumin\)")


def _how(measurement: Measurement) -> Name:
    """How a value that was not measured was computed; the calcium formula is in SI units if the value is shown in SI units.

    >>> in_mmol = Measurement("calcium-corrected", 9, date(2026, 1, 1), factor=4.008, computed="total + 0.8 × (4.0 − albumin)")
    >>> _how(in_mmol).zh
    '计算值：总钙 + 0.02 ×（40 − 白蛋白 g/L）'
    """
    computed = measurement.computed
    formula = _CORRECTED.fullmatch(computed)
    if formula is None:
        return _HOW.get(computed) or Name(f"computed: {computed}", f"计算值：{computed}")
    share, normal, unit = float(formula[1]), float(formula[2]), "g/dL"
    if measurement.factor != 1:
        share, normal, unit = round_near(share / measurement.factor / _DECILITERS), normal * _DECILITERS, "g/L"
    return Name(
        f"computed: total + {share:g} × ({normal:g} − albumin in {unit})",
        f"计算值：总钙 + {share:g} ×（{normal:g} − 白蛋白 {unit}）",
    )


_DECILITERS = 10
"""In a liter."""


def last_dose(course: Course) -> Fact:
    """The last dose, or the day assumed for it, with a note that says so."""
    note = {
        "order": Name("assumed from the order; no administration on record", "依据医嘱日期推定，无给药记录"),
        "statement": Name("assumed from the medication statement", "依据用药记录的结束日期推定"),
    }.get(course.last_dose_basis)
    if course.unsure or course.disputed:
        note = _UNSURE if course.unsure else _DISPUTED
    if course.last_dose is None:
        note = Name("date not on record", "日期未记录")
    name = course.drug.name
    given = Name(f"{name.en}, last dose", f"{name.zh}末次给药")
    return Fact(given, None, "", course.last_dose, course.source, note, course.last_dose_latest)


def only_ordered(course: Course) -> Fact:
    """A drug of which there is an order, and no dose."""
    name, none = course.drug.name, Name("no administration on record", "无给药记录")
    ordered = Name(f"{name.en}, ordered", f"{name.zh}医嘱")
    return Fact(ordered, None, "", course.last_dose, course.source, none, course.last_dose_latest)


def safe_day(drug: Drug, day: date) -> Fact:
    """Until when the next dose is on time."""
    return Fact(Name(f"{drug.name.en}, latest day for the dose", f"{drug.name.zh}最迟给药日"), None, "", day)


def started(course: Course) -> Fact:
    """The start; for an order or entry that was never renewed, perhaps for decades, only the date since which it has been
    listed."""
    name = course.drug.name
    if course.unconfirmed:
        start = Name(f"{name.en}, listed since", f"{name.zh}列入用药清单")
    else:
        start = Name(f"{name.en}, start", f"{name.zh}开始用药")
    return Fact(start, None, "", course.start, course.source, _unconfirmed(course), course.start_latest)


def begun(course: Course) -> Fact:
    """The start of the current course; of a drug that was taken up again after a long pause the day on which it was."""
    if not course.resumed:
        return started(course)
    name = Name(f"{course.drug.name.en}, restarted", f"{course.drug.name.zh}重新用药")
    return Fact(name, None, "", course.current_start, course.source, _unconfirmed(course), course.current_start_latest)


def _unconfirmed(course: Course) -> Name | None:
    if course.unsure or course.disputed:
        return _UNSURE if course.unsure else _DISPUTED
    months = course.unconfirmed
    doubt = Name(f"not confirmed: no sign of renewal for {months} months", f"未确认：{months}个月内无续方记录")
    return doubt if months else None


def stopped(course: Course, end: date | None = None) -> Fact:
    """The end of a course, with what it is assumed from, or a note that its date is not on record."""
    name = course.drug.name
    day = end or course.end or (course.last_dose if course.end_assumed else None)
    latest = course.end_latest if day == course.end else None
    note = _ASSUMED.get(course.end_assumed) if day else Name("date of the end not on record", "停药日期未记录")
    return Fact(Name(f"{name.en}, stopped", f"{name.zh}停用"), None, "", day, course.source, note, latest)


_ASSUMED = {
    "dispensed": Name("end assumed: the dispensed supply had run out", "停药日期系推定：末次所发药量用完之日"),
    "supply": Name("end assumed: the supply ordered had run out", "停药日期系推定：医嘱药量用完之日"),
    "next-drug": Name("end assumed: the day before the next drug", "停药日期系推定：改用下一种药的前一日"),
    "asserted": Name("end assumed: the day on which the stop was recorded", "停药日期系推定：停药记录之日"),
    "order": Name("end assumed from the date of the last order", "停药日期系由末次医嘱日期推定"),
}


def supply(course: Course) -> Fact:
    """The day on which the dispensed supply ran out."""
    name = course.drug.name
    return Fact(Name(f"{name.en}, supply until", f"{name.zh}供药至"), None, "", course.supply_until, course.source)


def taken(course: Course) -> Fact:
    """Evidence that the drug is recorded as being taken."""
    name = course.drug.name
    listed = Name(f"{name.en}, on the medication list", f"{name.zh}（在用药清单中）")
    return Fact(listed, None, "", course.start, course.source, _unconfirmed(course), course.start_latest)


def on_board(course: Course) -> Fact:
    """Evidence that a drug is in effect: the last dose of an injection, otherwise its entry on the medication list."""
    injected = course.drug.covers_months is not None and (course.last_dose is not None or not course.active)
    return last_dose(course) if injected else taken(course)


def fracture_entry(entry: FractureEntry) -> Fact:
    """A fracture as it was recorded, whatever its energy and cause."""
    return Fact(FRACTURE_SITES[entry.site], None, "", entry.when, entry.source, latest=entry.latest)


def fracture(broken: Fracture) -> Fact:
    """A fragility fracture; a presumed one asks for confirmation, one without a date says so."""
    note = None
    if broken.presumed:
        note = Name("presumed low-energy, please confirm", "推定为低能量骨折，请核实")
    elif broken.after_bone_tumor:
        note = Name("coded as osteoporotic, but a bone tumor is on record", "编码为骨质疏松性骨折，但病历中有骨肿瘤记录")
    if broken.from_text:
        note = _also(_FROM_TEXT, note)
    if broken.when is None:
        note = _also(_UNDATED, note)
    name = FRACTURE_SITES[broken.site]
    if broken.level:
        name = Name(f"{name.en} ({broken.level})", f"{name.zh}（{broken.level.replace(', ', '、')}）")
    return Fact(name, None, "", broken.when, broken.source, note, broken.latest)


def _also(first: Name, note: Name | None) -> Name:
    return Name(f"{first.en}, {note.en}", f"{first.zh}，{note.zh}") if note else first


def problem(entry: Problem) -> Fact:
    note = _FROM_TEXT if entry.from_text else None
    return Fact(PROBLEMS[entry.key], None, "", entry.when, entry.source, note, entry.latest)


_SEX = {"male": Name("male", "男"), "female": Name("female", "女")}


def sex(chart: Chart) -> Fact:
    return Fact(Name("sex", "性别"), _SEX.get(chart.patient.sex))


def age(chart: Chart) -> Fact:
    return Fact(Name("age", "年龄"), chart.age, "years")


_NOT_NAMED = Name("drug not named", "药名不详")


def drafted(draft: Draft, dose: Name | None = None) -> Fact:
    """The order that the card is about, with ``dose`` where that is what distinguishes the orders."""
    name = draft.drug.name if draft.drug else Name(draft.text, draft.text) if draft.text else _NOT_NAMED
    return Fact(Name(f"order: {name.en}", f"医嘱：{name.zh}"), dose, "", draft.start, draft.id)


def said(fact: Fact) -> Name:
    """A fact within a sentence: a measurement with its value, anything else by name."""
    if fact.value is None or isinstance(fact.value, Name):
        return fact.name
    value = f"{fact.value:g}" if isinstance(fact.value, float) else str(fact.value)
    value = value.replace("-", "−")
    return Name(f"{fact.name.en} {value}", f"{fact.name.zh} {value}")
