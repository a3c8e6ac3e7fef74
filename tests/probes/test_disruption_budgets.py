"""Budgets over pods: what they allow, and what hinders evictions."""

from __future__ import annotations

from typing import Any

from bot.playground.kubernetes import SimulatedCluster
from bot.probes.disruption_budgets import read as PROBE

WEB = {
    "Deployment/shop/web": {
        "containers": {"app": {"image": "web:7", "readinessProbe": {"httpGet": {"path": "/ready", "port": 80}}}},
        "pods": ["web-6c9f7d8b54-k2x8q", "web-6c9f7d8b54-p4s7w"],
    },
    "PodDisruptionBudget/shop/web": {"spec": {"minAvailable": 2, "selector": {"matchLabels": {"app": "web"}}}},
    "Deployment/shop/api": {"containers": {"app": "api:7"}},
    "PodDisruptionBudget/shop/api": {"spec": {"maxUnavailable": 0, "selector": {"matchLabels": {"app": "api"}}}},
}
UNREADY = {"Pod/shop/web-6c9f7d8b54-p4s7w": {"readiness": "503", "since": "20m"}}
OF_POD = {"kind": "Pod", "namespace": "shop", "name": "web-6c9f7d8b54-k2x8q"}


async def test_a_pod_leads_to_its_budget(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"scene": WEB})
    [row] = (await read(PROBE, **OF_POD)).rows
    assert (row.values["name"], row.values["limit"], row.values["asked"]) == ("web", "minAvailable: 2", True)
    assert (row.values["allowed"], row.values["healthy"], row.values["never"], row.values["pods"]) == (0, 2, False, ())
    assert row.values["unready_s"] == -1


async def test_a_node_leads_to_the_budgets_of_its_pods(cluster: SimulatedCluster, read: Any) -> None:
    workload = {"containers": {"app": "api:7"}, "pods": {"api-6c9f7d8b54-x": "worker-b"}}
    cluster.load({"scene": WEB | {"Deployment/shop/api": workload}})
    rows = {str(row.values["name"]): row.values for row in (await read(PROBE, kind="Node", name="worker-b")).rows}
    assert (rows["api"]["never"], rows["api"]["expected"]) == (True, 1)
    assert "api" not in [row.values["name"] for row in (await read(PROBE, kind="Node", name="worker-a")).rows]


async def test_names_the_pods_that_are_not_ready(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"scene": WEB, "faults": UNREADY})
    [row] = (await read(PROBE, kind="PodDisruptionBudget", namespace="shop", name="web")).rows
    assert row.values["pod_states"] == ("web-6c9f7d8b54-p4s7w (not ready)",)
    assert (row.values["healthy"], row.values["wanted"], row.values["unready_s"]) == (1, 2, 1200)


async def test_two_budgets_over_one_pod(cluster: SimulatedCluster, read: Any) -> None:
    everything = {"PodDisruptionBudget/shop/all": {"spec": {"maxUnavailable": 1, "selector": {}}}}
    cluster.load({"scene": WEB | everything})
    rows = {str(row.values["name"]): row.values["others"] for row in (await read(PROBE, **OF_POD)).rows}
    assert rows == {"all": ("api", "web"), "web": ("all",)}


async def test_a_missing_budget_is_said(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"scene": WEB})
    result = await read(PROBE, kind="PodDisruptionBudget", namespace="shop", name="wbe")
    assert (result.rows, result.missing) == ((), "PodDisruptionBudget wbe")
