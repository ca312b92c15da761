"""What must hold over all visits of a journey, and for which habits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import pairwise

from msgspec import Struct

from cards.chart.calendar import add_months
from cards.definitions.treatment import TREATMENT
from cards.engine.findings import CRITICAL, INFO, Finding, Option
from cards.vocabulary import DRUGS
from cds_service.clinic.clinicians import HABITS
from cds_service.clinic.journey import Journey, Truth, Visit

ALL = tuple(HABITS)
FOLLOWING = ("everything", "starred")
ASKING = (*FOLLOWING, "no-shows")
SHORTEST_MONTHS = {
    "dxa": 12,
    "frax": 12,
    "vitamin-d": 3,
    "ctx": 3,
    "p1np": 3,
    "creatinine": 3,
    "calcium": 3,
    "height": 12,
    "vertebral-imaging": 6,
    "spine-mri": 6,
}
"""No test that was done comes again before this; of the spine unless something broke or denosumab wore off since."""
_SPINE = {"vertebral-imaging", "spine-mri"}
LONGEST_MONTHS = {"dxa": 27}
"""Who needs treatment or has it, and is with a clinician who does all that is recommended, is scanned at least so often: the
interval, and one visit more."""
_ANSWERS_NEED = frozenset(
    (
        *("denosumab-due", "denosumab-sequence", "start-treatment", "drug-holiday-review", "adherence-gap"),
        *("anabolic-sequence", "bone-loss-medication"),
    )
)
"""Cards that answer someone who needs treatment and has none."""
_MERGED = {"routine-care"}
"""It stands for cards that may as well stand alone."""
WEEK = timedelta(days=7)
_YEAR = 5
OSTEOPOROSIS_T = -2.5
"""Visits in a year, both ends included; the T-score of the WHO from which on there is osteoporosis."""
VERY_OLD = 90
"""Years from which on `tests-due` asks for no scan of a patient off treatment."""


class Law(Struct, frozen=True):
    """``breaks``: a line for each visit at which it is broken."""

    name: str
    habits: tuple[str, ...]
    breaks: Callable[[Journey], Iterator[str]]


def _critical_without_news(journey: Journey) -> Iterator[str]:
    for before, visit in pairwise(journey.visits):
        known = {each.code for each in before.cards}
        for card in visit.cards:
            if card.indicator is CRITICAL and card.code not in known and not visit.news:
                yield _at(visit, card.code)


def _refused(journey: Journey) -> Iterator[str]:
    for visit in journey.visits:
        yield from (_at(visit, drug) for drug in visit.refused)


def _twice(journey: Journey) -> Iterator[str]:
    """A test whose result is on record is recommended again before its shortest interval."""
    done: dict[str, Visit] = {}
    drug = ""
    for visit in journey.visits:
        worn_off = drug == "denosumab" != visit.truth.drug
        drug = visit.truth.drug
        if worn_off or any(each.startswith("fracture") for each in visit.news):
            done = {key: last for key, last in done.items() if key not in _SPINE}
        for card in visit.cards:
            for option in card.options:
                last = done.get(option.key)
                months = SHORTEST_MONTHS.get(option.key, 0)
                at_once = option.start is None or option.start <= visit.today
                if at_once and last and visit.today < add_months(last.today, months):
                    yield _at(visit, f"{card.code} {option.key}")
        ordered = {option.key for _, option in visit.chosen if option.kind == "service" and option.start is None}
        done |= dict.fromkeys(ordered, visit)


def _a_week_apart(journey: Journey) -> Iterator[str]:
    """A card goes within a week and nothing takes its place: no new card, nor, of a card of tests, other cards that suggest
    all that it did; for one that offers a drug against osteoporosis, no other that does or that answers a need. (Time alone
    may end a window, and what is said of a drug may go with its effect.) Nor does another drug become the recommended one
    while its card stays as it is."""
    for visit in journey.visits:
        if visit.again is not None:
            (now, orders), (later, orders_later) = _advice(visit.cards), _advice(visit.again)
            gone = now - later - _MERGED - _of_what_wears_off(visit)
            came, suggested = later - now, {key for _, key in orders_later}
            drugs, treating, treating_later = _of_drugs(visit.cards), _of_treatment(visit.cards), _of_treatment(visit.again)
            for code in sorted(gone):
                if code in treating:
                    came_instead = bool(came & (treating_later | _ANSWERS_NEED))
                else:
                    still = {key for card, key in orders if card == code} <= suggested
                    came_instead = bool(came or (still and code not in drugs))
                if not came_instead:
                    yield _at(visit, code)
            stars, stars_later = _stars(visit.cards), _stars(visit.again)
            yield from (
                _at(visit, f"{card} {stars[card]}") for card in stars if stars_later.get(card, stars[card]) != stars[card]
            )


def _of_what_wears_off(visit: Visit) -> set[str]:
    """The codes of the cards that speak of a drug whose effect ends within the week."""
    worn_off = {
        c.drug
        for c in visit.chart.drug_courses.values()
        if c.on_treatment(visit.today) and not c.on_treatment(visit.today + WEEK)
    }
    return {card.code for card in visit.cards if card.values.get("drug") in worn_off}


def _of_drugs(cards: list[Finding]) -> set[str]:
    """The codes of the cards that offer a drug."""
    return {card.code for card in cards if any(option.kind == "drug" for option in card.options)}


def _of_treatment(cards: list[Finding]) -> set[str]:
    """The codes of the cards that offer a drug against osteoporosis."""
    drugs = {(card.code, option.key) for card in cards for option in card.options if option.kind == "drug"}
    return {code for code, key in drugs if DRUGS[key].mechanism in TREATMENT}


def _stars(cards: list[Finding]) -> dict[str, tuple[str, ...]]:
    """The drugs that are recommended, by card and variant, of cards that offer drugs."""
    return {
        f"{card.code} {card.variant}": tuple(o.key for o in card.options if o.kind == "drug" and o.recommended)
        for card in cards
        if any(option.kind == "drug" for option in card.options)
    }


def _advice(cards: list[Finding]) -> tuple[set[str], set[tuple[str, str]]]:
    """The codes of the cards, those that they stand for included, and the orders that each suggests."""
    orders = {(card.code, option.key) for card in cards for option in card.options}
    return {code for card in cards for code in card.codes}, orders


def _untreated(journey: Journey) -> Iterator[str]:
    """Treatment is needed at five visits in a row, and at none a drug was chosen. A holiday that is watched is no wait, unless
    something broke in it; a referral is no drug."""
    waiting = 0
    for visit in journey.visits:
        answered = any(_answers(option) for _, option in visit.chosen)
        told = {(card.code, card.variant) for card in visit.cards}
        holiday = ("drug-holiday-review", "holiday") in told and not visit.truth.broken
        waiting = waiting + 1 if needs_treatment(visit.truth) and not answered and not holiday else 0
        if waiting == _YEAR:
            yield _at(visit, "untreated for a year")


def _answers(option: Option) -> bool:
    return option.kind == "drug" and DRUGS[option.key].mechanism in TREATMENT


def _ping_pong(journey: Journey) -> Iterator[str]:
    """A drug is begun, a holiday advised within two years, a drug begun again within two years."""
    begun = holiday = None
    for visit in journey.visits:
        started = any(o.kind == "drug" and DRUGS[o.key].mechanism in TREATMENT for _, o in visit.chosen)
        advised = any((c.code, c.variant) == ("bisphosphonate-review", "holiday") for c in visit.cards)
        if advised and begun and add_months(begun, 24) > visit.today:
            holiday = holiday or visit.today
        if started:
            if holiday and add_months(holiday, 24) > visit.today:
                yield _at(visit, "start, holiday, start")
            begun, holiday = visit.today, None


def _forgotten(journey: Journey) -> Iterator[str]:
    """Nobody asked for a test for so long, of a patient who has a drug or, under 90 years, needs one, since the visit
    before at the latest."""
    done, before = dict.fromkeys(LONGEST_MONTHS, journey.visits[0].today), False
    for visit in journey.visits:
        needed = needs_treatment(visit.truth) and (visit.chart.age or 0) < VERY_OLD
        concerned, before = before, bool(visit.truth.drug or needed) and not visit.truth.comfort
        for key, months in LONGEST_MONTHS.items():
            if concerned and before and add_months(done[key], months) < visit.today:
                yield _at(visit, f"{key}, on {visit.truth.drug or 'no drug'}")
        done |= {option.key: max(visit.today, option.start or visit.today) for _, option in visit.chosen if option.key in done}


def _again_and_again(journey: Journey) -> Iterator[str]:
    """A referral was made, the specialist saw the patient, and `referral` asks for the same though nothing happened. Not
    as a warning: a gap after denosumab is open, or PTH very high, until something is done."""
    seen: dict[str, Visit] = {}
    for visit in journey.visits:
        if any(each.startswith("fracture") for each in visit.news):
            seen.clear()
        for card in visit.cards:
            for key in (option.key for option in card.options if card.code == "referral" and card.indicator is INFO):
                if key in seen and visit.today < add_months(seen[key].today, 12):
                    yield _at(visit, key)
        seen |= {option.key: visit for _, option in visit.chosen if option.key.startswith("referral-")}


def _uncovered(journey: Journey) -> Iterator[str]:
    """A card that rests because it was overridden has spoken."""
    last = ""
    for visit in journey.visits:
        last = visit.truth.drug or last
        if needs_treatment(visit.truth) and not _ANSWERS_NEED & {*visit.aside, *_advice(visit.cards)[0]}:
            yield _at(visit, f"untreated after {last}" if last else "untreated")


def needs_treatment(truth: Truth) -> bool:
    """By what is true of the patient, not by the definitions of the service: nothing works on the bone, and a hip or vertebra
    broke since something did, or the last scan found osteoporosis; not under comfort care."""
    return not truth.drug and not truth.comfort and (truth.broken or truth.lowest <= OSTEOPOROSIS_T)


def _at(visit: Visit, what: str) -> str:
    return f"{visit.today} {what}"


LAWS = (
    Law("no critical card without a new event", FOLLOWING, _critical_without_news),
    Law("what is offered is not refused when signed", ALL, _refused),
    Law("no test again before its interval", ALL, _twice),
    Law("a week later the advice is the same", ALL, _a_week_apart),
    Law("no start, holiday, start within two years", FOLLOWING, _ping_pong),
    Law("who follows the advice is treated within a year", FOLLOWING, _untreated),
    Law("who needs treatment and has none has a card", ALL, _uncovered),
    Law("no scan of bone density is forgotten", ASKING, _forgotten),
    Law("no referral again within a year", FOLLOWING, _again_and_again),
)
