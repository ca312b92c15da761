"""What is in deploy fits the service: names, times, users. ``make lint`` and ``make cluster-test`` check the rest."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from cds_service.config import Settings
from cds_service.hooks.auth import PROXY_ID
from cds_service.store.queries import AGAIN

ROOT = Path(__file__).parents[1]
KUBERNETES = ROOT / "deploy/kubernetes"
NGINX = (ROOT / "deploy/nginx/service.conf").read_text(encoding="utf-8")


def manifest(name: str) -> Any:
    return yaml.safe_load((KUBERNETES / f"{name}.yaml").read_text(encoding="utf-8"))


def pod(name: str) -> Any:
    return manifest(name)["spec"]["template"]["spec"]


def test_the_proxy_sets_the_id_that_the_service_looks_for_and_tries_again_while_it_counts() -> None:
    assert f"proxy_set_header {PROXY_ID} $request_id;" in NGINX
    seconds = re.search(r"proxy_next_upstream_timeout (\d+)s;", NGINX)
    assert seconds
    assert int(seconds[1]) < AGAIN.total_seconds()
    assert "proxy_next_upstream_tries 2;" in NGINX, "a token that was taken is good for one more try"


def test_every_manifest_is_applied_but_the_example_of_the_secret() -> None:
    files = {path.name for path in KUBERNETES.glob("*.yaml")}
    assert files - set(manifest("kustomization")["resources"]) == {"kustomization.yaml", "secret.example.yaml"}


def test_the_variables_of_the_pods_are_those_that_production_needs_and_knows() -> None:
    generated = manifest("kustomization")["configMapGenerator"][0]["literals"]
    told = {line.partition("=")[0] for line in generated} | set(manifest("secret.example")["stringData"])
    assert told <= {str(field.validation_alias) for field in Settings.model_fields.values()}
    assert {"CDS_PROFILE", "CDS_PUBLIC_URL", "CDS_CLIENTS", "CDS_HASH_KEY", "CDS_DATABASE_URL"} <= told


@pytest.mark.parametrize("name", ["deployment", "migrate"])
def test_pods_run_without_privileges_on_a_root_that_is_read_only_and_within_limits(name: str) -> None:
    context = pod(name)["securityContext"]
    assert context["runAsNonRoot"] is True
    assert f"\nUSER {context['runAsUser']}:{context['runAsGroup']}\n" in (ROOT / "Dockerfile").read_text()
    (container,) = pod(name)["containers"]
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert set(container["resources"]["limits"]) == {"cpu", "memory"}
    assert pod(name)["enableServiceLinks"] is False, "a Service called like a setting would set it"


def test_there_are_always_two_pods_and_an_update_takes_none_away() -> None:
    assert manifest("autoscaler")["spec"]["minReplicas"] >= 2
    assert manifest("disruption-budget")["spec"]["maxUnavailable"] == 1
    assert manifest("deployment")["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"] == 0


def test_a_pod_is_given_the_time_that_it_needs_to_end() -> None:
    (container,) = pod("deployment")["containers"]
    waits = int(container["lifecycle"]["preStop"]["exec"]["command"][1])
    assert pod("deployment")["terminationGracePeriodSeconds"] > waits + Settings().fhir_timeout + 10


def test_one_selector_is_meant_by_all() -> None:
    wanted = manifest("deployment")["spec"]["selector"]["matchLabels"]
    assert manifest("deployment")["spec"]["template"]["metadata"]["labels"] == wanted
    assert manifest("service")["spec"]["selector"] == wanted
    assert manifest("disruption-budget")["spec"]["selector"]["matchLabels"] == wanted
    assert pod("deployment")["topologySpreadConstraints"][0]["labelSelector"]["matchLabels"] == wanted
    assert manifest("autoscaler")["spec"]["scaleTargetRef"]["name"] == manifest("deployment")["metadata"]["name"]
