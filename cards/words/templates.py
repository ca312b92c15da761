"""The texts of the cards: one Jinja2 template per card and language, compiled once at startup.

Compiled templates are cached next to the texts, as Python caches its bytecode, because compiling is the slowest part of
startup.

They are the files ``en.md`` and ``zh.md`` in the card's folder, each a set of blocks. ``summary``, ``do`` and ``because`` are
required, ``check`` (what to check first) is optional; ``line`` gives the whole card in one line if it may be part of
`routine-care`. A card that checks orders also has ``short``, which says why it excluded an option, and ``condition``, which
says what must be done before an option that it warns about.

A summary says what to do, by when, and because of which fact. For the maximum length of a detail see
``tests/output/test_lengths.py``.

``patient_summary``, ``patient_why`` and ``patient_do`` are also required and tell a patient or relative who opens the record
the same: what it means, what to do now, whom to ask and how soon. Use short sentences and words that a twelve-year-old knows,
and say what a test is for ("a bone density test (DXA)"). These blocks explain and urge, but never start, stop or change a
medicine, never name a dose to take or a drug to choose, and never contradict the clinician's text: those decisions belong to
the visit. ``patient_facts`` replaces the list of evidence if that is not suitable for this reader.

Blocks can use the finding's values and ``variant``, ``indicator``, ``about``, ``offered`` (the regimens of its drug options,
best first), ``today``, ``hook`` and ``age``, and these filters:

- ``day`` of a date ("in 2026" where the record tells no more: print what is ``dated``, never ``when``), ``on`` of a date with
  its preposition ("on 3 Mar 2026", "in 2026"), ``date`` of one after any other preposition ("since 2026");
- ``num`` of a number (decimals);
- ``bare`` of a measurement, without its unit; ``like(measurement)`` of a limit, in the unit in which the measurement is shown,
  and ``beside(measurement)`` the same without the unit: "eGFR {{ estimate | bare }}, limit {{ limit | beside(estimate) }}";
- ``span`` of a number of days, of a number of months (``span("months")``) or of two dates;
- ``drug``, ``service``, ``analyte``, ``problem``, ``fracture`` for what a key is called;
- ``unchecked`` of a card's code names the check that could not be done;
- ``phrase(table)`` of a key of phrases.toml: ``{{ reasons | map("phrase", "reason") | names }}``;
- ``regimen`` writes how a drug is usually given, from a key of ``offered``;
- ``names`` joins a list, ``unit`` writes a UCUM unit, ``capital`` capitalizes the first letter.

They can also call ``short(findings)``, and ``supplements()`` (in ``patient_do``: ``supplements_asked()``), the sentence on
calcium and vitamin D that is true of the record: no text says in its own words that they go on. ``calcium_dose()`` is the one
dose of calcium of an answer.

Without a filter, a drug, course, draft, analyte, site, problem, fracture or group of data prints its name, a measurement its
value and unit as recorded, and a date or number what ``day`` or ``num`` gives.

String values are assumed to come from the record and are cleaned and escaped wherever they are printed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cache, partial
from hashlib import sha256
from pathlib import Path
from typing import Any

from jinja2 import (
    Environment,
    FileSystemBytecodeCache,
    FunctionLoader,
    StrictUndefined,
    Template,
    TemplateError,
    UndefinedError,
)
from jinja2.bccache import Bucket

from cards.chart import Chart
from cards.chart.shown import like
from cards.definitions.supplements import corrects, supplements
from cards.engine.card import Card
from cards.engine.catalog import all_cards
from cards.engine.findings import Finding
from cards.thresholds import ContentError
from cards.vocabulary import ANALYTES, DRUGS, FRACTURE_SITES, PROBLEMS, SERVICES
from cards.vocabulary.regimens import for_drug
from cards.words import phrases
from cards.words.phrases import LANGUAGES, Markdown

HERE = Path(__file__).parent
ROOT = HERE.parent
PATIENT = ("patient_summary", "patient_why", "patient_do")
"""The blocks addressed to the patient."""


class _Kept(FileSystemBytecodeCache):
    """Compiled texts in a folder; if it is not writable, they are compiled at each startup.

    Jinja2 evaluates constants at compile time, including names of drugs, so the cache is valid until anything in this package
    changes.
    """

    def __init__(self, folder: Path) -> None:
        with suppress(OSError):
            folder.mkdir(exist_ok=True)
        super().__init__(str(folder))
        sources = sorted(path for pattern in ("*.py", "*.toml", "*.tsv") for path in ROOT.rglob(pattern))
        self._rest = sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()

    def get_source_checksum(self, source: str) -> str:
        return super().get_source_checksum(source + self._rest)

    def load_bytecode(self, bucket: Bucket) -> None:
        with suppress(OSError):
            super().load_bytecode(bucket)

    def dump_bytecode(self, bucket: Bucket) -> None:
        with suppress(OSError):
            super().dump_bytecode(bucket)


@cache
def load() -> Mapping[tuple[str, str], Template]:
    """All compiled texts, by language and card. Called at startup: ContentError if a text or a block is missing."""
    return {(language, card.code): _text(card, language) for language in LANGUAGES for card in all_cards().values()}


@cache
def environment(language: str) -> Environment:
    """The Jinja2 environment of one language. The output is Markdown, so autoescaping is off: ``phrases.word`` escapes."""
    env = Environment(  # noqa: S701
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        loader=FunctionLoader(partial(_source, language)),
        bytecode_cache=_Kept(HERE / "__pycache__"),
        finalize=partial(phrases.word, language=language),
    )
    tables: dict[str, Mapping[str, Any]] = {
        "drug": DRUGS,
        "service": SERVICES,
        "analyte": ANALYTES,
        "problem": PROBLEMS,
        "fracture": FRACTURE_SITES,
    }
    env.filters |= {kind: partial(_name, language=language, table=table) for kind, table in tables.items()}
    env.filters |= {
        "day": lambda when: Markdown(phrases.day(when, language)),
        "on": lambda when: Markdown(phrases.on_day(when, language)),
        "date": lambda when: Markdown(phrases.bare_day(when, language)),
        "num": lambda value, digits=2: Markdown(phrases.grouped(phrases.num(value, digits), language)),
        "bare": lambda measurement: Markdown(phrases.bare(measurement, language)),
        "like": lambda limit, measurement: Markdown(phrases.word(like(limit, measurement), language)),
        "beside": lambda limit, measurement: Markdown(phrases.word(like(limit, measurement).value, language)),
        "span": lambda length, unit="days": Markdown(phrases.span(length, language, unit)),
        "phrase": lambda key, table: Markdown(phrases.phrase(table, key, language)),
        "unchecked": lambda code: Markdown(_unchecked(code, language)),
        "names": lambda things: Markdown(phrases.listed([phrases.word(each, language) for each in things], language)),
        "regimen": lambda key: Markdown(phrases.escape(for_drug(key).label[language])),
        "unit": lambda code: Markdown(phrases.escape(phrases.unit(code, language))),
        "capital": lambda thing: Markdown(phrases.capital(phrases.word(thing, language))),
    }
    return env


def _source(language: str, code: str) -> tuple[str, str, None] | None:
    """The text of a card for Jinja2: source and file name."""
    path = all_cards()[code].folder / f"{language}.md"
    return (path.read_text("utf-8"), str(path), None)


def _place(card: Card, language: str) -> str:
    return f"{card.folder.relative_to(ROOT)}/{language}.md"


def _unchecked(code: str, language: str) -> str:
    """What a card checks, for the sentence that says it could not."""
    name = all_cards()[code].unchecked
    if name is None:
        raise KeyError(f"{code} names no check")
    return phrases.escape(name[language])


def _name(thing: object, language: str, table: Mapping[str, Any]) -> Markdown:
    return Markdown(phrases.escape(phrases.name(thing, language, table)))


def _text(card: Card, language: str) -> Template:
    try:
        template = environment(language).get_template(card.code)
    except TemplateError as error:
        raise ContentError(f"{_place(card, language)}: {error}") from None
    required = {"summary", "do", "because", *PATIENT} | ({"short", "condition"} if card.checks_orders else set())
    if missing := required - template.blocks.keys():
        raise ContentError(f"{_place(card, language)} lacks the blocks {', '.join(sorted(missing))}")
    if unknown := template.blocks.keys() - required - {"check", "line", "patient_facts"}:
        raise ContentError(f"{_place(card, language)} has unknown blocks {', '.join(sorted(unknown))}")
    return template


def has(finding: Finding, which: str, language: str) -> bool:
    """Whether the finding's text has a block of this name."""
    return which in load()[language, finding.code].blocks


