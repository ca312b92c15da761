"""What the safety rules judge, and how they say it: the drafts when orders are written, the drugs that are asked for again at a
refill, the active courses when the chart is opened (one step milder), with what may be ordered instead."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any

from msgspec import Struct

from cards.chart import ORDER_HOOKS, REFILL, Chart, Course, Draft, SetAside, facts
from cards.chart.facts import Fact
from cards.definitions.basket import dose
from cards.definitions.denosumab import OPEN, Kind, safe_until, state
from cards.definitions.indication import bone_tumor
from cards.definitions.kidney import renal
from cards.definitions.person import adult
from cards.engine.findings import CRITICAL, Finding, Indicator, Option
from cards.engine.options import Offer, discard, offer, service
from cards.engine.trial import among_the_first, safety, warnings_of
from cards.vocabulary import ANTI_OSTEOPOROSIS, DENOSUMAB, Drug, Mechanism

WRITTEN = ORDER_HOOKS | {REFILL}
"""Where somebody is about to sign: on orders, and at a refill."""
BISPHOSPHONATE = frozenset({Mechanism.BISPHOSPHONATE})
_SERM = frozenset({Mechanism.SERM})
CHECKED = ANTI_OSTEOPOROSIS | {Mechanism.CALCIUM, Mechanism.VITAMIN_D, Mechanism.ACTIVE_VITAMIN_D}
"""What section F looks at: drugs for bone. Of drugs that harm it only `bone-loss-medication` speaks."""
REFERRAL = "referral-osteoporosis"


class Order(Struct, frozen=True):
    """A drug to judge: drafted, or active; ``renewed``: active, and its refill is being asked for."""

    drug: Drug
    draft: Draft | None = None
    course: Course | None = None
    renewed: bool = False

    @property
    def written(self) -> bool:
        """Whether somebody is about to sign it, anew or as a refill."""
        return self.draft is not None or self.renewed

    @property
    def route(self) -> str:
        """The route that the order or the record names, as in ``Dosing``; "" when it names none."""
        about = self.draft or self.course
        return about.dosing.route if about is not None and about.dosing is not None else ""

    def graded(self, indicator: Indicator) -> Indicator:
        return indicator if self.written else indicator.milder()

    def fact(self, chart: Chart) -> list[Fact]:
        """The draft by drug and dose, or since when the drug is taken."""
        if self.draft is not None:
            return [] if self.draft.proposed else [facts.drafted(self.draft, dose(chart, self.draft))]
        return [facts.on_board(self.course)] if self.course else []


def orders_of(chart: Chart, mechanisms: Iterable[Mechanism]) -> list[Order]:
    """What order safety judges: on order-select and order-sign every drafted (selected) order of the drugs named; on the
    chart view, where a problem is entered and at discharge every course of them that goes on, that is, active on the list,
    or covering today (with grace) and not stopped. Of a drug that is taken each finding is one step milder: warning in
    place of critical, info in place of warning; info stays. At a refill it judges the drugs that are asked for again, as
    urgently as orders, since the refill is signed: as courses that go on where the record has them so, else as drafts."""
    if chart.hook in ORDER_HOOKS:
        return [Order(d.drug, draft=d) for d in chart.drafted(mechanisms) if d.drug]
    if chart.hook is REFILL:  # each drug once, however many refills of it are asked for
        return [order_of(chart, d) for d in {d.drug: d for d in chart.drafted(mechanisms) if d.drug}.values()]
    return [Order(c.drug, course=c) for c in going_on(chart, mechanisms)]


def order_of(chart: Chart, draft: Draft) -> Order:
    """What is judged of one draft. A refill is an order like another: it is signed. Of a drug that goes on it renews the
    course, so that this is what is spoken of, and ended; dose and date are those of the draft, as of any order."""
    drug = draft.drug
    if drug is None:
        raise ValueError("no drug is drafted")
    renews = going_on(chart, {drug.mechanism}) if chart.hook is REFILL and not draft.proposed else []
    course = next((each for each in renews if each.drug is drug), None)
    return Order(drug, course=course, renewed=True) if course else Order(drug, draft=draft)


def refilled(chart: Chart) -> frozenset[Drug]:
    """The drugs that are taken and whose refill is asked for: what one of them means to another is said of the two refills."""
    if chart.hook is not REFILL:
        return frozenset()
    return frozenset(d.drug for d in chart.drafts if d.drug and order_of(chart, d).renewed)


def going_on(chart: Chart, mechanisms: Iterable[Mechanism]) -> list[Course]:
    """The courses of these drugs that go on: active on the list, or covering today (with grace) and not stopped."""
    return [c for c in chart.courses(mechanisms) if c.active or (not c.stopped and c.on_treatment(chart.today))]


def finding_about(
    chart: Chart,
    order: Order,
    indicator: Indicator,
    evidence: Iterable[Fact],
    *,
    variant: str = "",
    values: dict[str, Any] | None = None,
    alternatives: Iterable[Drug] = (),
    start: date | None = None,
    recommend: bool = True,
    also: tuple[Option, ...] = (),
    notes: tuple[str, ...] = (),
    left_out: tuple[SetAside, ...] = (),
    any_number: bool = False,
    correctable: bool = False,
    keep: bool = False,
) -> Finding:
    """A finding about one order. What it proposes in place of the drug is filtered as options are, on the chart as it would be
    without that drug; the first without a warning is recommended, unless a SERM that nothing speaks against is drafted beside
    it, which then stays alone. With a renal estimate below {egfr-specialist} no drug is recommended, and a referral to an
    osteoporosis specialist comes first (recommended where the drug is being taken). A child, a patient with a tumor of bone,
    and a drug in an oncologic strength, get no alternative. A draft may be deleted, unless the service itself calls for it;
    that is recommended where the finding is critical and no drug is, beside what is asked for too, of which any number may
    then be chosen: a referral alone would leave the drug to be signed. Where drugs that exclude each other are offered without
    being recommended, it is not recommended beside a test or a referral that is.

    ``start`` is the first day of an alternative where it must wait; what an injection of months still does it always waits for.
    The text gets ``drug`` and ``active`` besides ``values``.
    """
    trying = order.draft is not None and order.draft.proposed
    chosen = Offer() if trying else _instead(chart, order, list(alternatives), start, recommend)
    besides = [o for o in also if (adult(chart) or o.key == REFERRAL) and o.key not in {c.key for c in chosen.options}]
    options = [*chosen.options, *besides]
    graded = order.graded(indicator)
    if order.draft and not keep:
        beside = any_number or all(o.kind == "service" for o in options)  # then nothing of it excludes the deletion
        instead = [o for o in options if o.recommended and not (beside and o.kind == "service")]
        off_the_desk = graded is CRITICAL and not instead
        any_number = any_number or (off_the_desk and any(o.recommended for o in options))
        options.append(discard(order.draft, recommended=off_the_desk))
    return Finding(
        indicator=graded,
        variant=variant,
        values={"drug": order.drug, "active": order.draft is None, **(values or {})},
        facts=(*order.fact(chart), *evidence, *_safe_day(chart, order, indicator)),
        options=() if trying else tuple(options),
        any_number=any_number,
        dropped=chosen.dropped,
        notes=notes,
        left_out=left_out,
        correctable=correctable,
        about=order.draft,
    )


def _instead(chart: Chart, order: Order, drugs: list[Drug], start: date | None, recommend: bool) -> Offer:
    """What may be ordered in place of the drug. Nothing for a child, for an oncologic strength, whose indication is another,
    and with a tumor of bone, for which oncology decides; with kidneys below 30 nothing is recommended, and a specialist comes
    first."""
    if not drugs or not adult(chart) or order.drug.oncologic or bone_tumor(chart) is not None:
        return Offer()
    specialist = bool(renal(chart).below(chart.numbers.egfr_specialist))
    first = max((day for day in (start, _worn_off(chart, order)) if day), default=chart.today)
    chosen = offer(
        chart.without(order.drug),
        [d for d in drugs if d is not order.drug],
        start=first if first > chart.today else None,
        replaces=(order.draft,) if order.draft else (),
        stops=(order.course,) if order.course else (),
        recommend=recommend and not (specialist or _serm_stays(chart, order)),
    )
    referral = (service(REFERRAL, recommended=order.draft is None),) if specialist else ()
    return Offer((*referral, *chosen.options), chosen.dropped)


def _serm_stays(chart: Chart, order: Order) -> bool:
    """Whether a SERM is drafted beside the order of which nothing speaks once the order is gone: it treats bone by itself, and
    no card speaks of it beside another drug."""
    gone = (order.draft,) if order.draft else ()
    if not among_the_first(chart, gone):
        return False  # nothing is offered in its place
    beside = (*chart.drafted(_SERM), *chart.drafted_beside(_SERM))
    serms = {each.drug: each for each in beside if each.drug and each not in gone}  # each drug once: orders may be many
    return any(not warnings_of(safety(chart, drug, each.start, (*gone, each))) for drug, each in serms.items())


def _safe_day(chart: Chart, order: Order, indicator: Indicator) -> Iterator[Fact]:
    """The last safe day of denosumab that goes on, where something speaks against its next dose."""
    gap, safe = state(chart), safe_until(chart)
    if order.drug is DENOSUMAB and indicator is CRITICAL and gap and safe and gap.kind in OPEN | {Kind.GOING_ON}:
        yield facts.safe_day(order.drug, safe)


def _worn_off(chart: Chart, order: Order) -> date | None:
    """The day until which an injection that was given works, also where a further dose of it is what is ordered."""
    course = order.course or chart.course(order.drug)
    return course.covered_until if course and order.drug.covers_months else None
