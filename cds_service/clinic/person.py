"""A patient whose bones respond to time and drugs: a few lines each, no research."""

from __future__ import annotations

from datetime import date
from random import Random

from cards.chart.calendar import years_between
from cds_service.clinic.kinds import kind_of

GAIN = {"tablets": 0.08, "zoledronate": 0.1, "denosumab": 0.15, "anabolic": 0.1}
"""T-score at the hip gained in a year, in the first years on a drug; later a third of it."""
LOSS = 0.06
REBOUND = 0.4
"""T-score lost in a year without a drug, and after denosumab that nothing follows."""
_SPINE_LOWER = 0.2
_SUPPRESSED_YEARS = 0.5
_LEAST_EGFR = 12
"""T-score by which the spine lies below the hip; years on a drug after which turnover markers are low."""


class Person:
    """Hip T-score and renal function on a day; the same life for the same seed, as long as the same drugs are taken.

    ``scanned``: the lowest T-score of the last DXA. ``broken``: a hip or vertebra broke since a drug last worked."""

    def __init__(self, seed: int, today: date) -> None:
        self._rng = Random(seed)
        self.kind = kind_of(seed)
        self.born = date(today.year - self._rng.randint(58, 84), self._rng.randint(1, 12), self._rng.randint(1, 28))
        self.hip = round(self._rng.uniform(-3.6, -1.2), 2)
        self.egfr = self._rng.uniform(*self.kind.egfr)
        self.scanned = self.hip
        self.broken = False
        self._years_on = 0.0

    def live(self, years: float, drug: str, *, rebound: bool) -> None:
        """``drug``: a key of ``GAIN``, "" for none. ``rebound``: denosumab has worn off and nothing followed."""
        self.egfr = max(self.egfr - self._rng.uniform(0, self.kind.egfr_loss) * years, _LEAST_EGFR)
        self.hip -= self.kind.loss * years
        if drug:
            self.broken = False
            self._years_on += years
            self.hip += GAIN[drug] * years * (1 if self._years_on < 3 else 1 / 3)
        else:
            self._years_on = 0
            self.hip -= (REBOUND if rebound else LOSS) * years

    def breaks(self, years: float, today: date) -> str:
        """The site of a fracture in this time, mostly ""."""
        risk = 0.006 * 1.8 ** max(0, -self.hip - 1) * 1.04 ** (years_between(self.born, today) - 65)
        site = self._rng.choice(["vertebra", "hip", "distal-forearm"]) if self._rng.random() < risk * years else ""
        self.broken |= site in ("vertebra", "hip")
        return site

    def measure(self, test: str) -> str:
        """What a test finds, as a line without its day."""
        muscle = 0.9 if self.kind.sex == "male" else 0.7
        creatinine = muscle * (90 / self.egfr) ** 0.85
        noise = self._rng.gauss
        hip = self.hip + noise(0, 0.08)
        if test == "dxa":
            self.scanned = round(hip - _SPINE_LOWER, 1)
        suppressed = self._years_on > _SUPPRESSED_YEARS
        found = {
            "dxa": f"T-score total-hip {hip:.1f}, T-score lumbar-spine {hip - _SPINE_LOWER:.1f}",
            "creatinine": f"creatinine {creatinine:.2f} mg/dL",
            "calcium": f"calcium {9.4 + noise(0, 0.15):.1f} mg/dL (range 8.6-10.2), albumin 4.2 g/dL",
            "vitamin-d": f"25(OH)D {34 + noise(0, 2):.0f} ng/mL",
            "ctx": f"CTX {180 if suppressed else 420} pg/mL",
            "p1np": f"P1NP {25 if suppressed else 60} ug/L",
            "pth": "PTH 42 pg/mL",
            "alp": "ALP 72 U/L",
            "phosphate": "phosphate 3.4 mg/dL",
            "height": "height 158 cm",
            "blood-count": "hemoglobin 13.1 g/dL",
            "liver": "ALT 21 U/L",
            "esr": "ESR 12 mm/h",
            "tsh": "TSH 1.8 mIU/L",
            "frax": f"FRAX-major {12 - 2 * self.hip:.0f} %, FRAX-hip {max(0.4, -1.2 * self.hip):.1f} %",
        }
        return found.get(test, "")
