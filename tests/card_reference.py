"""docs/cards.md, made from the rules themselves: ``python -m tests.card_reference`` prints it, ``make docs`` writes it.

For each card: when it fires (the rule's docstring), the numbers it uses, what it rests on, and its words in both languages as
they come out for a sample patient of each variant. Samples come from the cases of the cards and the fixtures; for a
variant that none of them shows, from the patients at random of ``output/charts.py``.
"""

from __future__ import annotations

import inspect
import json
import sys
from collections.abc import Iterable, Iterator
from datetime import date
from functools import cache

from cards.chart import Chart, Hook, Measurement, Problem, Service
from cards.definitions import (
    bone_loss,
    courses,
    density,
    diagnosis,
    fractures,
    kidney,
    minerals,
    person,
    risk,
    treatment,
)
from cards.engine import options, orders
from cards.engine.card import Card
from cards.engine.catalog import all_cards, citing, sections
from cards.engine.findings import Finding
from cards.engine.run import run
from cards.engine.sources import RECOMMENDATIONS, VERSION, cited
from cards.thresholds import shipped
from cards.words import text
from cards.words.phrases import LANGUAGES, phrase
from cds_service.config import Settings
from cds_service.hooks.request import Call, parse
from cds_service.pipeline import Evaluator
from fhir_fixtures import all_fixtures
from tests import test_cases as case_files
from tests.output import charts

Sample = tuple[Chart, Finding]
Kind = tuple[int, str]
"""Rank of the indicator, variant."""

LABELS = ("When", "Not when", "Then")
SEEDS = range(1200)
INTRODUCTION = """# The cards

<!-- Made by `make docs` from the rules, texts and numbers in `cards`. Do not edit. -->

What each card says, when, with which numbers and on whose authority: content version {version}, {count} cards. The texts are
printed as they come out for a made-up patient; drugs, values and dates change with the record. ● marks the suggestion that is
recommended. Below the line stands what a patient or relative reads who opens the record, without the evidence, the words
explained, the source and the closing line that follow it on every card.

Numbers stand in `cards/thresholds.toml` and in the `card.toml` of their card. Their status:
VERIFIED, seen in the source named; SEED, printed in one of the five
Chinese documents; SECONDARY, restated by a second source; RECALL, clinical convention, to be confirmed by the site; OWN, our
choice. Grades are those of the source, "-" where it gives none. What the words of the rules mean stands
[first](#words-used), which card cites which recommendation [at the end](#recommendations-and-cards).
"""
TERMS: dict[str, object] = {
    "Adult": person.adult,
    "Postmenopausal": person.postmenopausal,
    "T-group": person.t_group,
    "Active pregnancy": person.pregnant,
    "Usable value": Measurement,
    "Problem (entry of the problem list)": Problem,
    "Ordered and done": Service,
    "Lowest T-score": density.lowest_t,
    "Hip T-score": density.hip_t,
    "Bone density measured": density.bmd_since,
    "Loss of bone density": density.bmd_fall,
    "Fragility fracture": fractures.fragility,
    "Osteoporosis": diagnosis.osteoporosis,
    "Criteria of osteoporosis": diagnosis.criteria,
    "Low bone mass": diagnosis.low_bone_mass,
    "High FRAX": risk.frax_high,
    "Fracture risk": risk.risk,
    "Fracture on treatment": risk.fracture_on_treatment,
    "Course of a drug": courses.build,
    "On treatment": treatment.treatments,
    "Follow-on": treatment.antiresorptive_after,
    "Holiday": treatment.holiday_since,
    "Limit of a course": courses.used_up,
    "About to be treated": treatment.about_to_be_treated,
    "Prednisone equivalent": bone_loss.prednisone_equivalent,
    "Long-term glucocorticoid": bone_loss.long_glucocorticoid,
    "Renal estimate": kidney.renal,
    "Calcium": minerals.calcium,
    "25(OH)D": minerals.vitamin_d,
    "Ranking of drugs": options.ranking,
    "Raloxifene beside the ranking": options.additional,
    "Filter of drug options": options.offer,
    "Order or drug that is judged": orders.orders_of,
    "What is proposed in its place": orders.finding_about,
}
"""What the rules mean by a word: the definition's own docstring says it."""

