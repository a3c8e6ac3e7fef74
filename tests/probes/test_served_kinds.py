"""Test the served-kinds probe: what discovery says about a kind that a text names."""

from __future__ import annotations

from typing import Any

import pytest

from bot.playground.kubernetes import SimulatedCluster
from bot.probes.served_kinds import read as PROBE
from intents.domain import Value

MONITORS = {
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "monitors.acme.io"},
    "spec": {
        "group": "acme.io",
        "scope": "Namespaced",
        "names": {"kind": "Monitor", "plural": "monitors", "shortNames": ["mon"]},
        "versions": [
            {"name": "v1", "served": True, "storage": True, "schema": {}},
            {"name": "v1alpha1", "served": False, "storage": False, "schema": {}},
        ],
    },
}


async def values(cluster: SimulatedCluster, read: Any, **named: str) -> dict[str, Value]:
    cluster.load({"objects": [MONITORS]})
    (row,) = (await read(PROBE, named=named)).rows
    return row.values


@pytest.mark.parametrize(
    ("kind", "api", "use", "removed_with"),
    [
        ("CronJob", "batch/v1beta1", "batch/v1", "1.25"),
        ("Ingress", "extensions/v1beta1", "networking.k8s.io/v1", "1.22"),
        ("Deployment", "v1", "apps/v1", ""),
        ("PodSecurityPolicy", "policy/v1beta1", "", "1.25"),
        ("Monitor", "acme.io/v1alpha1", "acme.io/v1", ""),
    ],
)
async def test_the_version_that_serves_a_kind_is_found(
    cluster: SimulatedCluster, read: Any, kind: str, api: str, use: str, removed_with: str
) -> None:
    found = await values(cluster, read, kind=kind, api=api)

    assert (found["served"], found["use"], found["removed_with"]) == (False, use, removed_with)


@pytest.mark.parametrize(
    "named",
    [
        {"kind": "CronJob", "api": "batch/v1"},
        {"kind": "Pod", "api": "v1"},
        {"kind": "Monitor", "api": "acme.io/v1"},
        {"kind": "Monitor", "api_group": "acme.io"},
        {"kind": "v1.Monitor"},
        {"kind": "Monitor.acme.io"},
        {"resource": "mon"},
        {"resource": "monitors.acme.io"},
    ],
)
async def test_a_kind_that_is_served_says_so(cluster: SimulatedCluster, read: Any, named: dict[str, str]) -> None:
    assert (await values(cluster, read, **named))["served"] is True


async def test_a_kind_without_definition_names_its_product_and_its_namesake(
    cluster: SimulatedCluster, read: Any
) -> None:
    missing = await values(cluster, read, kind="ServiceMonitor", api="monitoring.coreos.com/v1")
    assert (missing["custom"], missing["product"], missing["versions"]) == (True, "prometheus-operator", ())

    namesake = await values(cluster, read, kind="Monitor", api="other.io/v1")
    assert (namesake["use"], namesake["elsewhere"]) == ("", ("acme.io/v1",))

    misspelt = await values(cluster, read, kind="Montior", api="acme.io/v1")
    assert misspelt["closest"] == "Monitor"


async def test_a_group_whose_backend_is_down_is_a_gap(cluster: SimulatedCluster, read: Any) -> None:
    service = {"namespace": "monitoring", "name": "adapter", "port": 443}
    cluster.load(
        {
            "objects": [
                {
                    "kind": "APIService",
                    "metadata": {"name": "v1.stats.acme.io"},
                    "spec": {"group": "stats.acme.io", "version": "v1", "service": service},
                    "status": {"conditions": [{"type": "Available", "status": "False", "reason": "ServiceNotFound"}]},
                }
            ]
        }
    )

    reading = await read(PROBE, named={"kind": "Stat", "api": "stats.acme.io/v1"})

    assert not reading.rows
    assert len(reading.gaps) == 1


async def test_a_text_without_a_kind_has_no_row(cluster: SimulatedCluster, read: Any) -> None:
    assert (await read(PROBE, named={"api": "acme.io/v1"})).rows == ()
