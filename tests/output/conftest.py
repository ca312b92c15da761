"""A card with a text of its own, so that these tests do not hang on the wording of a real one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest
from msgspec.structs import replace

from cards.chart import Chart, Patient
from cards.engine.catalog import all_cards
from cards.engine.findings import Finding
from cards.vocabulary import Name
from cards.words import templates

EN = """
{% block summary %}{{ drug }} at {{ estimate | num }} for {{ name }}{% endblock %}
{% block do %}{% if variant == "stop" %}Stop.{% endif %}{% endblock %}
{% block because %}Because of {{ name }}.{% endblock %}
{% block short %}eGFR {{ estimate | num }}{% endblock %}
{% block condition %}after eGFR {{ estimate | num }} is checked{% endblock %}
{% block patient_summary %}About {{ drug }} and your kidneys, for {{ name }}{% endblock %}
{% block patient_why %}Your kidneys are weak.{% endblock %}
{% block patient_do %}{% if variant == "stop" %}- Call the clinic {{ indicator | phrase("soon") }}.{% endif %}{% endblock %}
"""
ZH = """
{% block summary %}{{ drug }}（{{ estimate | num }}）{{ name }}{% endblock %}
{% block do %}{% if variant == "stop" %}停药。{% endif %}{% endblock %}
{% block because %}因为{{ name }}。{% endblock %}
{% block short %}eGFR {{ estimate | num }}{% endblock %}
{% block condition %}先复查eGFR {{ estimate | num }}{% endblock %}
{% block patient_summary %}{{ drug }}与您的肾脏，{{ name }}{% endblock %}
{% block patient_why %}您的肾功能较差。{% endblock %}
{% block patient_do %}{% if variant == "stop" %}- 请{{ indicator | phrase("soon") }}就诊。{% endif %}{% endblock %}
"""


def _silent(*_: object) -> Iterator[Finding]:
    """Never fires."""
    yield from ()


@pytest.fixture
def today() -> date:
    return date(2026, 6, 15)


@pytest.fixture
def chart(today: date) -> Chart:
    return Chart(today=today, patient=Patient("female", date(1950, 1, 1)))


@pytest.fixture
def made_up(monkeypatch: pytest.MonkeyPatch) -> str:
    """The code of a section F card that is registered for one test."""
    code = "made-up"
    like = all_cards()["bisphosphonate-renal"]
    cites = ("EXT-04", "OVCF2021-T9", "ELD2023-07d")
    card = replace(like, code=code, title=Name("Made up", "虚构"), cites=cites, rule=_silent)
    monkeypatch.setitem(all_cards(), code, card)
    texts = {(language, code): templates.environment(language).from_string(t) for language, t in (("en", EN), ("zh", ZH))}
    monkeypatch.setattr(templates, "load", lambda: texts)
    return code
