"""An overview of a cluster that misbehaves is answered in time, with what is known and the gaps named."""

from __future__ import annotations

import time
from typing import Any

from bot.cli.rehearsal import REHEARSAL_TIME, stage, staged
from bot.overviews.overview import overview
from bot.playground.kubernetes import SimulatedCluster
from bot.playground.kubernetes.scenes import expanded
from intents.overview import Overview
from tests.overviews.test_scenes import ENGINE

BROKEN: dict[str, Any] = {
    "scene": {"Deployment/shed/tool": {"containers": {"app": "app:2"}, "pods": ["tool-7d9f8b6c54-ddddd"]}},
    "faults": {"Pod/shed/tool-7d9f8b6c54-ddddd": {"exited": 3, "restarts": 8, "waiting": "CrashLoopBackOff"}},
}


def definition(number: int = 0, **fields: Any) -> dict[str, Any]:
    plural = f"widgets{number}" if number else "widgets"
    return {
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.example.io"},
        "spec": {
            "group": "example.io",
            "scope": "Namespaced",
            "names": {"plural": plural, "kind": plural.capitalize()},
            "versions": [{"name": "v1", "served": True, "storage": True}],
        },
        **fields,
    }


def widget(**fields: Any) -> dict[str, Any]:
    return {
        "apiVersion": "example.io/v1",
        "kind": "Widgets",
        "metadata": {"name": "left", "namespace": "shed", "creationTimestamp": "2026-03-01T00:00:00Z"},
        **fields,
    }


def cluster_with(*objects: dict[str, Any], world: dict[str, Any] | None = None) -> SimulatedCluster:
    cluster = stage(expanded(BROKEN if world is None else world, now=REHEARSAL_TIME))
    cluster.load({"objects": list(objects)})
    return cluster


async def found_in(cluster: SimulatedCluster, *, deadline: float = 60) -> Overview:
    async with staged(cluster) as connection:
        return await overview("", engine=ENGINE, connection=connection, deadline=deadline)


def says(found: Overview) -> list[str]:
    return [f"{one.at_fault} {one.says.en}" for one in found.findings]


async def test_api_that_hangs_is_a_gap_and_the_rest_is_told_in_time() -> None:
    cluster = cluster_with(definition(), widget())
    cluster.fail(path_prefix="/apis/example.io/v1/widgets", hang=True, times=100)

    began = time.monotonic()
    found = await found_in(cluster, deadline=6)

    assert time.monotonic() - began < 12
    assert any("tool" in each for each in says(found)), says(found)
    assert any("widgets" in gap.what for gap in found.gaps), found.gaps


async def test_hundreds_of_custom_kinds_cost_one_list_each() -> None:
    kinds = [definition(number) for number in range(1, 301)]
    without, many = await found_in(cluster_with()), await found_in(cluster_with(*kinds))

    assert says(many) == says(without)
    assert many.gaps == ()
    assert many.api_calls - without.api_calls <= len(kinds) + 5


async def test_list_that_expires_on_its_last_page_begins_again() -> None:
    world = {"scene": {"Deployment/load/web": {"replicas": 520, "containers": {"app": "web:1"}}} | BROKEN["scene"]}
    cluster = cluster_with(world=world | {"faults": BROKEN["faults"]})
    expired: list[Any] = []

    def expire(sent: Any) -> None:
        if sent.path == "/api/v1/pods" and "continue" in sent.query and not expired:
            expired.append(sent)
            cluster.fail(path_prefix="/api/v1/pods", status=410)

    cluster.meanwhile = expire
    found = await found_in(cluster)

    assert expired
    assert found.gaps == ()
    assert len(found.findings) == 1
    assert 520 < found.looked_at["pods"] < 600


async def test_objects_without_status_and_unknown_conditions_are_not_called_bad() -> None:
    condition = {"type": "Frobbed", "status": "False", "lastTransitionTime": "2026-03-01T00:00:00Z"}
    bare = widget(metadata={"name": "bare", "namespace": "shed"})
    found = await found_in(
        cluster_with(definition(), widget(status={"conditions": [condition]}), bare, world={"scene": {}})
    )

    assert says(found) == []
    assert found.gaps == ()


async def test_cluster_that_answers_nothing_ends_in_an_error_or_gaps_in_time() -> None:
    cluster = cluster_with()
    cluster.fail(path_prefix="/api/v1/pods", hang=True, times=100)

    began = time.monotonic()
    found = await found_in(cluster, deadline=4)

    assert time.monotonic() - began < 10
    assert any("pods" in gap.what for gap in found.gaps), found.gaps


async def test_a_clock_that_differs_changes_no_cause() -> None:
    # The cluster's clock is that of the rehearsal, months behind this machine's.
    found = await found_in(cluster_with(world=BROKEN))

    assert [(one.incident, str(one.verdict)) for one in found.findings] == [("container-crash-looping", "confirmed")]
