"""A variable that a program lacks is looked for in the workloads beside it that run the same program."""

from __future__ import annotations

from typing import Any

import pytest

from bot.cli.rehearsal import stage, staged
from bot.diagnosing import Engine, build_engine, diagnose
from intents.request import DiagnoseObject

POD = "worker-59d8f7c6b4-v9x2k"
SECRET = {"name": "SHOP_API_TOKEN", "valueFrom": {"secretKeyRef": {"name": "shop", "key": "token"}}}
WORKER = {"containers": {"main": "registry.acme.io/shop:8"}, "pods": {POD: {"node": "worker-b", "age": "40m"}}}
BROKEN = {
    "exited": 1,
    "waiting": "CrashLoopBackOff",
    "previous": "panic: required key SHOP_API_TOKEN missing value",
}


@pytest.fixture(scope="module")
def engine() -> Engine:
    return build_engine()[0]


def beside(image: str, *, name: str = "main", **labels: str) -> dict[str, Any]:
    containers = {name: {"image": image, "env": [SECRET]}}
    return {"containers": containers, **({"labels": labels} if labels else {})}


@pytest.mark.parametrize(
    ("sibling", "told"),
    [
        (beside("registry.acme.io/shop:7"), True),
        (beside("registry.acme.io/shop@sha256:" + "0" * 64, name="api"), True),
        (beside("registry.acme.io/other:7", app="worker"), True),
        (beside("registry.acme.io/other:7"), False),
    ],
    ids=["the same image", "another version", "the same app", "another program"],
)
async def test_a_sibling_that_sets_the_variable_is_told(engine: Engine, sibling: dict[str, Any], told: bool) -> None:
    scene = {"Deployment/orders/worker": WORKER, "Deployment/orders/api": sibling}
    world = {"scene": scene, "faults": {f"Pod/orders/{POD}": BROKEN}}
    async with staged(stage(world)) as connection:
        request = DiagnoseObject(kind="Pod", namespace="orders", name=POD)
        diagnosis = await diagnose(request, engine=engine, connection=connection)

    said = [finding.says.en for one in diagnosis.hypotheses for finding in one.findings]
    expected = (
        f"Deployment api beside it has SHOP_API_TOKEN, from Secret shop key token; container main of {POD} has not"
    )
    assert (expected in said) is told
