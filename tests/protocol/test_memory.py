"""The largest body that is accepted fits into the container that the manifests give, for two workers at once."""

from __future__ import annotations

from pathlib import Path

import yaml

from tests.attack.largest import ROOT, grown, largest, limit

PRODUCTION = yaml.safe_load((ROOT / "docker-compose.production.yml").read_text())


def test_two_of_the_dearest_bodies_fit_into_a_container(tmp_path: Path) -> None:
    peak = grown(tmp_path / "components", "components", largest()["components"])
    assert peak.status == 413
    assert peak.container < limit() / 2, "a million values are decoded, and nothing is made of them before they are refused"


def test_both_manifests_give_as_much_for_as_many_workers() -> None:
    cds = PRODUCTION["services"]["cds"]
    assert cds["deploy"]["resources"]["limits"]["memory"] == f"{limit() // 1024}G"
    assert cds["environment"]["WEB_CONCURRENCY"] == "2"
    kustomization = yaml.safe_load((ROOT / "deploy/kubernetes/kustomization.yaml").read_text())
    assert "WEB_CONCURRENCY=2" in kustomization["configMapGenerator"][0]["literals"]
