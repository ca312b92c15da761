"""Drug courses: what statements, orders, doses and dispenses say about one drug, combined (card specification, "course").

A course is read from its exposures in one pass per drug:

1. entries that are not exposures are left out (canceled, not taken, planned for a future day);
2. doses: one injection recorded in several resources is one dose;
3. spans: the periods on the drug, with short gaps bridged;
4. state: stopped, active, covered until when, and how certain that is.
"""

from cards.definitions.courses.build import build
from cards.definitions.courses.limits import limit_day, longest_months, used_up

__all__ = ["build", "limit_day", "longest_months", "used_up"]