ABOUT_TERMS = """Months and years are calendar ones, the end clamped; "within" is inclusive. What the record does not hold is
unknown, never "no". Where a group of data could not be had, a card that looks at it names it; a card that cannot speak without
it (below, "not run without") is not run, and on orders `incomplete-data` says which check that was. When a chart is opened, a
problem is entered, a stay ends or a drug is refilled, nothing is said of a patient who has died.
"""


def document() -> str:
    """The whole page as Markdown."""
    samples = gather()
    parts = [INTRODUCTION.format(version=VERSION, count=len(all_cards())), _contents(), *_terms()]
    for key, chapter in sections().items():
        parts.append(f"## {chapter.title.en}\n")
        members = sorted((c for c in all_cards().values() if c.section == key), key=lambda c: c.code)
        parts += [_card(each, samples.get(each.code, {})) for each in members]
    return "\n".join([*parts, _coverage()])


# -- samples ----------------------------------------------------------------------------------------------------------


def gather() -> dict[str, dict[Kind, Sample]]:
    """One finding per card, variant and indicator, the plainest first, with the chart that it was found on."""
    found: dict[str, dict[Kind, Sample]] = {}
    for samples in (_of_cases(), _of_fixtures(), _of_random()):
        for seen in samples:
            finding = seen[1]
            found.setdefault(finding.code, {}).setdefault((finding.indicator.rank, finding.variant), seen)
    return found


def _of_cases() -> Iterator[Sample]:
    """What the cases show of the card that each is about."""
    for param in case_files.cases():
        case = param.values[0]
        if case.get("expect", "") == "none":
            continue
        body = case_files.request(case)
        call = parse(json.dumps(body).encode(), body["hook"])
        formulary = frozenset(case["formulary"]) if "formulary" in case else None
        yield from (seen for seen in _asked(call, case["today"], formulary) if seen[1].code == case["card"])


def _of_fixtures() -> Iterator[Sample]:
    for fixture in all_fixtures():
        call = parse(json.dumps(fixture.request()).encode(), fixture.hook)
        yield from _asked(call, fixture.as_of)


def _of_random() -> Iterator[Sample]:
    for seed in SEEDS:
        patient = charts.chart(seed)
        yield from ((patient, finding) for finding in run(patient))


def _asked(call: Call, today: date, formulary: frozenset[str] | None = None) -> Iterator[Sample]:
    chart = _evaluator(formulary).chart(call, today)
    yield from ((chart, finding) for finding in run(chart))


@cache
def _evaluator(formulary: frozenset[str] | None) -> Evaluator:
    return Evaluator(Settings() if formulary is None else Settings(formulary=formulary))


def rule_in_words(card: Card) -> Iterator[str]:
    """The paragraphs of a rule's docstring, with the numbers that it names."""
    for said in card.told():
        label, colon, rest = said.partition(": ")
        yield f"**{label}**: {rest}" if colon and label in LABELS else said


def _terms() -> Iterator[str]:
    yield "## Words used\n"
    yield ABOUT_TERMS
    for term, definition in TERMS.items():
        first, *more = term_in_words(definition)
        yield f"**{term}**: {first}\n"
        yield from (f"{paragraph}\n" for paragraph in more)


def term_in_words(definition: object) -> list[str]:
    """The paragraphs of a shared definition's docstring; those about the code (a parameter, a field, an example) left out."""
    paragraphs = (inspect.getdoc(definition) or "").split("\n\n")
    return [" ".join(shipped().filled(each).split()) for each in paragraphs if not each.startswith(("``", ">>>"))]


# -- one card ---------------------------------------------------------------------------------------------------------


