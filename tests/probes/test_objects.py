"""Test the generic objects probe and its field paths."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.playground.kubernetes import SimulatedCluster
from bot.probes import objects
from bot.probes.objects.paths import BadPath, parse_path, value_at
from intents.domain import GapReason

OBJECT = {
    "metadata": {"labels": {"app.kubernetes.io/name": "api"}, "generation": 3},
    "spec": {"replicas": 0, "paused": False, "containers": [{"name": "app"}, {"name": "proxy", "args": ["-v", "2"]}]},
    "status": {
        "conditions": [{"type": "Ready", "status": "False"}, {"type": "Available", "status": "True"}],
        "empty": None,
        "map": {"b": 1, "a": "x"},
    },
}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("spec.replicas", "0"),
        ("spec.paused", "false"),
        ("spec.absent.deeper", ""),
        ("status.empty", ""),
        ("status.conditions[type=Available].status", "True"),
        ("status.conditions[type=Other].status", ""),
        ("spec.containers[1].name", "proxy"),
        ("spec.containers[7].name", ""),
        ("spec.containers[*].name", "app,proxy"),
        ("spec.containers[name=proxy].args", "-v,2"),
        ('metadata.labels["app.kubernetes.io/name"]', "api"),
        ("status.map", '{"a":"x","b":1}'),
        ("spec.replicas[0]", ""),
    ],
)
def test_a_path_leads_to_one_string(path: str, expected: str) -> None:
    assert value_at(OBJECT, parse_path(path)) == expected


@given(st.text(alphabet='ab.[]*=0"-', max_size=20))
def test_a_path_is_read_or_refused_with_its_own_error(path: str) -> None:
    try:
        steps = parse_path(path)
    except BadPath:
        return
    assert isinstance(value_at(OBJECT, steps), str)


def deployment(name: str, namespace: str, replicas: int) -> dict:
    template = {"metadata": {"labels": {"app": name}}, "spec": {"containers": [{"name": "app", "image": "a"}]}}
    return {
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": namespace, "labels": {"app": name}, "creationTimestamp": "-2h"},
        "spec": {"replicas": replicas, "selector": {"matchLabels": {"app": name}}, "template": template},
    }


ARGS = {"kind": "Deployment", "fields": {"wanted": "spec.replicas"}}


async def test_objects_come_with_their_fields_sorted_by_name(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"objects": [deployment("web", "pay", 2), deployment("api", "pay", 1), deployment("api", "shop", 3)]})

    in_namespace = await read(objects.PROBE, args=ARGS, namespace="pay")
    everywhere = await read(objects.PROBE, args=ARGS | {"namespace": "*", "selector": "app=api"}, namespace="pay")
    focused = await read(objects.PROBE, args=ARGS, kind="Deployment", namespace="shop", name="api")
    by_name = await read(objects.PROBE, args=ARGS | {"name": "web"})

    assert [(row.values["name"], row.values["wanted"]) for row in in_namespace.rows] == [("api", "1"), ("web", "2")]
    assert [(row.values["namespace"], row.values["wanted"]) for row in everywhere.rows] == [("pay", "1"), ("shop", "3")]
    assert [row.values["wanted"] for row in focused.rows] == ["3"]
    assert [row.values["namespace"] for row in by_name.rows] == ["pay"]
    row = focused.rows[0]
    assert (row.quote, row.reproduce) == ("wanted: 3", "kubectl -n shop get deployment api -o yaml")
    assert row.subject.uid


async def test_an_object_that_is_not_there_is_missing(cluster: SimulatedCluster, read: Any) -> None:
    in_namespace = await read(objects.PROBE, args=ARGS | {"name": "api"}, namespace="pay")
    anywhere = await read(objects.PROBE, args=ARGS | {"name": "api"})

    assert (in_namespace.missing, anywhere.missing) == ("Deployment pay/api", "Deployment api")


async def test_a_kind_that_the_cluster_does_not_serve_has_no_meaning_there(
    cluster: SimulatedCluster, read: Any
) -> None:
    reading = await read(objects.PROBE, args={"kind": "applications.argoproj.io"})

    assert "applications.argoproj.io" in reading.not_applicable
    assert (reading.rows, reading.gaps) == ((), ())


async def test_what_may_not_be_read_is_a_gap(cluster: SimulatedCluster, read: Any) -> None:
    cluster.forbid(resource="deployments")

    reading = await read(objects.PROBE, args=ARGS, namespace="pay")

    assert [gap.reason for gap in reading.gaps] == [GapReason.FORBIDDEN]


async def test_a_path_that_cannot_be_read_is_a_gap_of_the_catalog(cluster: SimulatedCluster, read: Any) -> None:
    reading = await read(objects.PROBE, args=ARGS | {"fields": {"wanted": "spec..replicas"}})

    assert [gap.reason for gap in reading.gaps] == [GapReason.NOT_CONFIGURED]
