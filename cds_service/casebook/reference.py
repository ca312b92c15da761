"""The card reference: everything that a clinician must be able to check, generated from the cards themselves (``make docs``).

For each card: when it fires (the rule's own words), the numbers it uses, the recommendations it rests on, and its samples.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator

from cards.chart import Hook, Measurement, Problem, Service
from cards.definitions import (
    courses,
    denosumab,
    density,
    diagnosis,
    fractures,
    glucocorticoid,
    glucocorticoid_bands,
    holiday,
    hormone_blockers,
    kidney,
    minerals,
    person,
    risk,
    treatment,
)
from cards.engine import options, orders
from cards.engine.card import Card
from cards.engine.catalog import all_cards, citing, sections
from cards.engine.sources import RECOMMENDATIONS, VERSION, cited
from cards.thresholds import shipped
from cds_service.casebook.samples import page

LABELS = ("When", "Not when", "Then")
INTRODUCTION = """# The cards

<!-- Made by `make docs` from the rules, texts and numbers in `cards`. -->

What each card says, when it appears, its numbers and its sources: content version {version}, {count} cards. The texts are
printed as rendered for an invented patient; drugs, values and dates change with the record. ● marks the suggestion that is
recommended. Below that is what a patient or relative who opens the record reads.

Status of a number: VERIFIED, seen in the source named; SEED, printed in one of the five Chinese documents; SECONDARY, restated
by a second source; RECALL, clinical convention, to be confirmed by the site; OWN, our choice. Grades are those of the source,
"-" if it gives none. The terms used in the rules are defined [first](#words-used); which card cites which recommendation is
listed [at the end](#recommendations-and-cards).
"""
TERMS: dict[str, object] = {
    "Adult": person.adult,
    "Postmenopausal": person.postmenopausal,
    "T-group": person.t_group,
    "Active pregnancy": person.pregnant,
    "Usable value": Measurement,
    "Problem (problem-list entry)": Problem,
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
    "Follow-on after denosumab": denosumab.follow_on,
    "Duration of denosumab": denosumab.duration,
    "Rebound fracture": denosumab.rebound,
    "State of denosumab": denosumab.state,
    "Holiday": holiday.holiday_since,
    "Limit of a course": courses.used_up,
    "About to be treated": treatment.about_to_be_treated,
    "Prednisone equivalent": glucocorticoid.prednisone_equivalent,
    "Glucocorticoid that is taken": glucocorticoid.taken,
    "Glucocorticoid that is ordered": glucocorticoid.ordered,
    "Long-term glucocorticoid": glucocorticoid.long_glucocorticoid,
    "Band of risk on a glucocorticoid": glucocorticoid_bands.band,
    "Glucocorticoid under 40": glucocorticoid_bands.young,
    "Aromatase inhibitor and androgen deprivation": hormone_blockers.judged,
    "Renal estimate": kidney.renal,
    "Calcium": minerals.calcium,
    "25(OH)D": minerals.vitamin_d,
    "Ranking of drugs": options.ranking,
    "Raloxifene in addition to the ranking": options.additional,
    "Filter of drug options": options.offer,
    "Order or drug that is judged": orders.orders_of,
    "What is proposed instead": orders.finding_about,
}
"""The terms used in the rules, explained by the docstrings of the definitions."""

ABOUT_TERMS = """Months and years are calendar months and years, clamped to the month's end; "within" is inclusive. What the
record does not contain is unknown, never "no". If a group of data could not be retrieved, a card that uses it says so; a card
that cannot do without it (below, "not run without") is not run, and on orders `incomplete-data` says which check that was. When
a chart is opened, a problem is entered, a patient is discharged or a drug is refilled, no card is shown for a patient who has
died.
"""


def document() -> str:
    """The whole reference as Markdown."""
    parts = [INTRODUCTION.format(version=VERSION, count=len(all_cards())), _contents(), *_terms()]
    for key, chapter in sections().items():
        parts.append(f"## {chapter.title.en}\n")
        parts += [_card(card) for code, card in sorted(all_cards().items()) if card.section == key]
    return "\n".join([*parts, _coverage()])


def rule_in_words(card: Card) -> Iterator[str]:
    """The paragraphs of a rule's docstring, with the numbers that it names."""
    for said in card.told():
        label, colon, rest = said.partition(": ")
        yield f"**{label}**: {rest}" if colon and label in LABELS else said


def term_in_words(definition: object) -> list[str]:
    """The paragraphs of a shared definition's docstring; those about the code (a parameter, a field, an example) left out."""
    paragraphs = (inspect.getdoc(definition) or "").split("\n\n")
    return [" ".join(shipped().filled(each).split()) for each in paragraphs if not each.startswith(("``", ">>>"))]


def _terms() -> Iterator[str]:
    yield "## Words used\n"
    yield ABOUT_TERMS
    for term, definition in TERMS.items():
        first, *more = term_in_words(definition)
        yield f"**{term}**: {first}\n"
        yield from (f"{paragraph}\n" for paragraph in more)


def _contents() -> str:
    lines = ["| section | cards |", "|---|---|"]
    for key, chapter in sections().items():
        codes = sorted(card.code for card in all_cards().values() if card.section == key)
        lines.append(f"| {chapter.title.en} | {' '.join(f'[`{code}`](#{code})' for code in codes)} |")
    return "\n".join(lines) + "\n"


def _card(card: Card) -> str:
    hooks = ", ".join(hook.value for hook in Hook if hook in card.hooks)
    parts = [
        f"### {card.code}\n",
        f"**{card.title.en}** · {card.title.zh}\n",
        f"Hooks: {hooks}.",
        f"Not run without: {', '.join(sorted(card.needs)) or 'nothing is needed'}.\n",
        *(f"{paragraph}\n" for paragraph in rule_in_words(card)),
        *_numbers(card),
        "Rests on:\n",
        *(f"- {each.id} ({each.grade}): {each.gist}" for each in cited(card.cites)),
        "",
        page(card).split("\n\n", 2)[2].replace("\n### ", "\n##### ").replace("## ", "#### ", 1).replace("\n## ", "\n#### "),
    ]
    return "\n".join(parts)


def _numbers(card: Card) -> Iterator[str]:
    table = shipped().table
    rows = [key for key in table if table[key].card == card.code] + list(card.shared)
    if rows:
        yield "| number | value | source | status |"
        yield "|---|---|---|---|"
    for key in rows:
        each = table[key]
        yield f"| {each.name.en} (`{key}`) | {each.value} {each.unit} | {each.source.replace('|', '/')} | {each.status} |"
    if rows:
        yield ""


def _coverage() -> str:
    lines = ["## Recommendations and cards\n", "| recommendation | grade | what it asks for | cards |", "|---|---|---|---|"]
    for each in RECOMMENDATIONS.values():
        links = " ".join(f"[`{card.code}`](#{card.code})" for card in citing(each.id))
        lines.append(f"| {each.id} | {each.grade} | {each.gist.replace('|', '/')} | {links} |")
    order = ", ".join(f"{each.title.en} ({each.shown})" for each in sorted(sections().values(), key=lambda each: each.shown))
    lines.append(f"\nCritical cards come before warnings, warnings before info; cards of equal urgency in this order: {order}.")
    return "\n".join(lines) + "\n"
