"""Which pods a look is about: named, gone, of an owner, or all that fit."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from bot.cli.rehearsal import staged
from bot.cluster.access import collect_gaps
from bot.cluster.snapshot import Snapshot
from bot.kube.access import Access
from bot.kube.owners import generated_stem, owner_of
from bot.playground.kubernetes import SimulatedCluster
from bot.probes.contract import Look
from bot.probes.shared.scope import pods_of
from intents.domain import Focus, Gap, ObjectRef, Text


def pod(name: str, namespace: str, owner: tuple[str, str] | None = None, **labels: str) -> dict[str, Any]:
    metadata: dict[str, Any] = {"name": name, "namespace": namespace, "labels": labels}
    if owner:
        metadata["ownerReferences"] = [{"kind": owner[0], "name": owner[1]}]
    return {
        "kind": "Pod",
        "metadata": metadata,
        "spec": {"nodeName": "n1", "containers": [{"name": "c", "image": "i"}]},
    }


@pytest.fixture
def cluster() -> SimulatedCluster:
    cluster = SimulatedCluster()
    template = {"metadata": {"labels": {"app": "api"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
    spec = {"selector": {"matchLabels": {"app": "api"}}, "template": template}
    labels = {"app": "api", "pod-template-hash": "7d9fcb6d5"}
    objects = [
        {"kind": "Deployment", "metadata": {"name": "api", "namespace": "shop"}, "spec": spec},
        {
            "kind": "ReplicaSet",
            "metadata": {
                "name": "api-7d9fcb6d5",
                "namespace": "shop",
                "ownerReferences": [{"kind": "Deployment", "name": "api"}],
            },
            "spec": spec,
        },
        pod("api-7d9fcb6d5-x2x4z", "shop", ("ReplicaSet", "api-7d9fcb6d5"), **labels),
        pod("api-7d9fcb6d5-b5b6c", "shop", ("ReplicaSet", "api-7d9fcb6d5"), **labels),
        pod("alone", "shop"),
        pod("alone", "other"),
        pod("alone", "default"),
    ]
    cluster.load({"objects": objects})
    return cluster


@pytest.fixture
async def snapshot(cluster: SimulatedCluster) -> AsyncIterator[Snapshot]:
    async with staged(cluster) as connection, Snapshot(connection) as opened:
        yield opened


async def about(snapshot: Snapshot, focus: Focus) -> tuple[list[str], str, tuple[Gap, ...]]:
    """Return the pods in question, what is missing, and the gaps."""
    with collect_gaps() as gaps:
        suspects = await pods_of(Look(snapshot=snapshot, focus=focus, args={}, named={}))
    names = [f"{one['metadata']['namespace']}/{one['metadata']['name']}" for one in suspects.pods]
    return names, suspects.missing, tuple(gaps)


API_PODS = ["shop/api-7d9fcb6d5-b5b6c", "shop/api-7d9fcb6d5-x2x4z"]


@pytest.mark.parametrize(
    ("focus", "pods", "missing"),
    [
        (Focus(kind="Pod", namespace="shop", name="alone"), ["shop/alone"], ""),
        (Focus(kind="Pod", name="alone"), ["default/alone", "other/alone", "shop/alone"], ""),
        (Focus(kind="Pod", namespace="shop", name="api-7d9fcb6d5-qqqqq"), API_PODS, "Pod shop/api-7d9fcb6d5-qqqqq"),
        (Focus(kind="Pod", namespace="shop", name="api-66f4d9b8c-qqqqq"), API_PODS, "Pod shop/api-66f4d9b8c-qqqqq"),
        (Focus(kind="Pod", namespace="shop", name="api-0"), [], "Pod shop/api-0"),
        (Focus(kind="Deployment", namespace="shop", name="api"), API_PODS, ""),
        (Focus(kind="Deployment", namespace="shop", name="gone"), [], "Deployment shop/gone"),
        (Focus(kind="Deployment", name="api"), API_PODS, ""),
        (Focus(kind="Node", name="n1"), [*API_PODS, "default/alone", "other/alone", "shop/alone"], ""),
        (Focus(namespace="other"), ["other/alone"], ""),
        (Focus(), [*API_PODS, "default/alone", "other/alone", "shop/alone"], ""),
    ],
)
async def test_a_focus_means_these_pods(snapshot: Snapshot, focus: Focus, pods: list[str], missing: str) -> None:
    assert await about(snapshot, focus) == (sorted(pods), missing, ())


async def test_with_rights_in_one_namespace_only_that_one_is_looked_in_and_the_rest_is_a_gap(
    cluster: SimulatedCluster, snapshot: Snapshot
) -> None:
    cluster.forbid(verb="list", resource="pods")
    names, _, gaps = await about(snapshot, Focus(kind="Pod", name="alone"))

    assert names == ["default/alone"]
    assert [str(gap) for gap in gaps] == ["cannot read pods in all namespaces: needs list on pods"]


async def test_what_is_hidden_is_told_as_such_and_not_as_too_much_in_both_languages(cluster: SimulatedCluster) -> None:
    only_other = Access(namespaces=frozenset({"other"}))
    async with staged(cluster) as connection, Snapshot(connection, access=only_other) as snapshot:
        names, _, everywhere = await about(snapshot, Focus())
        _, _, hidden = await about(snapshot, Focus(namespace="shop"))

    assert names == ["other/alone"]
    assert [gap.says for gap in (*everywhere, *hidden)] == [
        Text(
            en="cannot read pods in all namespaces: only the parts that may be shown here were read",
            zh="无法读取 pods in all namespaces：仅读取了此处允许查看的部分",
        ),
        Text(
            en="cannot read pods in shop: namespace shop may not be shown here",
            zh="无法读取 pods in shop：命名空间 shop 不允许在此处查看",
        ),
    ]


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("api-7d9fcb6d5-x2x4z", "api"),
        ("my-agent-x2x4z", "my-agent"),
        ("db-0", ""),
        ("plain", ""),
        ("has-vowel-aeiou", ""),
    ],
)
def test_a_generated_name_keeps_its_stem(name: str, stem: str) -> None:
    assert generated_stem(name) == stem


@pytest.mark.parametrize(
    ("one", "owner"),
    [
        (pod("a-5b6-x", "s", ("ReplicaSet", "a-5b6"), **{"pod-template-hash": "5b6"}), ("Deployment", "a")),
        (pod("a-x", "s", ("ReplicaSet", "a")), ("ReplicaSet", "a")),
        (pod("a-28412345-x", "s", ("Job", "a-28412345")), ("CronJob", "a")),
        (pod("etcd-n1", "s", ("Node", "n1")), ("StaticPod", "etcd")),
        (pod("db-0", "s", ("StatefulSet", "db")), ("StatefulSet", "db")),
        (pod("alone", "s"), ("Pod", "alone")),
    ],
)
def test_a_pod_tells_its_workload_by_itself(one: dict[str, Any], owner: tuple[str, str]) -> None:
    kind, name = owner

    assert owner_of(one) == ObjectRef(kind=kind, namespace="s", name=name)
