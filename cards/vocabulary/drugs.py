"""Drugs as the rules know them (``drugs.tsv``), and the ways in which they work (``mechanisms.tsv``)."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from math import inf

from msgspec import Struct

from cards.vocabulary.names import Name
from cards.vocabulary.tables import Row, VocabularyError, read, rows


class Mechanism(StrEnum):
    """How a drug acts on bone, as far as the rules distinguish it."""

    BISPHOSPHONATE = "bisphosphonate"
    RANKL_INHIBITOR = "rankl-inhibitor"
    SERM = "serm"
    HORMONE_THERAPY = "hormone-therapy"
    PTH_ANALOG = "pth-analog"
    SCLEROSTIN_INHIBITOR = "sclerostin-inhibitor"
    CALCITONIN = "calcitonin"
    STRONTIUM = "strontium"
    VITAMIN_K2 = "vitamin-k2"
    ACTIVE_VITAMIN_D = "active-vitamin-d"
    VITAMIN_D = "vitamin-d"
    CALCIUM = "calcium"
    GLUCOCORTICOID = "glucocorticoid"
    AROMATASE_INHIBITOR = "aromatase-inhibitor"
    GNRH = "gnrh"
    PPI = "proton-pump-inhibitor"
    ANTIEPILEPTIC = "enzyme-inducing-antiepileptic"
    THIAZOLIDINEDIONE = "thiazolidinedione"
    HEPARIN = "heparin"
    NUCLEOTIDE = "nucleotide-analog"
    THYROID_HORMONE = "thyroid-hormone"
    ANTICOAGULANT = "anticoagulant"
    VITAMIN_K_ANTAGONIST = "vitamin-k-antagonist"
    CARDIAC_GLYCOSIDE = "cardiac-glycoside"
    CALCIMIMETIC = "calcimimetic"
    PHOSPHATE_BINDER = "phosphate-binder"
    CONTRACEPTIVE = "contraceptive"
    LITHIUM = "lithium"
    THIAZIDE = "thiazide"
    PARENTERAL_IRON = "parenteral-iron"
    PATENT_MEDICINE = "bone-patent-medicine"


class Drug(Struct, frozen=True):
    """A drug as the rules know it.

    ``covers_months`` is how long one injection works; None for drugs taken daily, weekly or monthly by mouth or by daily
    injection, which work for as long as they are taken. ``oncologic`` marks the strengths for bone metastases: the same
    ingredient, but never an osteoporosis course. ``formulary``: proposed if a site defines no formulary of its own. A strength
    from ``from_mg`` to below ``below_mg`` distinguishes it from the drug with the same ingredient; ``brand_mg`` is the strength
    of its brand product.
    """

    key: str
    ingredient: str
    name: Name
    mechanism: Mechanism
    covers_months: int | None = None
    oral: bool = False
    oncologic: bool = False
    formulary: bool = False
    from_mg: float | None = None
    below_mg: float | None = None
    brand_mg: float | None = None

    def told_by(self, mg: float) -> bool:
        """Whether a product of its ingredient with a strength of ``mg`` is this drug.

        >>> [drug.key for drug in DRUGS.values() if drug.told_by(4)], DRUGS["denosumab-oncology"].told_by(60)
        (['ibandronate-iv', 'zoledronate-oncology'], False)
        """
        if self.from_mg is None and self.below_mg is None:
            return False
        return (self.from_mg or 0) <= mg < (self.below_mg or inf)


_KINDS = ("antiresorptive", "anabolic", "other")


def kinds(text: str) -> dict[Mechanism, str]:
    """What each mechanism does for bone, from the text of mechanisms.tsv: antiresorptive, anabolic, other, or ""."""
    found = rows("mechanisms.tsv", text, "kind")
    known = {row.member("key", Mechanism): row.choice("kind", _KINDS) for row in found.values()}
    if missing := [each.value for each in Mechanism if each not in known]:
        raise VocabularyError(f"mechanisms.tsv lacks {', '.join(missing)}, which rules speak of.")
    return known


_COLUMNS = ("mechanism", "ingredient", "covers_months", "oral", "oncologic", "formulary", "from_mg", "below_mg", "brand_mg")


def drugs(text: str) -> dict[str, Drug]:
    """The drugs by key, from the text of drugs.tsv."""
    found = rows("drugs.tsv", text, *_COLUMNS)
    return {key: _drug(row, found) for key, row in found.items()}


def _drug(row: Row, others: Mapping[str, Row]) -> Drug:
    ingredient = row.choice("ingredient", others) or row.key
    drug = Drug(
        row.key,
        ingredient,
        row.name,
        row.member("mechanism", Mechanism),
        row.whole("covers_months", least=1) if row.optional("covers_months") else None,
        row.flag("oral"),
        row.flag("oncologic"),
        row.flag("formulary"),
        *(row.number(column) if row.optional(column) else None for column in ("from_mg", "below_mg", "brand_mg")),
    )
    if drug.from_mg is not None and drug.below_mg is not None and drug.from_mg >= drug.below_mg:
        raise row.error(f"from_mg ({drug.from_mg:g}) is not below below_mg ({drug.below_mg:g})")
    if (drug.from_mg is not None or drug.below_mg is not None) and ingredient == row.key:
        raise row.error("from_mg and below_mg distinguish a drug from its ingredient, but this row is the ingredient itself")
    if drug.oral and drug.covers_months:
        raise row.error("covers_months is only for injections, but this drug is taken by mouth")
    if others[ingredient].text("mechanism") != drug.mechanism:
        raise row.error(f"the mechanism differs from that of {ingredient}, its ingredient")
    return drug


def _known(key: str) -> Drug:
    if key not in DRUGS:
        raise VocabularyError(f"drugs.tsv lacks {key}, which rules speak of.")
    return DRUGS[key]


_OF_KIND = kinds(read("mechanisms.tsv"))
DRUGS: dict[str, Drug] = drugs(read("drugs.tsv"))
SHIPPED_FORMULARY = frozenset(drug.key for drug in DRUGS.values() if drug.formulary)
"""What may be proposed if a site defines no formulary of its own."""

ANTIRESORPTIVE = frozenset(each for each, kind in _OF_KIND.items() if kind == "antiresorptive")
ANABOLIC = frozenset(each for each, kind in _OF_KIND.items() if kind == "anabolic")
ANTI_OSTEOPOROSIS = frozenset(each for each, kind in _OF_KIND.items() if kind)
ANTICOAGULANTS = frozenset({Mechanism.ANTICOAGULANT, Mechanism.VITAMIN_K_ANTAGONIST, Mechanism.HEPARIN})

DENOSUMAB = _known("denosumab")
DENOSUMAB_ONCOLOGY = _known("denosumab-oncology")
ZOLEDRONATE = _known("zoledronate")
ALENDRONATE = _known("alendronate")
RISEDRONATE = _known("risedronate")
TERIPARATIDE = _known("teriparatide")
ABALOPARATIDE = _known("abaloparatide")
ROMOSOZUMAB = _known("romosozumab")
RALOXIFENE = _known("raloxifene")
MENATETRENONE = _known("menatetrenone")
CHOLECALCIFEROL = _known("cholecalciferol")


def names_of(drugs: tuple[Drug, ...], language: str) -> list[str]:
    """The drugs' names in one language, each once, in the order given."""
    return list(dict.fromkeys(drug.name[language] for drug in drugs))
