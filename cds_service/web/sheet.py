"""The sign-off sheet of a card: what it says, when, on which numbers, cases and sources; for a screen and for paper."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from itertools import groupby
from typing import Any, get_args

from flask import Response, abort
from msgspec import Struct
from msgspec.json import encode
from msgspec.structs import replace

from cards.engine.card import Card
from cards.engine.catalog import all_cards
from cards.engine.sources import Document, Recommendation, cited, place_of, places
from cards.thresholds import Threshold, Thresholds, shipped
from cards.vocabulary import Name
from cards.vocabulary.names import Status
from cards.words.phrases import LANGUAGES, unit
from cds_service.casebook import windows
from cds_service.casebook.digest import Table, tables, words_of
from cds_service.casebook.sheet import Block, Said, Variant, minutes, variants
from cds_service.casebook.told import Chapter, chapters, judged, patients, usual
from cds_service.casebook.translated import LABELS, chinese
from cds_service.content.canon import current
from cds_service.content.releases import SINCE, named
from cds_service.content.signatures import Signature
from cds_service.hooks.discovery import SERVICES
from cds_service.load import Load
from cds_service.web import numbered
from cds_service.web.dosed import Dose, doses
from cds_service.web.numbered import Group, grouped, in_short, shown
from cds_service.web.ranked import ranking
from cds_service.web.ruled import NAMED, Paragraph, figure, inline, rule
from cds_service.web.terms import explained
from cds_service.web.words import say
from fhir_fixtures import stories

SHOWN = "shown:"
"""What a signature begins with that says what was shown."""


class Rests(Struct, frozen=True):
    """A recommendation with its own place in its source; ``place`` "" where it is that of the one before; ``url`` "" where it
    has no address of its own."""

    recommendation: Recommendation
    place: str
    url: str


class Source(Struct, frozen=True):
    """A document, named once, with what the card rests on in it."""

    document: Document
    rests: tuple[Rests, ...]


class Sheet(Struct, frozen=True):
    """Everything that somebody reads who signs. ``told``: of whom each variant is; ``tables``: what they come to, in short,
    and ``informs``: those that only inform, where others warn; ``words``: what words of the rule mean; ``ranking``: the order
    of the drugs, where the rule asks for it; ``by_day``: whether its days after denosumab are a table;
    ``named_by_rule``: the shared definitions to which its words leave something. ``named``: the numbers of the
    rule, those first that no source prints, since they are to be judged; ``other``: those that definitions read, of which
    ``limits`` are shown and others ``folded``. ``minutes`` for what is unfolded; ``more``: for what is folded, by the names of
    ``signatures.READ``, in one language."""

    card: Card
    hooks: list[str]
    variants: list[Variant]
    told: list[str]
    tables: list[Table]
    informs: list[Table]
    rule: list[Paragraph]
    rule_in: str
    words: list[str]
    ranking: list[tuple[str, list[str]]]
    by_day: bool
    named_by_rule: dict[str, str]
    definitions: dict[str, str]
    doses: list[Dose]
    named: dict[str, Threshold]
    other: dict[str, Threshold]
    limits: list[Group]
    folded: list[Group]
    chapters: list[Chapter]
    usual: str
    sources: list[Source]
    grades: dict[str, Name]
    minutes: int
    more: dict[str, int]
    hash: str
    content: str

    @property
    def whole(self) -> int:
        """Minutes for all of it."""
        return self.minutes + sum(self.more.values())

    @property
    def count(self) -> int:
        """How many cases it has."""
        return sum(sum(each.outcomes.values()) for each in self.chapters)

    @property
    def unprinted(self) -> int:
        """How many numbers of the rule no source prints."""
        return sum(not _printed(each) for each in self.named.values())

    @property
    def newest(self) -> str:
        """The newest content version of its numbers; "" where it has none."""
        return max((each.since for each in (*self.named.values(), *self.other.values())), key=_in_order, default="")

    @property
    def statuses(self) -> list[str]:
        """Those that the sheet shows, the surest first."""
        shown = {each.status for each in (*self.named.values(), *self.other.values())} | {d.regimen.status for d in self.doses}
        return [each for each in get_args(Status) if each in shown]

    def behind(self, language: str) -> list[tuple[list[Group], str]]:
        """Tables that are folded, with their headings: the sources of the limits, and the numbers that are not shown."""
        homes = dict.fromkeys(numbered.topic_of(key).home for each in self.folded for key in each.rows)
        away = [home for home in homes if home not in ("", "none", self.card.code)]
        told = say("sheet.folded-home", language, codes=("、" if language == "zh" else ", ").join(away)) if away else ""
        return [
            (self.limits, say("sheet.limits-sources", language, count=self.counts["limits"])),
            (self.folded, say("sheet.folded", language, count=self.counts["folded"], home=told)),
        ]

    @property
    def counts(self) -> dict[str, int]:
        """How many of what somebody has read who read the sheet as it opens, and of how many."""
        return {
            "variants": sum(len(each.variants) for each in self.tables),
            "all": len(self.variants),
            "doses": len(self.doses),
            "numbers": len(self.named),
            "limits": sum(len(each.rows) for each in self.limits),
            "folded": sum(len(each.rows) for each in self.folded),
            "sources": sum(len(each.rests) for each in self.sources),
        }


def sheet(card: Card, thresholds: Thresholds, language: str) -> Sheet:
    """The sheet in one language; the variants are in both. ``thresholds``: those of the site."""
    table = thresholds.table
    told = NAMED.findall(card.doc)
    ours = sorted((key for key in table if table[key].card == card.code or key in told), key=lambda key: _printed(table[key]))
    found, told_cases = variants(card), chapters(card, language)
    other = {key: table[key] for key in card.shared if key not in ours}
    words = chinese(card) if language == "zh" else None
    definitions = _definitions(card)
    urgent, rest = _by_urgency(found)
    made = Sheet(
        card=card,
        hooks=[service.hook for service in SERVICES.values() if service.hook in card.hooks],
        variants=found,
        told=_of_whom(card, found, language),
        tables=tables(found, language, urgent),
        informs=tables(found, language, rest),
        rule=rule(words or card.doc, thresholds, "zh" if words else "en"),
        rule_in="zh" if words else "en",
        words=explained(words or card.doc, thresholds, language),
        ranking=ranking(thresholds, language) if "ranking" in current().cards[card.code]["rule"] else [],
        by_day=any(each.seen.card == card.code for each in windows.kept()),
        named_by_rule={name: text for name, text in definitions.items() if f"`{name.rpartition('.')[2]}`" in card.doc},
        definitions=definitions,
        doses=doses(card.code, language),
        named={key: table[key] for key in ours},
        other=other,
        limits=grouped({key: each for key, each in other.items() if shown(key, each, card.code)}),
        folded=grouped({key: each for key, each in other.items() if not shown(key, each, card.code)}),
        chapters=told_cases,
        usual=usual(card, language),
        sources=list(_sources(card, language)),
        grades={each.document.key: places()[each.document.key].grades for each in cited(card.cites)},
        minutes=0,
        more={},
        hash=hashes()[card.code],
        content=named(card.code),
    )
    more = {
        "texts": _texts(found, language),
        "informs": list(words_of(made.informs)),
        "patient": _to_patient(found, language),
        "definitions": [text for name, text in definitions.items() if name not in made.named_by_rule],
        "folded": [text for each in made.folded for row in each.rows.values() for text in _number(row, language)],
        "cases": _cases(told_cases),
        "gists": [rest.recommendation.told(language) for source in made.sources for rest in source.rests],
    }
    return replace(
        made, minutes=minutes(_first(made, language)), more={key: minutes(each) if each else 0 for key, each in more.items()}
    )


def _by_urgency(found: Sequence[Variant]) -> tuple[list[int], list[int]]:
    """The places of the variants that warn, and of those that only inform; all are shown where none warns."""
    informs = [place for place, each in enumerate(found) if each.indicator == "info"]
    if len(informs) == len(found):
        return informs, []
    return [place for place in range(len(found)) if place not in informs], informs


def _of_whom(card: Card, found: Sequence[Variant], language: str) -> list[str]:
    """Of each variant the invented patient: in Chinese what the case declares, since its name is English."""
    if language == "en":
        return [each.told for each in found]
    known = patients(card, language) | {f"{each.title['en']} (`{each.name}`)": each.title["zh"] for each in stories()}
    return [_dayless(known.get(each.told.removesuffix("."), each.told)) for each in found]


def _dayless(text: str) -> str:
    """Without the days of an invented patient's results: they stand with the case, and the English has none.

    >>> _dayless("女，30岁；25羟维生素D 8 ng/mL，2026-05-01；妊娠，自2026-03-01起；地舒单抗给药 2025-11-17")
    '女，30岁；25羟维生素D 8 ng/mL；妊娠；地舒单抗给药'
    """
    return re.sub(r"[，、 ]*自?\d{4}-\d{2}(?:-\d{2})?起?", "", text)


def _definitions(card: Card) -> dict[str, str]:
    """The words of the shared definitions that the rule calls, by name, with the numbers as shipped: they are part of what is
    signed."""
    told = current().cards[card.code]["definitions"].splitlines()
    return {name: plain(text) for name, _, text in (line.partition(": ") for line in told) if text}


def plain(text: str) -> str:
    """The words of a definition as clinicians read them: what only a program needs, its names and its "None", in words.

    >>> plain("``very_high``: 5 g, or `bone-mass`. None without ``LAST_DOSE``; (None: unknown)")
    '*very high*: 5 g, or `bone-mass`. None without *last dose*; (none: unknown)'
    """
    text = re.sub(r"``([^`]+)``", lambda m: f"*{m[1].replace('_', ' ').lower()}*", text)
    return re.sub(r"(?<=[^.] )None\b|(?<=\()None\b", "none", text)


def _sources(card: Card, language: str) -> Iterator[Source]:
    for _, some in groupby(cited(card.cites), key=lambda each: each.document.key):
        before, rests = "", []
        for each in some:
            place = place_of(each, language)
            rests.append(Rests(each, "" if place == before else place, each.url))
            before = place
        yield Source(rests[0].recommendation.document, tuple(rests))


def _first(made: Sheet, language: str) -> Iterator[str]:
    """What is read without unfolding anything. Not counted: keys, and where a source is to be found, which nobody reads who
    does not open it."""
    yield from words_of(made.tables)
    yield from made.words
    for paragraph in made.rule:
        yield from (text.striptags() for text in (paragraph.lead, *paragraph.steps, paragraph.tail))
    yield from made.named_by_rule.values()
    for when, drugs in made.ranking:
        yield from (when, " ".join(drugs))
    for dose in made.doses:
        yield from (*dose.told, dose.regimen.source[language])
    for each in made.named.values():
        yield from _number(each, language)
    yield from numbered.words_of(made.limits, language)


def _number(each: Threshold, language: str) -> Iterator[str]:
    yield from (each.name[language], f"{each.value:g} {each.unit}", each.status, source_of(each))
    yield from (then.why for then in each.history)


def _in_order(version: str) -> list[int]:
    return [int(part) for part in version.split(".") if part.isdigit()]


def _printed(each: Threshold) -> bool:
    return each.status not in ("RECALL", "OWN")


def _texts(found: Sequence[Variant], language: str) -> list[str]:
    return [text for each in found for text in _new(each.clinician[language])]


def _to_patient(found: Sequence[Variant], language: str) -> list[str]:
    return [text for each in found for text in (each.patient[language].summary, *_new(each.patient[language]))]


def _new(said: Said) -> list[str]:
    """Beside the headline and what is recommended, which are read already."""
    return [text for text in said.new[1:] if text not in said.recommended]


def _cases(told: Sequence[Chapter]) -> list[str]:
    told_lines = [line for chapter in told for line in chapter.lines]
    names = [text for line in told_lines for case in line.cases for text in (case.name, case.expects)]
    return [*names, *(line.given for line in told_lines)]


@cache
def reading_time(code: str, language: str) -> int:
    """Minutes that the sheet of a card takes, with the numbers as shipped."""
    return sheet(all_cards()[code], shipped(), language).minutes


@cache
def hashes() -> dict[str, str]:
    """Of each card as installed, by code."""
    return current().hashes


def unit_in_words(code: str, language: str) -> str:
    """A unit as people write it; UCUM's units of time in words, nothing for a plain number."""
    if code == "1":
        return ""
    return say(f"unit.{code}", language) if code in ("a", "mo", "wk", "d") else unit(code, language)


