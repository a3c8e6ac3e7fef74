"""A diagnosis names a rollback only where the cluster keeps an earlier revision to go back to."""

from __future__ import annotations

from typing import Any

import pytest

from bot.cli.rehearsal import REHEARSAL_TIME, stage, staged
from bot.diagnosing import Engine, diagnose
from bot.playground.kubernetes.scenes import expanded
from intents.request import DiagnoseObject, ExplainText, Request

CRASH = {"exited": 1, "waiting": "CrashLoopBackOff", "previous": "KeyError: 'DATABASE_URL'"}
PODS = {"Deployment": "api-7d9f8b6c54-x2x4z", "StatefulSet": "api-0", "DaemonSet": "api-x2x4z"}
EARLIER = {"containers": {"api": {"image": "api:7"}}}
FORBIDDEN = [{"verb": "*", "group": "apps", "resource": "replicasets"}]


async def rollbacks(engine: Engine, request: Request, *, kind: str, **world: Any) -> list[str]:
    """Return the names of the workloads that the answer would roll back, where one crashes after its start."""
    before = world.pop("before", {})
    workload = {"age": "20d", "containers": {"api": "api:8"}, "pods": {PODS[kind]: {"node": "worker-b", "age": "40m"}}}
    given = {
        "scene": {f"{kind}/orders/api": {**workload, **before}},
        "faults": {f"Pod/orders/{PODS[kind]}": CRASH},
        **world,
    }
    async with staged(stage(expanded(given, now=REHEARSAL_TIME))) as connection:
        diagnosis = await diagnose(request, engine=engine, connection=connection)
    assert "container-crash-looping" in {one.incident for one in diagnosis.hypotheses}
    remedies = (each for one in diagnosis.hypotheses for each in one.remedies)
    return [each.target.name for each in remedies if each.action == "rollout-undo" and each.target]


@pytest.mark.parametrize("kind", PODS)
@pytest.mark.parametrize("earlier", [True, False], ids=["earlier", "first"])
@pytest.mark.parametrize("asked", ["object", "text"])
async def test_a_first_revision_has_no_rollback(engine: Engine, kind: str, earlier: bool, asked: str) -> None:
    pod = PODS[kind]
    request: Request = DiagnoseObject(kind="Pod", namespace="orders", name=pod)
    if asked == "text":
        line = f"Back-off restarting failed container api in pod {pod}_orders(4f5c0f0e-9d6c-4a3a-8f2e-0c8f8b1f9a11)"
        request = ExplainText(text=line, addressed=True)

    found = await rollbacks(engine, request, kind=kind, before={"before": EARLIER, "rolled": "40m"} if earlier else {})

    assert bool(found) is earlier


async def test_a_rollback_stays_if_the_revisions_cannot_be_read(engine: Engine) -> None:
    request = DiagnoseObject(kind="Pod", namespace="orders", name=PODS["Deployment"])

    assert await rollbacks(engine, request, kind="Deployment", forbidden=FORBIDDEN) == ["api"]
