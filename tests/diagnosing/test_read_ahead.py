"""A diagnosis asks for what it will need while earlier answers are still on their way."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from bot.cli.rehearsal import REHEARSAL_TIME, stage, staged
from bot.diagnosing import Engine, diagnose
from bot.playground.kubernetes import SimulatedCluster
from bot.playground.kubernetes.scenes import expanded
from intents.domain import Verdict
from intents.request import DiagnoseObject, ExplainText, Request

HOME = "/api/v1/namespaces/orders"
APPS = "/apis/apps/v1/namespaces/orders"
READY, CRASHING = "api-7d9f8b6c54-2xk8p", "api-7d9f8b6c54-x2x4z"
CRASH = {"exited": 1, "waiting": "CrashLoopBackOff", "previous": "KeyError: 'DATABASE_URL'"}
WORLD: dict[str, Any] = {
    "scene": {
        "Deployment/orders/api": {
            "age": "20d",
            "rolled": "40m",
            "before": {"containers": {"api": "api:7"}, "pods": ["api-6b6d5c4f9-2xk8p"]},
            "containers": {"api": "api:8"},
            "pods": {READY: {"node": "worker-a"}, CRASHING: {"node": "worker-b", "age": "40m"}},
        },
        "StatefulSet/orders/db": {"containers": {"db": "db:1"}, "pods": {"db-0": {}}},
        "Job/orders/migrate": {"containers": {"migrate": "api:8"}, "pods": ["migrate-x2x4z"]},
    },
    "faults": {f"Pod/orders/{CRASHING}": CRASH},
}


def cluster() -> SimulatedCluster:
    return stage(expanded(WORLD, now=REHEARSAL_TIME))


def pod(name: str) -> Request:
    return DiagnoseObject(kind="Pod", namespace="orders", name=name)


@pytest.mark.parametrize(
    ("request_", "held", "asked"),
    [
        (
            pod(READY),
            f"{HOME}/pods/{READY}",
            {f"{HOME}/events", f"{APPS}/replicasets/api-7d9f8b6c54", f"{APPS}/deployments/api"},
        ),
        (pod("db-0"), f"{HOME}/pods/db-0", {f"{HOME}/events", f"{APPS}/statefulsets/db"}),
        # Another pod of its workload is in trouble: its state and what changed are read beside the node of this one.
        (pod(READY), "/api/v1/nodes/worker-a", {f"{HOME}/pods", f"{APPS}/replicasets", "/api/v1/nodes/worker-b"}),
        (pod(CRASHING), f"{HOME}/events", {f"{HOME}/pods/{CRASHING}/log", f"{APPS}/replicasets"}),
        (
            ExplainText(text=f"orders/{CRASHING} back-off restarting failed container, KeyError: 'DATABASE_URL'"),
            f"{HOME}/pods/{CRASHING}/log",
            {f"{APPS}/replicasets", f"{APPS}/deployments", "/api/v1/nodes/worker-b"},
        ),
    ],
    ids=["owners beside the pod", "a StatefulSet", "a workload in trouble", "what changed", "a text that names it"],
)
async def test_an_answer_that_takes_long_holds_up_no_other_read(
    engine: Engine, request_: Request, held: str, asked: set[str]
) -> None:
    simulated = cluster()
    async with staged(simulated) as connection:
        simulated.fail(path_prefix=held, hang=True, times=100)
        diagnosing = asyncio.create_task(diagnose(request_, engine=engine, connection=connection, deadline=60))
        async with asyncio.timeout(20):
            while missing := asked - {each.path for each in simulated.requests}:
                assert not diagnosing.done(), missing
                await asyncio.sleep(0.005)
        diagnosing.cancel()
        await asyncio.gather(diagnosing, return_exceptions=True)


async def test_an_owner_guessed_wrongly_changes_nothing(engine: Engine) -> None:
    """A Job names its pods as a DaemonSet does."""
    simulated = cluster()
    simulated.forbid(verb="get", resource="daemonsets")
    async with staged(simulated) as connection:
        diagnosis = await diagnose(pod("migrate-x2x4z"), engine=engine, connection=connection)

    assert [str(owner) for owner in diagnosis.owners] == ["Job orders/migrate"]
    assert diagnosis.gaps == ()


async def test_a_refused_read_ahead_is_told_once_it_is_needed(engine: Engine) -> None:
    simulated = cluster()
    simulated.forbid(verb="list", resource="events")
    async with staged(simulated) as connection:
        diagnosis = await diagnose(pod(CRASHING), engine=engine, connection=connection)

    assert diagnosis.hypotheses[0].verdict is Verdict.CONFIRMED
    assert {gap.permission.resource for gap in diagnosis.gaps if gap.permission} == {"events"}


async def test_a_healthy_pod_costs_few_calls(engine: Engine) -> None:
    """The pod, its events, owners, node and newest log; for the control plane the Leases that tell whether it works."""
    simulated = cluster()
    pods = [obj["metadata"] for _, obj in simulated.store.everything() if obj["kind"] == "Pod"]
    async with staged(simulated) as connection:
        for each in pods:
            if each["namespace"] != "orders":
                asked = DiagnoseObject(kind="Pod", namespace=each["namespace"], name=each["name"])
                diagnosis = await diagnose(asked, engine=engine, connection=connection)
                assert diagnosis.api_calls <= 8, each["name"]