def _contents() -> str:
    lines = ["| section | cards |", "|---|---|"]
    for key, chapter in sections().items():
        codes = sorted(c.code for c in all_cards().values() if c.section == key)
        lines.append(f"| {chapter.title.en} | {' '.join(f'[`{code}`](#{code})' for code in codes)} |")
    return "\n".join(lines) + "\n"


def _card(card: Card, samples: dict[Kind, Sample]) -> str:
    title = card.title
    hooks = ", ".join(hook.value for hook in Hook if hook in card.hooks)
    parts = [
        f"### {card.code}\n",
        f"**{title.en}** · {title.zh}\n",
        f"Hooks: {hooks}.",
        f"Not run without: {', '.join(sorted(card.needs)) or 'nothing is needed'}.\n",
        *(f"{paragraph}\n" for paragraph in rule_in_words(card)),
        *_numbers(card),
        *_citations(card),
    ]
    for kind in sorted(samples):
        parts += _sample(*samples[kind])
    return "\n".join(parts) + "\n"


def _numbers(card: Card) -> Iterator[str]:
    table = shipped().table
    own = [key for key in sorted(table) if table[key].card == card.code]
    if own:
        yield "| number | value | source | status |"
        yield "|---|---|---|---|"
        for key in own:
            each = table[key]
            yield f"| `{key}` | {each.value} {each.unit} | {each.source.replace('|', '/')} | {each.status} |"
        yield ""
    if card.shared:
        yield f"Shared with other cards: {', '.join(f'`{key}`' for key in card.shared)}.\n"


def _citations(card: Card) -> Iterator[str]:
    yield "Rests on:\n"
    for each in cited(card.cites):
        yield f"- {each.id} ({each.grade}): {each.gist}"
    yield ""


def _sample(patient: Chart, finding: Finding) -> Iterator[str]:
    yield f"<details><summary>{finding.indicator.value}{f', {finding.variant}' if finding.variant else ''}</summary>\n"
    for language in LANGUAGES:
        yield _quoted([*_words(patient, finding, language), "", "---", "", *_patient_words(patient, finding, language)])
        yield ""
    yield "</details>\n"


def _words(patient: Chart, finding: Finding, language: str) -> Iterator[str]:
    """Summary, the detail up to its list of sources, and the labels of the suggestions."""
    words = text.render(finding, language, patient)
    yield f"**{words.summary}**"
    yield ""
    yield from words.detail.split(f"**{phrase('heading', 'source', language)}**")[0].strip().splitlines()
    if finding.options:
        yield ""
    for option in finding.options:
        yield f"{'●' if option.recommended else '○'} {text.label(option, language, patient)}  "


def _patient_words(patient: Chart, finding: Finding, language: str) -> Iterator[str]:
    words = text.render(finding, language, patient, for_patient=True)
    yield f"**{words.summary}**"
    yield ""
    yield from own_words(words.detail, language).splitlines()


def own_words(detail: str, language: str) -> str:
    """A card's own sentences to the patient, up to the evidence, the words explained and the source that follow them."""
    ends = [f"**{phrase('patient', key, language)}**" for key in ("record", "words")]
    for end in (*ends, phrase("patient", "source", language, titles="").rstrip(".。")):
        detail = detail.split(end)[0]
    return detail.strip()


def _quoted(lines: Iterable[str]) -> str:
    return "\n".join(f"> {line}".rstrip() if not line.endswith("  ") else f"> {line}" for line in lines)


# -- what covers what -------------------------------------------------------------------------------------------------


def _coverage() -> str:
    lines = ["## Recommendations and cards\n", "| recommendation | grade | what it asks for | cards |", "|---|---|---|---|"]
    for each in RECOMMENDATIONS.values():
        links = " ".join(f"[`{card.code}`](#{card.code})" for card in citing(each.id))
        lines.append(f"| {each.id} | {each.grade} | {each.gist.replace('|', '/')} | {links} |")
    order = ", ".join(f"{each.title.en} ({each.shown})" for each in sorted(sections().values(), key=lambda each: each.shown))
    lines.append(f"\nCritical cards are shown before warnings, these before info; of one urgency in this order: {order}.")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(document())
