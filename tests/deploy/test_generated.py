"""What is generated is what stands in git, and the chart is of the version of the project."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
import yaml

from tests.deploy.chart_files import GENERATED, MANIFESTS
from tests.deploy.rendering import CHART

ROOT = CHART.parents[2]


@pytest.mark.parametrize("path", GENERATED, ids=lambda path: path.name)
def test_what_is_generated_is_as_the_code_has_it(path: Path) -> None:
    assert path.read_text("utf-8") == GENERATED[path](), "run `make readme`"


def test_no_manifest_is_left_of_a_variant_that_is_gone() -> None:
    assert {*MANIFESTS.iterdir()} == {path for path in GENERATED if path.parent == MANIFESTS}


def test_the_chart_is_of_the_projects_version() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text("utf-8"))

    assert (chart["version"], chart["appVersion"]) == (version, version)
