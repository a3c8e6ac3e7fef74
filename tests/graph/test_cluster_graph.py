"""Calls are walked only where somebody asks for calls; edges of a namespace count once it is entered."""

from __future__ import annotations

from typing import Any

from bot.graph.cluster_graph import ClusterGraph, causes_among
from bot.graph.edges import edges_of, node_of
from intents.named_objects import Edge, EdgeType, ObjectKey

PG: ObjectKey = ("Service", "shop", "pg")


def pod(name: str, *, namespace: str = "shop", owner: str = "", **variables: str) -> dict[str, Any]:
    env = [{"name": key, "value": value} for key, value in variables.items()]
    owners = [{"apiVersion": "apps/v1", "kind": "StatefulSet", "name": owner, "controller": True}] if owner else []
    labels = {"app": owner or name}
    return {
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace, "labels": labels, "ownerReferences": owners},
        "spec": {"containers": [{"name": "c", "env": env}]},
    }


def service(name: str) -> dict[str, Any]:
    return {"kind": "Service", "metadata": {"name": name, "namespace": "shop"}, "spec": {"selector": {"app": name}}}


def calls_of(obj: dict[str, Any]) -> set[ObjectKey]:
    return {edge.target for edge in edges_of(obj) if edge.type is EdgeType.CALLS}


def test_pods_and_templates_call_the_services_that_they_name() -> None:
    caller = pod("api", DB_URL="postgres://u:p@pg:5432/x", A="http://auth.identity.svc", B="https://api.example.com")
    deployment = {**caller, "kind": "Deployment", "spec": {"template": {"spec": caller["spec"]}}}
    cron = {**caller, "kind": "CronJob", "spec": {"jobTemplate": {"spec": {"template": {"spec": caller["spec"]}}}}}

    for obj in (caller, deployment, cron):
        assert calls_of(obj) == {PG, ("Service", "identity", "auth")}


def test_members_of_a_database_do_not_call_themselves() -> None:
    members = [pod(f"pg-{at}", owner="pg", PGHOST="pg") for at in range(2)]
    graph = ClusterGraph([*members, service("pg"), pod("api", namespace="front", DB_HOST="pg.shop")])

    assert graph.called(("Pod", "shop", "pg-0")) == frozenset()
    assert graph.serving(("Pod", "shop", "pg-0")) == {PG}
    assert graph.called(("Pod", "front", "api")) == {PG}


def test_caller_is_not_reached_from_what_it_calls_nor_the_other_way() -> None:
    graph = ClusterGraph([pod("pg-0", owner="pg"), service("pg"), pod("api", DB_HOST="pg")])

    assert PG not in graph.reached(("Pod", "shop", "api"))
    assert ("Pod", "shop", "api") not in graph.reached(PG)
    assert ("Pod", "shop", "pg-0") in graph.reached(PG)


def test_three_callers_of_a_dead_database_have_one_cause() -> None:
    callers = [pod(name, DB_HOST="pg") for name in ("api", "jobs", "mail")]
    database = ("Pod", "shop", "pg-0")
    nodes = [node_of(obj) for obj in (*callers, service("pg"), pod("pg-0", owner="pg", PGHOST="pg"))]
    causes = causes_among(nodes)

    assert {causes["Pod", "shop", name] for name in ("api", "jobs", "mail")} == {frozenset({PG})}
    assert causes[PG] == {database}
    assert not causes.get(database)


def test_callers_do_not_suffer_while_the_service_is_well() -> None:
    causes = causes_among([node_of(pod("api", DB_HOST="pg")), node_of(pod("pg-1", owner="pg"))])

    assert not any(causes.values())


def test_edge_names_a_service_that_is_missing() -> None:
    api = ("Pod", "shop", "api")

    assert ClusterGraph([pod("api", DB_HOST="gone")]).edges_at(api) >= {
        Edge(type=EdgeType.CALLS, source=api, target=("Service", "shop", "gone"))
    }


def test_what_a_node_owns_in_a_namespace_that_was_entered_later_is_found() -> None:
    static, node = pod("etcd-a", namespace="kube-system"), ("Node", "", "a")
    static["metadata"]["ownerReferences"] = [{"apiVersion": "v1", "kind": "Node", "name": "a", "controller": True}]
    graph = ClusterGraph([static, {"kind": "Node", "metadata": {"name": "a"}}])
    key = ("Pod", "kube-system", "etcd-a")

    assert graph.kin(node) == {node}
    assert node in graph.owners(key)
    assert key in graph.kin(node)
