"""No link of the documents behind the catalog is lost: people who know the trouble collected them."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from intents.catalog.loader import builtin_directory
from tests.catalog.conftest import CATALOG

SEEDS = yaml.safe_load(Path(__file__).with_name("seed_links.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("link", [link for links in SEEDS["links"].values() for link in links])
def test_a_link_of_the_seeds_is_in_the_catalog(link: str) -> None:
    shown = {one.url for incident in CATALOG for one in incident.links}
    commands = {step.run for incident in CATALOG for step in incident.runbook}

    assert link in shown or any(link in command for command in commands)


def test_what_is_left_out_is_told_with_a_reason_and_is_nowhere() -> None:
    texts = [path.read_text(encoding="utf-8") for path in sorted(builtin_directory().rglob("*.yaml"))]

    assert SEEDS["excluded"]
    for link, reason in SEEDS["excluded"].items():
        assert reason
        assert not any(f"url: {link}" in text or f'url: "{link}"' in text for text in texts)
