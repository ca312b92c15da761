"""What the EHR holds of a patient: lines of ``fhir_fixtures``, with courses of tablets as each EHR writes them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from cards.chart.calendar import add_months
from cards.vocabulary import DRUGS

STYLES = ("statement", "renewed", "one-order", "dispensed")
TELL_OF_A_LAPSE = ("renewed", "dispensed")
"""Styles in which a prescription that nobody renewed is seen to have run out."""
INJECTED = ("given", "elsewhere", "ordered", "dispensed")
"""How a dose is on record: given here; told of by its month, since it was given elsewhere; as an order that was carried out;
as what the pharmacy handed over."""


@dataclass
class Taken:
    """A course of tablets or daily injections. ``lapsed``: since when nobody has renewed it; no line of the record says so."""

    drug: str
    begun: date
    ended: date | None = None
    lapsed: date | None = None

    @property
    def taken(self) -> bool:
        return self.ended is None and self.lapsed is None


@dataclass
class Record:
    """``facts``: dated lines; ``doses``: injections; ``ordered``: tests that are not done yet, and when they were ordered.
    ``leaves_open``: nobody closes an order when its test is done."""

    style: str
    patient: str
    injected: str = "given"
    facts: list[str] = field(default_factory=list)
    courses: list[Taken] = field(default_factory=list)
    doses: dict[str, list[date]] = field(default_factory=dict)
    ordered: dict[str, date] = field(default_factory=dict)
    leaves_open: bool = False

    def done(self, test: str) -> date:
        """The test is done; the day for which it was ordered."""
        day = self.ordered.pop(test)
        if self.leaves_open:
            self.facts.append(f"test {test} ordered {day}")
        return day

    def lose(self, test: str) -> None:
        """The order stays open, and the test is never done."""
        self.facts.append(f"test {test} ordered {self.ordered.pop(test)}")

    def lapse(self, today: date) -> None:
        """Nobody renews what is taken, where the record shows it."""
        for each in self.courses if self.style in TELL_OF_A_LAPSE else ():
            if each.taken:
                each.lapsed = today

    def lines(self, today: date) -> list[str]:
        given = [line for drug, days in self.doses.items() for day in days for line in self._dose(drug, day, today)]
        waiting = [f"test {test} ordered {day}" for test, day in self.ordered.items()]
        return [*self.facts, *given, *waiting, *(line for each in self.courses for line in self._course(each, today))]

    def _dose(self, drug: str, day: date, today: date) -> list[str]:
        """An injection; of one that is still to be given only an order is on record."""
        if day > today:
            return [f"{drug} ordered {day}"] if self.injected == "ordered" else []
        if self.injected == "elsewhere":
            return [f"{drug} taken {day:%Y-%m} to {day:%Y-%m}"]
        if self.injected == "ordered":
            return [f"{drug} ordered {day} (completed)"]
        if self.injected == "dispensed":
            return [f"{drug} dispensed {day} for {30 * (DRUGS[drug].covers_months or 1)} days"]
        return [f"{drug} given {day}"]

    def _course(self, taken: Taken, today: date) -> list[str]:
        drug, begun, ended = taken.drug, taken.begun, taken.ended
        if self.style == "statement":
            return [f"{drug} taken {begun} to {ended} (stopped)" if ended else f"{drug} taken since {begun}"]
        if self.style == "one-order":
            return [f"{drug} ordered {begun} ({'stopped' if ended else 'active'})"]
        if self.style == "dispensed":
            state = "stopped" if ended else "active"
            return [f"{drug} ordered {begun} ({state})", *self._supplies(taken, today)]
        years = _every(begun, ended or taken.lapsed or today, 12)
        last = f"{drug} ordered {years[-1]} ({'stopped' if ended else 'completed' if taken.lapsed else 'active'})"
        return [*(f"{drug} ordered {day} (completed)" for day in years[:-1]), last]

    @staticmethod
    def _supplies(taken: Taken, today: date) -> list[str]:
        return [
            f"{taken.drug} dispensed {day} for 92 days" for day in _every(taken.begun, taken.ended or taken.lapsed or today, 3)
        ]


def _every(begun: date, until: date, months: int) -> list[date]:
    days = [begun]
    while (following := add_months(begun, months * len(days))) < until:
        days.append(following)
    return days
