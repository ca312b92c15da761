"""The sign-off sheet of a card: what it says, when, on which numbers, cases and sources; for a screen and for paper."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import get_args

from markupsafe import Markup
from msgspec import Struct
from msgspec.structs import replace

from cards.engine.card import Card
from cards.engine.sources import cited, places
from cards.thresholds import Threshold, Thresholds
from cards.vocabulary import Name
from cards.vocabulary.names import Status
from cds_service.casebook import windows
from cds_service.casebook.digest import Table, tables
from cds_service.casebook.sheet import Order, Variant, variants
from cds_service.casebook.told import Chapter, chapters, usual
from cds_service.casebook.translated import chinese
from cds_service.content.canon import current
from cds_service.content.covered import chapter_of
from cds_service.content.releases import named
from cds_service.hooks.discovery import SERVICES
from cds_service.web.sheet.definitions import Defined, definitions
from cds_service.web.sheet.doses import Dose, doses
from cds_service.web.sheet.numbers import Group, grouped, printed, shown, topic_of
from cds_service.web.sheet.patient import of_whom
from cds_service.web.sheet.ranking import ranking, whom
from cds_service.web.sheet.rule_words import NAMED, Paragraph, Written, rule
from cds_service.web.sheet.sources import Source, sources_of
from cds_service.web.sheet.terms import defined, used

OPEN = ("says", "when")
"""The parts that stand open on a screen; the others are folded, each with its minutes."""


class Section(Struct, frozen=True):
    """A chapter of what a card says, in short; a card that is not divided is one, without key and title. ``places``: of its
    variants, as they are printed."""

    key: str
    title: str
    tables: list[Table]
    places: Sequence[int] = ()

    @property
    def count(self) -> int:
        """How many variants."""
        return sum(len(each.variants) for each in self.tables)


class Sheet(Struct, frozen=True):
    """Everything that somebody reads who signs. ``told``: of whom each variant is; ``sections``: what they come to, in short,
    and ``informs``: those that only inform, where others warn (``informing``: which they are, of a card with chapters);
    ``words``: what words of the rule mean; ``marks``: which marks of numbers it has; ``ranking``: the order of the drugs,
    where the rule asks for it; ``by_day``: whether its days after denosumab are a table; ``named_by_rule``: the shared
    definitions to which its words leave something. ``named``: the numbers of the rule, those first that no source prints,
    since they are to be judged; ``other``: those that definitions read, of which ``limits`` belong to the part "numbers" and
    others are ``folded`` apart."""

    card: Card
    hooks: list[str]
    variants: list[Variant]
    told: list[str]
    sections: list[Section]
    informs: list[Table]
    informing: list[int]
    rule: list[Paragraph]
    rule_in: str
    words: list[Markup]
    marks: list[str]
    ranking: list[tuple[str, list[str]]]
    by_day: bool
    named_by_rule: dict[str, Defined]
    definitions: dict[str, Defined]
    doses: list[Dose]
    named: dict[str, Threshold]
    other: dict[str, Threshold]
    limits: list[Group]
    folded: list[Group]
    chapters: list[Chapter]
    usual: str
    sources: list[Source]
    grades: dict[str, Name]
    hash: str
    content: str

    @property
    def tables(self) -> list[Table]:
        """What its variants come to, in short, but for those that only inform."""
        return [table for section in self.sections for table in section.tables]

    @property
    def count(self) -> int:
        """How many cases it has."""
        return sum(sum(each.outcomes.values()) for each in self.chapters)

    @property
    def newest(self) -> str:
        """The newest content version of its numbers; "" where it has none."""
        return max((each.since for each in (*self.named.values(), *self.other.values())), key=_in_order, default="")

    @property
    def statuses(self) -> list[str]:
        """Those that the sheet shows, the surest first."""
        shown = {each.status for each in (*self.named.values(), *self.other.values())} | {d.regimen.status for d in self.doses}
        return [each for each in get_args(Status) if each in shown]

    @property
    def elsewhere(self) -> list[str]:
        """The cards on whose sheets limits stand that are folded here."""
        homes = dict.fromkeys(topic_of(key).home for each in self.folded for key in each.rows)
        return [home for home in homes if home not in ("", "none", self.card.code)]

    @property
    def counts(self) -> dict[str, int]:
        """How many of what is in its parts, and of how many."""
        return {
            "variants": sum(len(each.variants) for each in self.tables),
            "all": len(self.variants),
            "doses": len(self.doses),
            "numbers": len(self.named),
            "limits": sum(len(each.rows) for each in self.limits),
            "folded": sum(len(each.rows) for each in self.folded),
            "sources": sum(len(each.rests) for each in self.sources),
            **{f"in {each.key}": each.count for each in self.sections if each.key},
        }


def sheet(card: Card, thresholds: Thresholds, language: str) -> Sheet:
    """The sheet in one language; the variants are in both. ``thresholds``: those of the site."""
    table = thresholds.table
    told = NAMED.findall(card.doc)
    ours = sorted((key for key in table if table[key].card == card.code or key in told), key=lambda key: printed(table[key]))
    found, told_cases = variants(card, _parts_of(card) if card.chapters else None), chapters(card, language)
    other = {key: table[key] for key in card.shared if key not in ours}
    words = chinese(card) if language == "zh" else None
    called = definitions(card, language)
    said = words or card.doc
    ranks = "ranking" in current().cards[card.code]["rule"]
    written = Written(thresholds, "zh" if words else "en", {*ours, *other})
    glossed = replace(written, language=language)
    found_terms = used(said + (whom(language) if ranks else ""))
    means = {key: glossed(each.told(language)) for key, each in found_terms.items()}
    left = dict(means)
    texts = [said, *(each.told(language) for each in found_terms.values()), whom(language) if ranks else ""]
    urgent, rest = _by_urgency(found)
    return Sheet(
        card=card,
        hooks=[service.hook for service in SERVICES.values() if service.hook in card.hooks],
        variants=found,
        told=of_whom(card, found, language),
        sections=_sections(card, found, urgent, language),
        informs=tables(found, language, rest),
        informing=rest if card.chapters else [],
        rule=rule(said, written, means),
        rule_in="zh" if words else "en",
        words=list(means.values()),
        marks=_marks(" ".join(texts), written),
        ranking=ranking(language, lambda text: defined(glossed(text), left), defined=False) if ranks else [],
        by_day=any(each.seen.card == card.code for each in windows.kept()),
        named_by_rule={name: each for name, each in called.items() if f"`{name.rpartition('.')[2]}`" in card.doc},
        definitions=called,
        doses=doses(card.code, language),
        named={key: table[key] for key in ours},
        other=other,
        limits=grouped({key: each for key, each in other.items() if shown(key, each, card.code)}),
        folded=grouped({key: each for key, each in other.items() if not shown(key, each, card.code)}),
        chapters=told_cases,
        usual=usual(card, language),
        sources=list(sources_of(card, language)),
        grades={each.document.key: places()[each.document.key].grades for each in cited(card.cites)},
        hash=hashes()[card.code],
        content=named(card.code),
    )


def _marks(words: str, written: Written) -> list[str]:
    """Those that numbers of these words bear."""
    found = {written.mark(key) for key in NAMED.findall(words) if key in written.thresholds.table}
    return [each for each in ("OWN", "RECALL", "SITE") if each in found]


def _by_urgency(found: Sequence[Variant]) -> tuple[list[int], list[int]]:
    """The places of the variants that warn, and of those that only inform; all are shown where none warns."""
    informs = [place for place, each in enumerate(found) if each.indicator == "info"]
    if len(informs) == len(found):
        return informs, []
    return [place for place in range(len(found)) if place not in informs], informs


def _sections(card: Card, found: Sequence[Variant], places: Sequence[int], language: str) -> list[Section]:
    """By the chapters of a large card, each in the order of its variants."""
    stems = card.chapters_by_key
    by_chapter = {key: [place for place in places if chapter_of(found[place].name, stems) == key] for key in stems}
    titles = {key: each.title[language] for key, each in card.chapters.items()}
    told = [Section(key, titles[key], tables(found, language, some), some) for key, some in by_chapter.items()]
    return told or [Section("", "", tables(found, language, places), range(len(found)))]


def _parts_of(card: Card) -> Order:
    """The order of the sheet of a large card: its chapters, and last what only informs."""
    stems = card.chapters_by_key
    places = {key: place for place, key in enumerate(stems)}
    return lambda indicator, name: len(places) if indicator == "info" else places[chapter_of(name, stems)]


def _in_order(version: str) -> list[int]:
    return [int(part) for part in version.split(".") if part.isdigit()]


@cache
def hashes() -> dict[str, str]:
    """Of each card as installed, by code."""
    return current().hashes
