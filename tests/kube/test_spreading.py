"""Topology spread as kube-scheduler counts it: only domains with a node that the pod may use."""

from typing import Any

import pytest

from bot.kube.spreading import closed_nodes, surroundings

CONSTRAINT = {"topologyKey": "zone", "maxSkew": 1, "labelSelector": {"matchLabels": {"app": "web"}}}


def node(name: str, *, disk: str, cordoned: bool = False) -> dict[str, Any]:
    return {"metadata": {"name": name, "labels": {"zone": name, "disk": disk}}, "spec": {"unschedulable": cordoned}}


def pod(on: str = "") -> dict[str, Any]:
    spec = {"nodeName": on, "nodeSelector": {"disk": "ssd"}, "topologySpreadConstraints": [CONSTRAINT]}
    return {"metadata": {"name": f"web-{on}", "namespace": "shop", "labels": {"app": "web"}}, "spec": spec}


@pytest.mark.parametrize("cordoned", [False, True])
def test_a_domain_without_a_node_that_the_pod_selects_does_not_count(cordoned: bool) -> None:
    nodes = [node("a", disk="ssd"), node("b", disk="ssd"), node("c", disk="hdd", cordoned=cordoned)]

    found = closed_nodes(pod(), surroundings([pod("a"), pod("b")], nodes))

    assert found == {}
