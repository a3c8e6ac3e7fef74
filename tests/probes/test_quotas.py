"""The quota in question: how much of each resource is used."""

from __future__ import annotations

from typing import Any

from bot.kube.quotas import quota_amounts
from bot.playground.kubernetes import SimulatedCluster
from bot.probes.quotas import PROBE

HARD = {"requests.cpu": "1500m", "requests.memory": "4Gi", "pods": "10", "services.loadbalancers": "0"}
USED = {"requests.cpu": "1500m", "requests.memory": "1Gi", "pods": "9", "services.loadbalancers": "0"}
QUOTA = {"ResourceQuota/shop/compute": {"spec": {"hard": HARD}, "status": {"hard": HARD, "used": USED}}}


async def test_each_resource_has_a_row_with_its_share(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"scene": QUOTA})

    rows = (await read(PROBE, kind="ResourceQuota", namespace="shop", name="compute")).rows

    shares = {row.values["resource"]: row.values["percent"] for row in rows}
    # What is not admitted at all is not used up.
    assert shares == {"pods": 90, "requests.cpu": 100, "requests.memory": 25, "services.loadbalancers": 0}


async def test_only_the_quota_in_question_is_read(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"scene": QUOTA})

    assert (await read(PROBE, kind="Deployment", namespace="shop", name="web")).rows == ()
    assert (await read(PROBE, kind="ResourceQuota", namespace="shop", name="gone")).missing


def test_cpu_of_quotas_is_counted_in_thousandths() -> None:
    assert quota_amounts({"limits.cpu": "1500m", "cpu": "2", "requests.memory": "1Gi"}) == {
        "limits.cpu": 1500,
        "cpu": 2000,
        "requests.memory": 1 << 30,
    }
