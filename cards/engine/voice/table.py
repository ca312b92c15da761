"""Which card makes which others fall silent, and who owns which order: ``voice.toml``, checked when it is read."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from msgspec import Struct, convert

from cards.engine.catalog import all_cards
from cards.engine.findings import Finding, Indicator
from cards.thresholds import ContentError, read_toml
from cards.vocabulary import Drug


class Silence(Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """A row of the table: where one of ``cards`` speaks (in one of these ``variants``, of one of these ``findings`` of the
    work-up, if it names any), at this indicator or a graver one, ``silent`` fall silent. What is graver than the speaker never
    does."""

    cards: tuple[str, ...]
    indicator: Indicator
    silent: tuple[str, ...]
    variants: tuple[str, ...] = ()
    findings: tuple[str, ...] = ()
    same_drug: bool = False
    besides: tuple[str, ...] = ()

    def spoken_by(self, finding: Finding) -> bool:
        if self.variants and finding.variant not in self.variants:
            return False
        if self.findings and not any(row.key in self.findings for row in finding.values.get("rows", ())):
            return False
        return finding.code in self.cards and finding.indicator.rank <= self.indicator.rank

    def silences(self, speaker: Finding, other: Finding) -> bool:
        """Of a card that names no drug of its own, what it says is taken to be of the drug that must stop. A speaker names one
        drug, or all that it is ``against``."""
        if other.code not in self.silent or other.indicator.rank < speaker.indicator.rank:
            return False
        if not self.same_drug:
            return True
        drug, of = speaker.values.get("drug"), other.values.get("drug")
        drugs = (drug,) if isinstance(drug, Drug) else speaker.values.get("against", ())
        return any(
            each.ingredient not in self.besides and (not isinstance(of, Drug) or of.ingredient == each.ingredient)
            for each in drugs
        )


class Owners(Struct, frozen=True, forbid_unknown_fields=True):
    drugs: dict[str, tuple[str, ...]]
    services: dict[str, tuple[str, ...]]


class Comfort(Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """Under comfort care, where ``card`` fires: ``silent`` fall silent (``unless_severe``: not with a 25(OH)D below
    {vitamin-d-severe} ng/mL; ``besides_orders``: not about an order, which they speak against), and these ``silent_variants``
    of others; ``milder`` are said one step milder."""

    card: str
    silent: tuple[str, ...]
    besides_orders: tuple[str, ...]
    unless_severe: tuple[str, ...]
    silent_variants: dict[str, tuple[str, ...]]
    milder: tuple[str, ...]


class Shown(Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """Which cards lead those of their urgency: by code, or "code/variant"."""

    leading_warnings: tuple[str, ...]
    leading_info: tuple[str, ...]


class Voice(Struct, frozen=True, forbid_unknown_fields=True):
    silences: tuple[Silence, ...]
    comfort: Comfort
    owners: Owners
    shown: Shown


@cache
def table() -> Voice:
    """``voice.toml``. ContentError, one sentence, where it names a card that there is not."""
    path = Path(__file__).with_name("voice.toml")
    told = convert(read_toml(path), Voice)
    named = {code for row in told.silences for code in (*row.cards, *row.silent)}
    named |= {code for group in (told.owners.drugs, told.owners.services) for codes in group.values() for code in codes}
    named |= {
        told.comfort.card,
        *told.comfort.silent,
        *told.comfort.silent_variants,
        *told.comfort.besides_orders,
        *told.comfort.milder,
        *(name.partition("/")[0] for name in told.shown.leading_info),
    }
    if unknown := sorted(named.union(told.shown.leading_warnings) - all_cards().keys()):
        raise ContentError(f"{path.name} names {', '.join(unknown)}: no such card")
    return told
