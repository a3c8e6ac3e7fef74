"""Casebook finds nothing wrong with healthy objects, however odd they look."""

from __future__ import annotations

from typing import Final

import pytest

from bot.cli.rehearsal import stage, staged
from bot.diagnosing import Engine, diagnose
from intents.domain import Diagnosis, Verdict
from intents.request import DiagnoseObject
from tests.diagnosing.healthy_cluster import HealthyObject, healthy_cluster, healthy_objects

OBJECTS: Final = healthy_objects()
SUPPORTED: Final = (Verdict.CONFIRMED, Verdict.LIKELY)


def findings(diagnosis: Diagnosis) -> list[str]:
    """Return the supported causes and the unexplained trouble, one line each."""
    causes = [f"{one.verdict}: {one.incident}" for one in diagnosis.hypotheses if one.verdict in SUPPORTED]
    return causes + [f"unexplained: {one.quote}" for one in diagnosis.unexplained]


@pytest.mark.parametrize("healthy", OBJECTS, ids=[one.name for one in OBJECTS])
async def test_nothing_is_found_on_a_healthy_object(engine: Engine, healthy: HealthyObject) -> None:
    request = DiagnoseObject(kind=healthy.kind, namespace=healthy.namespace, name=healthy.object)

    async with staged(stage(healthy.world)) as connection:
        diagnosis = await diagnose(request, engine=engine, connection=connection)

    assert findings(diagnosis) == []
    # Every read succeeded, so nothing was overlooked.
    assert [gap for gap in diagnosis.gaps if not gap.quiet] == []


async def test_the_same_check_finds_a_broken_object(engine: Engine) -> None:
    broken = {
        "scene": {"Pod/shop/broken": {"containers": {"app": "app:1"}}},
        "faults": {"Pod/shop/broken": {"exited": 1, "restarts": 9, "waiting": "CrashLoopBackOff"}},
    }
    async with staged(stage(broken)) as connection:
        request = DiagnoseObject(kind="Pod", namespace="shop", name="broken")
        diagnosis = await diagnose(request, engine=engine, connection=connection)

    assert findings(diagnosis)


def test_cluster_of_copies_asks_about_every_healthy_object() -> None:
    cluster = healthy_cluster(nodes=3, copies=2, fillers=1)

    asked = {(kind, name) for kind, _, name in cluster.asks}
    assert {(one.kind, one.object) for one in OBJECTS} <= asked
    stage(cluster.world)
