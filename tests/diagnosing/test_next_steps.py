"""The first step and the buttons of an answer fit what was found."""

from __future__ import annotations

from typing import Any

import pytest

from bot.cli.rehearsal import REHEARSAL_TIME, full_world_of, stage, staged
from bot.diagnosing import Engine, diagnose
from bot.playground.kubernetes.scenes import expanded
from intents.domain import JudgedHypothesis
from intents.request import DiagnoseObject, ExplainText

_TAINTED = "1 node(s) had untolerated taint {node-role.kubernetes.io/control-plane: }"


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


@pytest.mark.parametrize(
    ("asked", "helps"), [("from deployment shop/web to rates.till:80", True), ("to rates.till:80", False)]
)
async def test_a_policy_to_copy_is_shown_where_both_ends_are_known(engine: Engine, asked: str, helps: bool) -> None:
    scene = {
        "Deployment/shop/web": {"containers": {"app": "web:3"}},
        "Deployment/till/rates": {"containers": {"app": {"image": "rates:3", "ports": {"http": 8000}}}},
        "Service/till/rates": {"ports": {"http": "80:8000"}},
        "NetworkPolicy/till/deny": {"spec": {"podSelector": {}, "policyTypes": ["Ingress"]}},
    }
    async with staged(stage({"scene": scene})) as connection:
        request = ExplainText(text=f"connection check: {asked}", addressed=True)
        found = (await diagnose(request, engine=engine, connection=connection)).hypotheses[0]

    policy = [step.run for step in found.runbook if "kind: NetworkPolicy" in step.run]
    assert bool(policy) is helps
    assert all("--dry-run=server" in each and "matchLabels: {app: web}" in each for each in policy)
