"""Who the patient is."""

from __future__ import annotations

from datetime import date

from msgspec import Struct

from cards.chart.calendar import years_between


class Patient(Struct, frozen=True):
    """Sex as the record gives it ("female", "male", "" when not known), date of birth (the first day of a partial one), and
    whether the record says that the patient has died."""

    sex: str = ""
    birth: date | None = None
    deceased: bool = False

    @property
    def female(self) -> bool:
        return self.sex == "female"

    def age_on(self, day: date) -> int | None:
        return None if self.birth is None else years_between(self.birth, day)
