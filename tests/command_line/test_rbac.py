"""`casebook rbac` against a cluster: the custom resources that it serves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import yaml

from bot.playground.kubernetes import SimulatedCluster

Run = Callable[..., Any]

WIDGETS = {
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "widgets.example.io"},
    "spec": {
        "group": "example.io",
        "scope": "Namespaced",
        "names": {"plural": "widgets", "singular": "widget", "kind": "Widget"},
        "versions": [{"name": "v1", "served": True, "storage": True}],
    },
}


def test_custom_resources_of_the_cluster_are_granted_by_name(
    run: Run, cluster: SimulatedCluster, kubeconfig: str
) -> None:
    cluster.load({"objects": [WIDGETS]})

    ran = run("rbac", "read", "--with", "custom-resources", "--kubeconfig", kubeconfig)

    assert (ran.code, ran.err) == (0, "")
    role = next(each for each in yaml.safe_load_all(ran.out) if each["kind"] == "ClusterRole")
    assert {"apiGroups": ["example.io"], "resources": ["widgets"], "verbs": ["get", "list"]} in role["rules"]
    assert not any("secrets" in rule["resources"] or "*" in rule["resources"] for rule in role["rules"])
    assert cluster.requests
    assert not any(sent.writes for sent in cluster.requests)


def test_cluster_that_cannot_be_reached_is_reported(run: Run) -> None:
    ran = run("rbac", "read", "--with", "custom-resources")

    assert (ran.code, ran.out) == (2, "")
    assert "kubeconfig" in ran.err
