"""Validate every manifest against the schemas of Kubernetes, from the chart's oldest version on.

Validation is strict: an unknown field is an error, as with `kubectl apply --validate=strict`.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import pytest
import yaml
from kubernetes_validate import ValidationError, validate

from tests.deploy.rendering import CHART, VARIANTS, Manifest, kind, parsed, rendered

DEPLOY = CHART.parents[1]
VERSIONS = ("1.27", "1.30", "1.33", "1.37")
# Not a kind of Kubernetes itself; see test_manifests.py.
CUSTOM = {"PrometheusRule", "ServiceMonitor"}


@cache
def every() -> tuple[Manifest, ...]:
    """Return the manifests of all variants and files, each once."""
    files: list[Path] = [*(DEPLOY / "manifests").glob("*.yaml"), *(DEPLOY / "rbac").glob("*.yaml")]
    manifests = [each for variant in VARIANTS.values() for each in rendered(variant)]
    manifests += [each for file in files for each in parsed(file.read_text("utf-8"))]
    return tuple({json.dumps(each): each for each in manifests if each["kind"] not in CUSTOM}.values())


@pytest.mark.parametrize("version", VERSIONS)
def test_every_manifest_is_valid(version: str) -> None:
    for manifest in every():
        # The validator silently falls back to an older version whose schemas it has, which would prove less.
        assert validate(manifest, version, strict=True) == version


def test_the_chart_requires_the_oldest_version_it_was_validated_against() -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text("utf-8"))

    assert chart["kubeVersion"] == f">={VERSIONS[0]}.0-0"


def test_the_validator_detects_an_unknown_field() -> None:
    workload = json.loads(json.dumps(kind(rendered({}), "StatefulSet")))
    workload["spec"]["template"]["spec"]["enableServiceLink"] = False

    with pytest.raises(ValidationError):
        validate(workload, VERSIONS[-1], strict=True)