def blocks(finding: Finding, language: str, chart: Chart) -> Callable[[str], str]:
    """A function that renders a block of the finding's text as Markdown by name; "" if the text does not have the block. The
    text may ask for the ``short`` words of other findings, for the keys of what other cards offer (``elsewhere``), and for what
    the record says of calcium and vitamin D.

    It raises ContentError if a block uses a value that the finding does not have, or one that a filter cannot use.
    """
    template = load()[language, finding.code]
    offered_here = (*finding.options, *finding.elsewhere)
    proposed = offered_here if finding.about else (*finding.withheld, *offered_here)
    offered = [option.regimen or option.key for option in proposed if option.kind == "drug"]
    about = {
        "variant": finding.variant,
        "indicator": finding.indicator.value,
        "about": finding.about,
        "offered": offered,
        "elsewhere": [option.key for option in finding.elsewhere],
        "supplements": lambda: Markdown(phrases.phrase("supplements", supplements(chart).said, language)),
        "calcium_dose": lambda: Markdown(
            phrases.phrase("calcium-dose", "correction" if corrects(chart) else "usual", language)
        ),
        "supplements_asked": lambda: Markdown(phrases.phrase("supplements-patient", supplements(chart).asked, language)),
        "short": lambda found: Markdown(phrases.listed([block(each, "short", language, chart) for each in found], language)),
    }
    context = template.new_context(finding.values | about | {"today": chart.today, "hook": chart.hook.value, "age": chart.age})

    def write(which: str) -> str:
        try:
            return "".join(template.blocks[which](context)).strip() if which in template.blocks else ""
        except UndefinedError as error:
            there = ", ".join(sorted(finding.values)) or "none"
            place = _place(all_cards()[finding.code], language)
            raise ContentError(f"{place}, block {which}: {error}; the values of the finding are {there}") from None
        except (AttributeError, LookupError, TypeError, ValueError) as error:
            place = _place(all_cards()[finding.code], language)
            raise ContentError(f"{place}, block {which}: a filter cannot use its value ({type(error).__name__})") from error

    return write


def block(finding: Finding, which: str, language: str, chart: Chart) -> str:
    """A single block: "short" or "condition"."""
    return blocks(finding, language, chart)(which)
