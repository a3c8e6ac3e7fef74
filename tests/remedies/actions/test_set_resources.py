"""Other requests and limits for a container: in numbers, over all pods, and only what was given."""

from __future__ import annotations

from typing import Any

import pytest

from tests.end_to_end.every_action.scenario import Scenario, one_patch
from tests.remedies import every_kind
from tests.remedies.container_scene import ASKING, SIDECAR, containers, done, refused, told
from tests.remedies.scene import HEALED, Enter
from tests.remedies.trial import trials
from tests.remedies.workload_worlds import (
    WEB,
    World,
    app,
    template,
    web,
)


async def test_a_request_is_lowered_in_numbers_and_what_was_left_empty_stays(enter: Enter) -> None:
    async with enter(HEALED, web(template(app(resources=ASKING)))) as scene:
        preview, applied = await done(scene, "set-resources", requests={"cpu": "250m", "memory": ""})

        assert containers(scene)[0]["resources"] == {
            "requests": {"cpu": "250m", "memory": "1Gi"},
            "limits": {"memory": "2Gi"},
        }
        assert "-            cpu: 500m" in preview.diff
        assert "+            cpu: 250m" in preview.diff
        assert "Container app: cpu request 500m → 250m" in told(preview)
        assert "In total, 2 pods request 500m cpu less" in told(preview)
        assert applied.undo[0].changes[0].after == "500m"


async def test_requests_and_limits_of_what_had_none_are_added(enter: Enter) -> None:
    async with enter(HEALED, web()) as scene:
        preview, _ = await done(scene, "set-resources", requests={"memory": "512Mi"}, limits={"memory": "1Gi"})

        assert containers(scene)[0]["resources"] == {"requests": {"memory": "512Mi"}, "limits": {"memory": "1Gi"}}
        assert "memory request none → 512Mi; memory limit none → 1Gi" in told(preview)
        assert "In total, 2 pods request 1Gi memory more" in told(preview)
        assert "more than 1Gi of memory is killed" in told(preview)


async def test_what_asks_for_nothing_asks_for_its_limit(enter: Enter) -> None:
    async with enter(HEALED, web()) as scene:

        def limited(one: World) -> None:
            one["spec"]["template"]["spec"]["containers"][0]["resources"] = {"limits": {"cpu": "1"}}

        scene.change("Deployment", "till", "web", limited)
        preview = await scene.preview(await scene.made("set-resources", WEB, requests={"cpu": "400m"}))

        assert "cpu request none (so its limit, 1) → 400m" in told(preview)
        assert "In total, 2 pods request 1.2 cpu less" in told(preview)


@pytest.mark.parametrize(
    ("args", "says"),
    [
        ({}, "no request and no limit was given"),
        ({"requests": {"cpu": "", "memory": None}}, "no request and no limit was given"),
        ({"requests": {"cpu": "half"}}, "cpu request: 'half' is not a quantity"),
        ({"requests": {"cpu": True}}, "is not a quantity"),
        ({"requests": {"cpu": "-1"}}, "too low"),
        ({"limits": {"memory": "0"}}, "too low"),
        ({"requests": {"memory": "512m"}}, "did you mean 512Mi?"),
        ({"requests": {"memory": 512}}, "memory request: 512 is 512 bytes; did you mean 512Mi?"),
        ({"requests": {"memry": "1Gi"}}, "memry is not a container resource; did you mean memory?"),
        ({"requests": "1Gi"}, "must map resources to quantities"),
        ({"requests": {"memory": "3Gi"}}, "more memory (3Gi) than its limit (2Gi): set both"),
        ({"limits": {"memory": "512Mi"}}, "more memory (1Gi) than its limit (512Mi): set both"),
        ({"requests": {"cpu": "0.5", "memory": "1024Mi"}}, "already"),
    ],
)
async def test_resources_that_cannot_be_meant_are_refused(enter: Enter, args: dict[str, Any], says: str) -> None:
    async with enter(HEALED, web(template(app(resources=ASKING)))) as scene:
        assert says in await refused(scene, "set-resources", **args)


async def test_of_several_containers_one_must_be_named(enter: Enter) -> None:
    async with enter(HEALED, web(template(app(resources=ASKING), SIDECAR))) as scene:
        assert "name one" in await refused(scene, "set-resources", requests={"cpu": "1"})


async def test_an_autoscaler_by_percent_of_the_request_is_named(enter: Enter) -> None:
    scaler = {
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"namespace": "till", "name": "web"},
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
            "maxReplicas": 9,
            "metrics": [
                {
                    "type": "Resource",
                    "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 70}},
                }
            ],
        },
    }
    async with enter(HEALED, web(template(app(resources=ASKING)), scaler)) as scene:
        preview, _ = await done(scene, "set-resources", requests={"cpu": "40"})

        assert "HorizontalPodAutoscaler web measures cpu in percent of the request: it will scale down" in told(preview)
        assert "40 means whole CPUs" in told(preview)


# --- for the tests of every action ---

TRIALS = trials("set-resources", every_kind.WORKLOADS, container="app", requests={"cpu": "400m"})
SCENARIOS = (
    Scenario(
        action="set-resources", incident="pending-insufficient-resources", case="other pods hold the cpu",
        button="Lower requests", answers={"cpu": "100m", "memory": "128Mi"},
        **one_patch("/apis/apps/v1/namespaces/analytics/deployments/report"),
    ),
)  # fmt: skip
