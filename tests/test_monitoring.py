"""Dashboard and alerts ask for metrics that there are, with labels that these have; and limits that pages promise hold."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from prometheus_client.metrics import MetricWrapperBase

from cds_service import metrics

MONITORING = Path(__file__).parents[1] / "deploy/monitoring"
NAME = re.compile(r"\bcds_[a-z_]+")
BY = re.compile(r"by \(([^)]*)\)")
SUFFIX = re.compile(r"_(?:total|bucket|sum|count)$")


def known() -> dict[str, set[str]]:
    """The names of our metrics, and their labels."""
    found = (each for each in vars(metrics).values() if isinstance(each, MetricWrapperBase))
    return {each._name: set(each._labelnames) | {"le"} for each in found}


def expressions() -> Iterator[tuple[str, str]]:
    for panel in json.loads((MONITORING / "dashboard.json").read_text())["panels"]:
        for target in panel["targets"]:
            yield panel["title"], target["expr"]
    for group in yaml.safe_load((MONITORING / "alerts.yaml").read_text())["groups"]:
        for rule in group["rules"]:
            yield rule["alert"], rule["expr"]


@pytest.mark.parametrize(("where", "expression"), list(expressions()))
def test_what_is_asked_for_is_measured(where: str, expression: str) -> None:
    names = {SUFFIX.sub("", name) for name in NAME.findall(expression)}
    assert names
    assert names <= known().keys()
    told = set().union(*(known()[name] for name in names))
    wanted = {label.strip() for some in BY.findall(expression) for label in some.split(",")}
    assert wanted <= told, where
    assert expression.count("(") == expression.count(")")


def test_every_metric_is_on_the_dashboard() -> None:
    page = (MONITORING / "dashboard.json").read_text()
    assert {SUFFIX.sub("", name) for name in NAME.findall(page)} == known().keys()


def test_an_alert_says_how_bad_it_is_and_what_to_do() -> None:
    for group in yaml.safe_load((MONITORING / "alerts.yaml").read_text())["groups"]:
        for rule in group["rules"]:
            assert rule["labels"]["severity"] in ("critical", "warning")
            assert rule["annotations"].keys() == {"summary", "description"}
