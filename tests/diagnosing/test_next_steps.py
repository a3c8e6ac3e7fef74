"""The first step and the buttons of an answer fit what was found."""

from __future__ import annotations

from typing import Any

import pytest

from bot.cli.rehearsal import REHEARSAL_TIME, full_world_of, stage, staged
from bot.diagnosing import Engine, build_engine, diagnose
from bot.playground.kubernetes.scenes import expanded
from intents.domain import JudgedHypothesis
from intents.request import DiagnoseObject

_TAINTED = "1 node(s) had untolerated taint {node-role.kubernetes.io/control-plane: }"


@pytest.fixture(scope="module")
def engine() -> Engine:
    return build_engine()[0]


async def first(engine: Engine, world: dict[str, Any], namespace: str, pod: str) -> JudgedHypothesis:
    request = DiagnoseObject(kind="Pod", namespace=namespace, name=pod)
    async with staged(stage(world)) as connection:
        return (await diagnose(request, engine=engine, connection=connection)).hypotheses[0]


@pytest.mark.parametrize(("short", "helps"), [("nvidia.com/gpu", False), ("cpu", True)])
async def test_requests_are_lowered_only_where_a_pod_can_do_with_less(engine: Engine, short: str, helps: bool) -> None:
    pod = "train-6b6d5c4f9-2xk8p"
    requests = {"cpu": "1", "memory": "1Gi", short: "100"}
    says = f"0/4 nodes are available: 3 Insufficient {short}, {_TAINTED}."
    world = {
        "scene": {
            "Deployment/analytics/train": {
                "containers": {"train": {"image": "train:2", "requests": requests}},
                "pods": [pod],
            }
        },
        "faults": {f"Pod/analytics/{pod}": {"unschedulable": says}},
    }

    found = await first(engine, expanded(world, now=REHEARSAL_TIME), "analytics", pod)

    assert found.incident == "pending-insufficient-resources"
    assert f"has {short} 100 free" in found.summary.en
    assert ("set-resources" in {each.action for each in found.remedies}) is helps


async def test_the_network_agent_is_looked_at_before_endpoints(engine: Engine) -> None:
    entry = engine.catalog.incidents["pod-network-unreachable"]
    case = next(one for one in entry.cases if one.ask and one.ask.pod)
    assert case.ask
    namespace, pod = case.ask.pod.split("/")

    found = await first(engine, full_world_of(entry, case), namespace, pod)

    assert found.incident == entry.id
    assert "endpoints" not in found.runbook[0].run
    assert "logs" in found.runbook[0].run