def judged_case(load: Load, code: str, number: int) -> Response:
    """What the service says to a case of a card now, as JSON; 404 where there is none."""
    try:
        with load.computing():
            found = judged(code, number)
    except (KeyError, IndexError):
        abort(404)
    return Response(encode(found), content_type="application/json", headers={"Cache-Control": "no-store"})


def source_of(each: Threshold) -> str:
    """Whence a number is, without what its status says already."""
    return re.sub(r"^(Own rule|Clinical convention|Convention): ", "", each.source) if not _printed(each) else each.source


def own_value(key: str, each: Threshold) -> str:
    """The value that was shipped, where the site has another; else ""."""
    ours = shipped().table[key].value
    return f"{ours:g}" if ours != each.value else ""


def source_url(each: Threshold) -> str:
    """Where the link of a number leads: its https address, or "" for a recommendation or our own document."""
    return each.link if each.link.startswith("https://") else ""


def runs(blocks: Sequence[Block]) -> list[tuple[str, list[Block]]]:
    """Paragraphs of one kind that follow each other, together."""
    return [(kind, list(some)) for kind, some in groupby(blocks, key=lambda each: each.kind)]


def read_of(each: Signature, language: str) -> str:
    """What somebody who signed had read, in brackets; "" where it was not asked."""
    if not each.read:
        return ""
    tongue, *more = each.read.split()
    much = next((key for key in more if key.startswith(SHOWN)), "")
    told = [say("read.opens", language, tongue=say(f"language.{tongue}", language))]
    told += [_counted(much, language)] if much else []
    told += [say(f"read.{key}", language) for key in more if key != much]
    return say("read.of", language, what=("、" if language == "zh" else ", ").join(told))


