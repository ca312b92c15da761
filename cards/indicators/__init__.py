"""How well a fracture clinic does, per patient: what happened in time after a fracture, and what is not known.

| part | holds |
|---|---|
| ``indicators.toml`` | each indicator: names, source, population, numerator, window, what the source leaves open |
| ``care`` | what is asked of a record: events with their possible days; the answer: state and reason |
| ``episodes`` | fractures brought together, with the day from which everything is counted |
| ``states`` | met, pending, not met, unknown: the one order of all indicators |
| ``fls``, ``uk``, ``us`` | the indicators, a function each |
| ``counts``, ``levels`` | what is counted over many, and the bands of the sources |
| ``cases/`` | cases on both sides of every window |

Nothing here is a certified measure. Missing is unknown, never "no".
"""

from cards.indicators import us
from cards.indicators.care import Answer, Care, Episode, Event, Outcome, Rates, Treated
from cards.indicators.table import EPISODE, INDICATORS, WIDE, YEARLY, Indicator, judged

__all__ = [
    "EPISODE",
    "INDICATORS",
    "WIDE",
    "YEARLY",
    "Answer",
    "Care",
    "Episode",
    "Event",
    "Indicator",
    "Outcome",
    "Rates",
    "Treated",
    "judged",
    "us",
]
