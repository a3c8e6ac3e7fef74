"""Test the generic objects probe and its field paths."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.playground.kubernetes import SimulatedCluster
from bot.probes import objects
from bot.probes.objects import BadPath, parse_path, value_at
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

    in_namespace = await read(objects.read, args=ARGS, namespace="pay")
    everywhere = await read(objects.read, args=ARGS | {"namespace": "*", "selector": "app=api"}, namespace="pay")
    focused = await read(objects.read, args=ARGS, kind="Deployment", namespace="shop", name="api")
    by_name = await read(objects.read, args=ARGS | {"name": "web"})

    assert [(row.values["name"], row.values["wanted"]) for row in in_namespace.rows] == [("api", "1"), ("web", "2")]
    assert [(row.values["namespace"], row.values["wanted"]) for row in everywhere.rows] == [("pay", "1"), ("shop", "3")]
    assert [row.values["wanted"] for row in focused.rows] == ["3"]
    assert [row.values["namespace"] for row in by_name.rows] == ["pay"]
    row = focused.rows[0]
    assert (row.quote, row.reproduce) == ("wanted: 3", "kubectl -n shop get deployment api -o yaml")
    assert row.subject.uid


async def test_an_object_that_is_not_there_is_missing(cluster: SimulatedCluster, read: Any) -> None:
    in_namespace = await read(objects.read, args=ARGS | {"name": "api"}, namespace="pay")
    anywhere = await read(objects.read, args=ARGS | {"name": "api"})

    assert (in_namespace.missing, anywhere.missing) == ("Deployment pay/api", "Deployment api")


async def test_a_kind_that_the_cluster_does_not_serve_has_no_meaning_there(
    cluster: SimulatedCluster, read: Any
) -> None:
    reading = await read(objects.read, args={"kind": "applications.argoproj.io"})

    assert "applications.argoproj.io" in reading.not_applicable
    assert (reading.rows, reading.gaps) == ((), ())


async def test_what_may_not_be_read_is_a_gap(cluster: SimulatedCluster, read: Any) -> None:
    cluster.forbid(resource="deployments")

    reading = await read(objects.read, args=ARGS, namespace="pay")

    assert [gap.reason for gap in reading.gaps] == [GapReason.FORBIDDEN]


async def test_a_path_that_cannot_be_read_is_a_gap_of_the_catalog(cluster: SimulatedCluster, read: Any) -> None:
    reading = await read(objects.read, args=ARGS | {"fields": {"wanted": "spec..replicas"}})

    assert [gap.reason for gap in reading.gaps] == [GapReason.NOT_CONFIGURED]


QUOTA = {
    "limits.cpu": ("1500m", "1.5"),
    "requests.memory": ("4Gi", "1Gi"),
    "pods": ("10", "9"),
    "services.loadbalancers": ("0", "0"),
    "secrets": ("3", None),
}
PER_RESOURCE = {
    "kind": "ResourceQuota",
    "asked": True,
    "each": "object.status.hard",
    "let": {
        "resource": "key",
        "used": "object.status.used[key]",
        "percent": {"integer": "percent(used, it)"},
        "more": {"boolean": "quantity(it) > 5.0"},
        "names": {"strings": "object.status.hard.filter(each, each == key)"},
    },
}


@pytest.fixture
def quota(cluster: SimulatedCluster) -> None:
    hard = {name: most for name, (most, _) in QUOTA.items()}
    used = {name: taken for name, (_, taken) in QUOTA.items() if taken}
    cluster.load(
        {"scene": {"ResourceQuota/shop/compute": {"spec": {"hard": hard}, "status": {"hard": hard, "used": used}}}}
    )


@pytest.mark.usefixtures("quota")
async def test_each_part_of_an_object_has_a_row_with_computed_keys(read: Any) -> None:
    rows = (await read(objects.read, args=PER_RESOURCE, kind="ResourceQuota", namespace="shop", name="compute")).rows

    values = {row.values["resource"]: row.values for row in rows}
    # What is not admitted at all is not used up, and what is not known is no share.
    assert {name: each["percent"] for name, each in values.items()} == {
        "limits.cpu": 100,
        "pods": 90,
        "requests.memory": 25,
        "secrets": -1,
        "services.loadbalancers": 0,
    }
    assert [values[name]["more"] for name in ("pods", "limits.cpu")] == [True, False]
    assert (values["pods"]["names"], values["secrets"]["used"]) == (("pods",), "")
    assert rows[1].quote.startswith("resource: pods, used: 9, percent: 90")
    assert list(values) == sorted(values)


@pytest.mark.usefixtures("quota")
async def test_only_the_object_in_question_is_read_where_an_entry_says_so(read: Any) -> None:
    assert (await read(objects.read, args=PER_RESOURCE, kind="Deployment", namespace="shop", name="web")).rows == ()
    assert (await read(objects.read, args=PER_RESOURCE, kind="ResourceQuota", namespace="shop", name="gone")).missing


@pytest.mark.usefixtures("quota")
async def test_an_expression_that_gives_another_type_is_a_gap_of_the_catalog(read: Any) -> None:
    for wrong in ({"let": {"size": {"integer": "object.status.hard"}}}, {"each": "object.kind"}):
        reading = await read(objects.read, args={"kind": "ResourceQuota", **wrong}, namespace="shop")

        assert [gap.reason for gap in reading.gaps] == [GapReason.NOT_CONFIGURED]


async def test_ages_count_from_the_time_of_the_snapshot_and_secrets_stay_there(
    cluster: SimulatedCluster, read: Any
) -> None:
    web = deployment("web", "pay", 2)
    web["spec"]["template"]["spec"]["containers"][0]["env"] = [{"name": "PASSWORD", "value": "hunter2hunter2"}]
    cluster.load({"objects": [web]})
    let = {
        "age_s": {"integer": "seconds_since(object.metadata.creationTimestamp)"},
        "wanted": {"integer": "object.spec.replicas"},
        "never": {"integer": "seconds_since('')"},
        "given": "object.spec.template.spec.containers.map(c, c.env[0].value)",
    }

    (row,) = (await read(objects.read, args={"kind": "Deployment", "let": let}, namespace="pay")).rows

    assert int(row.values["age_s"]) >= 7200
    assert (row.values["wanted"], row.values["never"]) == (2, -1)
    assert row.values["given"]
    assert "hunter2" not in str(row)