def shown_of(counts: Mapping[str, int]) -> str:
    """What a signature keeps of what was shown: of how many variants, doses, numbers and limits.

    >>> shown_of({"variants": 28, "all": 44, "doses": 2, "numbers": 13, "limits": 65, "folded": 55})
    'shown:28/44.2.13.65/120'
    """
    told = f"{counts['variants']}/{counts['all']}.{counts['doses']}.{counts['numbers']}.{counts['limits']}"
    return f"{SHOWN}{told}/{counts['limits'] + counts['folded']}"


def _counted(much: str, language: str) -> str:
    variants, doses, numbers, limits = much.removeprefix(SHOWN).split(".")
    return say("read.shown", language, variants=variants, doses=doses, numbers=numbers, limits=limits)


def version_of(content: str, language: str) -> str:
    """A content version as people read it: with changes that are not released yet, if it has any."""
    version, since, _ = content.partition(SINCE)
    return say("sheet.since-release", language, version=version) if since else version


def context(language: str) -> dict[str, Any]:
    """What the templates of a sheet call."""
    return {
        "version_of": lambda content: version_of(content, language),
        "read_of": lambda each: read_of(each, language),
        "labels": LABELS,
        "inline": inline,
        "figure": figure,
        "in_short": in_short,
        "runs": runs,
        "to_patient": {each: say("sheet.to-patient", each) for each in LANGUAGES},
        "unit": unit_in_words,
        "own_value": own_value,
        "source_of": source_of,
        "source_url": source_url,
        "language": language,
    }
