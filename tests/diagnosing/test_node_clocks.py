"""A pod logs that the time is wrong: the answer names the node whose clock is off, if the cluster shows it."""

from __future__ import annotations

from typing import Any

import pytest

from bot.cli.rehearsal import REHEARSAL_TIME, stage, staged
from bot.diagnosing import diagnose
from bot.playground.kubernetes.scenes import expanded
from intents.request import DiagnoseObject
from tests.engines import remembering_engine

POD = "api-7d9f8b6c54-x2x4z"
REFUSED = "ERROR token rejected: token used before issued\n" * 4
NTP = {"conditions": {"NTPProblem": {"status": "True", "message": "NTP service is not running"}}}


@pytest.mark.parametrize(
    ("renewed", "node", "says"),
    [
        ("-19m", {}, "The clock of node worker-a is 19m behind"),
        ("+2m", {}, "The clock of node worker-a is 2m ahead"),
        ("-8s", NTP, "Nothing corrects the clock of node worker-a (“NTPProblem: NTP service is not running”)"),
        ("-8s", {}, f"shop/{POD} and the other side disagree"),
    ],
)
async def test_node_whose_clock_is_off_is_named(renewed: str, node: dict[str, Any], says: str) -> None:
    scene = {"Deployment/shop/api": {"containers": {"api": {"image": "api:1"}}, "pods": {POD: "worker-a"}}}
    faults = {f"Pod/shop/{POD}": {"log": {"since": "4m", "text": REFUSED}}} | ({"Node/worker-a": node} if node else {})
    lease = {
        "kind": "Lease",
        "metadata": {"name": "worker-a", "namespace": "kube-node-lease"},
        "spec": {"renewTime": renewed},
    }
    world = expanded({"scene": scene, "faults": faults, "objects": [lease]}, now=REHEARSAL_TIME)
    async with staged(stage(world)) as connection:
        asked = DiagnoseObject(kind="Pod", namespace="shop", name=POD)
        diagnosis = await diagnose(asked, engine=remembering_engine(), connection=connection)

    assert diagnosis.hypotheses[0].summary.en.startswith(says)
