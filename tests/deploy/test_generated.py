"""Check that the generated files in git are current, and that the chart has the project's version."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
import yaml

from tests.deploy.chart_files import GENERATED, MANIFESTS
from tests.deploy.rendering import CHART

ROOT = CHART.parents[2]


@pytest.mark.parametrize("path", GENERATED, ids=lambda path: path.name)
def test_generated_files_are_up_to_date(path: Path) -> None:
    assert path.read_text("utf-8") == GENERATED[path](), "run `make readme`"


def test_every_manifest_belongs_to_a_variant() -> None:
    assert {*MANIFESTS.iterdir()} == {path for path in GENERATED if path.parent == MANIFESTS}


def test_the_chart_has_the_projects_version() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text("utf-8"))

    assert (chart["version"], chart["appVersion"]) == (version, version)
