"""A card with a text of its own, so that these tests do not hang on the wording of a real one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest

import cards.catalog  # noqa: F401  registers the rules
from cards import templates
from cards.chart import Chart, Patient
from cards.rule import REGISTRY, Card, Finding

EN = """
{% block summary %}{{ drug }} at {{ estimate | num }} for {{ name }}{% endblock %}
{% block why %}Because of {{ name }}.{% endblock %}
{% block recommended %}{% if variant == "stop" %}Stop.{% endif %}{% endblock %}
{% block short %}eGFR {{ estimate | num }}{% endblock %}
{% block condition %}after eGFR {{ estimate | num }} is checked{% endblock %}
{% block patient_summary %}About {{ drug }} and your kidneys, for {{ name }}{% endblock %}
{% block patient_why %}Your kidneys are weak.{% endblock %}
{% block patient_do %}{% if variant == "stop" %}- Call the clinic {{ indicator | phrase("soon") }}.{% endif %}{% endblock %}
"""
ZH = """
{% block summary %}{{ drug }}（{{ estimate | num }}）{{ name }}{% endblock %}
{% block why %}因为{{ name }}。{% endblock %}
{% block recommended %}{% if variant == "stop" %}停药。{% endif %}{% endblock %}
{% block short %}eGFR {{ estimate | num }}{% endblock %}
{% block condition %}先复查eGFR {{ estimate | num }}{% endblock %}
{% block patient_summary %}{{ drug }}与您的肾脏，{{ name }}{% endblock %}
{% block patient_why %}您的肾功能较差。{% endblock %}
{% block patient_do %}{% if variant == "stop" %}- 请{{ indicator | phrase("soon") }}就诊。{% endif %}{% endblock %}
"""


def _silent(_: Chart) -> Iterator[Finding]:
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
    nothing: frozenset[object] = frozenset()
    card = Card(code, "F", nothing, ("EXT-04", "OVCF2021-T9", "ELD2023-07d"), nothing, nothing, nothing, _silent, "")  # type: ignore[arg-type]
    monkeypatch.setitem(REGISTRY, code, card)
    texts = {(language, code): templates.environment(language).from_string(t) for language, t in (("en", EN), ("zh", ZH))}
    monkeypatch.setattr(templates, "load", lambda: texts)
    monkeypatch.setitem(templates.phrases.PHRASES["card"], code, templates.phrases.Name("Made up", "虚构"))
    return code
