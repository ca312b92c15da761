"""A finding put into words, in English and Chinese, for the clinician or for the patient. The texts are loaded by
``cards.words.templates``."""

from __future__ import annotations

import re

from cards.chart import Chart
from cards.definitions import goals
from cards.engine.catalog import all_cards
from cards.engine.findings import Finding
from cards.words import phrases
from cards.words.detail import cites_of, lapse, not_offered, reasons, replaced, see_also, source_line, to_check
from cards.words.parts import Text, bullets, section, speechless
from cards.words.patient import told_to_patient
from cards.words.phrases import phrase
from cards.words.summary import forbidden_by, objections_to, summary_of
from cards.words.templates import blocks

_FIRST = re.compile(r"(?:(?<=[^A-Z]\.)|(?<=[A-Z]{2}\.)|(?<= D\.))\s+(?=[A-Z0-9])|(?<=。)")
"""Where a sentence ends."""


def render(finding: Finding, language: str, chart: Chart, *, for_patient: bool = False) -> Text:
    """The finding in words. ``language`` is "en" or "zh"; ``chart`` is the one that the rules were run on. ``for_patient``: in
    plain words, for a patient or relative.

    KeyError for a card without a text, ContentError if the text uses a value that the finding lacks, ValueError if it has no
    words for the variant.
    """
    if for_patient:
        return told_to_patient(finding, language, chart)
    write = blocks(finding, language, chart)
    objections = objections_to(finding, language, chart)
    forbidden = forbidden_by(finding, objections, language)
    summary = summary_of(forbidden or write("summary"), finding, language, chart)
    withheld = _withheld(finding, language)
    parts = {
        "do": [
            withheld or write("do"),
            *lapse(finding, language, chart),
            *replaced(finding, language, chart),
            *see_also(finding, language),
        ],
        "because": ["" if forbidden else write("because"), bullets(reasons(finding, objections, language))],
        "check": ["" if withheld else write("check"), bullets(to_check(finding, language, chart))],
        "not-offered": [bullets(not_offered(each, language, chart) for each in finding.dropped)],
    }
    if not summary or not any(parts["do"]) or not any(parts["because"]):
        raise speechless(finding, language)
    sections = [
        section(phrase("heading", heading, language), paragraphs) for heading, paragraphs in parts.items() if any(paragraphs)
    ]
    return Text(summary, "\n\n".join([*sections, source_line(cites_of(finding), language)]))


def step(finding: Finding, language: str, chart: Chart) -> str:
    """The first sentence of what to do, as plain text; "" for a card that only stands for others."""
    do = _withheld(finding, language) or blocks(finding, language, chart)("do")
    line = phrases.plain(do.strip().partition("\n")[0]).replace("**", "").removeprefix("- ")
    return _FIRST.split(line, maxsplit=1)[0]


def _withheld(finding: Finding, language: str) -> str:
    """What to do first if advice would have named drugs but data it rests on could not be retrieved or read. What a check says
    of an order stands."""
    if not finding.withheld or (finding.about is not None and all_cards()[finding.code].checks_orders):
        return ""
    groups = phrases.listed([phrase("unread", group, language) for group in finding.doubt], language)
    of_goals = {*finding.doubt} <= {*goals.GROUPS}
    return phrase("line", "withheld-goals" if of_goals else "withheld", language, groups=groups)
