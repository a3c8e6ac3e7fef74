"""A diagnosis tells what changed shortly before the trouble began, and offers a rollback only to what ran."""

from __future__ import annotations

from typing import Any

import pytest

from bot.cli.rehearsal import REHEARSAL_TIME, stage, staged
from bot.diagnosing import Engine, diagnose
from bot.playground.kubernetes.scenes import expanded
from bot.remedies.offers import plan_remedies
from bot.remedies.session import Session
from intents.domain import Diagnosis
from intents.request import DiagnoseObject

BEFORE = {"containers": {"api": {"image": "api:7"}}, "pods": ["api-6b6d5c4f9-2xk8p"]}
CRASH = {"exited": 1, "waiting": "CrashLoopBackOff", "previous": "KeyError: 'DATABASE_URL'"}
POD = "api-7d9f8b6c54-x2x4z"


def scene(**deployment: Any) -> dict[str, Any]:
    """Return a Deployment whose pod crashes 38 minutes after it was made."""
    api = {
        "age": "20d",
        "containers": {"api": "api:8"},
        "pods": {POD: {"node": "worker-b", "age": "40m"}},
        **deployment,
    }
    return {"scene": {"Deployment/orders/api": api}, "faults": {f"Pod/orders/{POD}": CRASH}}


def config_map(written: str, made: str = "2026-01-01T00:00:00Z") -> dict[str, Any]:
    fields = {"manager": "kubectl-edit", "operation": "Update", "time": written, "fieldsV1": {"f:data": {"f:mode": {}}}}
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": "settings",
            "namespace": "orders",
            "creationTimestamp": made,
            "managedFields": [fields],
        },
        "data": {"mode": "fast"},
    }


async def diagnosed(engine: Engine, world: dict[str, Any], kind: str = "Pod", name: str = POD) -> Diagnosis:
    request = DiagnoseObject(kind=kind, namespace="orders", name=name)
    async with staged(stage(expanded(world, now=REHEARSAL_TIME))) as connection:
        return await diagnose(request, engine=engine, connection=connection)


@pytest.mark.parametrize(("kind", "name"), [("Pod", POD), ("Deployment", "api")])
async def test_the_change_of_the_newest_revision_is_told(engine: Engine, kind: str, name: str) -> None:
    diagnosis = await diagnosed(engine, scene(before=BEFORE, rolled="40m"), kind, name)

    (change,) = diagnosis.changes
    assert (change.subject.kind, change.subject.name, change.revision) == ("Deployment", "api", 2)
    assert change.what == ("api: image api:7 → api:8",)
    assert 0 < change.before_s <= 40 * 60


async def test_a_revision_that_ran_well_for_days_is_not_blamed(engine: Engine) -> None:
    old = {"pods": {POD: {"node": "worker-b", "age": "9d"}}, "before": BEFORE, "rolled": "9d"}

    assert (await diagnosed(engine, scene(**old))).changes == ()


@pytest.mark.parametrize(("written", "told"), [("02:55:00", True), ("02:59:59", False)], ids=["before", "after"])
async def test_a_config_map_written_before_the_failure_is_told(engine: Engine, written: str, told: bool) -> None:
    uses = {"image": "api:8", "envFrom": [{"configMapRef": {"name": "settings"}}]}
    world = {**scene(containers={"api": uses}), "objects": [config_map(f"2026-03-02T{written}Z")]}

    changes = (await diagnosed(engine, world)).changes

    assert [(one.subject.kind, one.subject.name, one.by) for one in changes] == (
        [("ConfigMap", "settings", "kubectl-edit")] if told else []
    )


async def test_what_was_only_made_or_is_not_involved_is_not_told(engine: Engine) -> None:
    """A ConfigMap that nobody has written since it was made, and a new node while the image is missing."""
    at = "2026-03-02T02:50:00Z"
    uses = {"image": "api:8", "envFrom": [{"configMapRef": {"name": "settings"}}]}
    failed = {f"Pod/orders/{POD}": {"pull_error": "api:8: not found", "since": "5m"}}
    objects = [config_map(at, made=at), node("worker-b", "2026-03-02T02:40:00Z")]

    diagnosis = await diagnosed(engine, {**scene(containers={"api": uses}), "faults": failed, "objects": objects})

    assert diagnosis.hypotheses[0].incident == "image-pull-failed"
    assert diagnosis.changes == ()


def node(name: str, created: str, **spec: Any) -> dict[str, Any]:
    fields = {
        "manager": "kubectl-drain", "operation": "Update", "time": "2026-03-02T02:15:00Z",
        "fieldsV1": {"f:spec": {"f:unschedulable": {}}},
    }  # fmt: skip
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "creationTimestamp": created, "managedFields": [fields] if spec else []},
        "spec": spec,
        "status": {"conditions": [{"type": "Ready", "status": "True"}]},
    }


@pytest.mark.parametrize(("created", "told"), [("02:40:00", True), ("00:40:00", False)], ids=["new", "older"])
async def test_a_node_that_joined_before_the_failure_is_told(engine: Engine, created: str, told: bool) -> None:
    world = {**scene(), "objects": [node("worker-b", f"2026-03-02T{created}Z")]}

    changes = (await diagnosed(engine, world)).changes

    assert [(one.subject.kind, one.subject.name) for one in changes] == ([("Node", "worker-b")] if told else [])


async def test_a_node_that_was_cordoned_before_a_pod_found_no_place_is_told(engine: Engine) -> None:
    pending = scene(pods={POD: {"age": "40m"}})
    waits = {f"Pod/orders/{POD}": {"unschedulable": "0/1 nodes are available: 1 node(s) were unschedulable."}}
    world = {**pending, "faults": waits, "objects": [node("worker-b", "2026-01-01T00:00:00Z", unschedulable=True)]}

    (change,) = (await diagnosed(engine, world)).changes

    assert (change.subject.name, change.by) == ("worker-b", "kubectl-drain")


@pytest.mark.parametrize("ran", [True, False])
async def test_a_rollback_is_offered_only_to_a_revision_that_ran(engine: Engine, ran: bool) -> None:
    before = BEFORE if ran else {"containers": BEFORE["containers"]}
    world = scene(before=before, rolled="40m", age="20d" if ran else "41m")
    request = DiagnoseObject(kind="Pod", namespace="orders", name=POD)
    async with staged(stage(expanded(world, now=REHEARSAL_TIME))) as connection:
        diagnosis = await diagnose(request, engine=engine, connection=connection)
        offers = await plan_remedies(
            diagnosis,
            diagnosis.hypotheses[0],
            request=request,
            request_id="1",
            engine=engine,
            session=Session(connection=connection),
            allowed=lambda _action, _target: True,
        )

    assert diagnosis.hypotheses[0].incident == "container-crash-looping"
    assert ("rollout-undo" in {plan.action for plan in offers.plans}) is ran
    assert "restart-pod" in {plan.action for plan in offers.plans}
