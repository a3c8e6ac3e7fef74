"""In clusters with several faults, an overview has one finding for each cause, the largest impact first."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.cli.rehearsal import REHEARSAL_TIME, stage, staged
from bot.diagnosing import build_engine
from bot.overviews.overview import overview
from bot.playground.kubernetes.scenes import expanded
from intents.overview import Overview

SCENES: list[dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "scenes.yaml").read_text("utf-8"))
KINDS = ("pods", "workloads", "services", "others")
ENGINE, _ = build_engine()


async def overview_of(scene: dict[str, Any], namespace: str = "") -> Overview:
    world = expanded({key: scene[key] for key in ("scene", "faults") if key in scene}, now=REHEARSAL_TIME)
    async with staged(stage(world)) as connection:
        return await overview(namespace, engine=ENGINE, connection=connection, deadline=60)


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: str(scene["name"]))
async def test_each_cause_is_one_finding_and_the_rest_is_its_impact(scene: dict[str, Any]) -> None:
    found = await overview_of(scene)

    told = [f"{one.at_fault} {one.says.en}" for one in found.findings]
    assert len(told) == len(scene["findings"]), told
    for finding, says, expected in zip(found.findings, told, scene["findings"], strict=True):
        assert expected["at"] in says, told
        assert expected.get("says", "") in says, told
        counts = {kind: getattr(finding.impact, kind) for kind in KINDS if kind in expected}
        assert counts == {kind: expected[kind] for kind in counts}, says
        assert sum(finding.caused.counts) == expected.get("caused", sum(finding.caused.counts)), says
    assert found.gaps == ()


@pytest.mark.parametrize("scene", SCENES[:1], ids=lambda scene: str(scene["name"]))
async def test_without_its_faults_nothing_is_found(scene: dict[str, Any]) -> None:
    found = await overview_of({"scene": scene["scene"] | {"ConfigMap/till/app-config": {"data": {"a": "b"}}}})

    assert found.findings == ()
