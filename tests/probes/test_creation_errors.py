"""Joins of refused pods with their workloads: by name, by owner, by uid; and what remains when reads are refused."""

from typing import Any

from bot.playground.kubernetes import SimulatedCluster
from bot.probes import creation_errors
from intents.domain import GapReason

REFUSED = (
    'create Pod mq-0 in StatefulSet mq failed error: Pod "mq-0" is invalid: spec.containers[0].image: Required value'
)
SIMPLE: dict[str, Any] = {"containers": [{"name": "mq"}]}


def stateful_set(
    name: str = "mq", *, namespace: str = "pay", created: int = 0, spec: Any = None, **metadata: Any
) -> dict:
    return {
        "kind": "StatefulSet",
        "metadata": {"name": name, "namespace": namespace} | metadata,
        "spec": {"replicas": 1, "selector": {"matchLabels": {"app": name}}, "template": {"spec": spec or SIMPLE}},
        "status": {"replicas": created, "readyReplicas": created},
    }


def failed_create(
    message: str = REFUSED, *, about: str = "StatefulSet/pay/mq", last: str = "-30s", **more: Any
) -> dict:
    return {"for": about, "reason": "FailedCreate", "message": message, "last": last} | more


async def test_a_pod_that_never_existed_leads_to_its_stateful_set_by_the_ordinal(
    cluster: SimulatedCluster, read: Any
) -> None:
    cluster.load({"objects": [stateful_set()]})

    found = await read(creation_errors.read, kind="Pod", namespace="pay", name="mq-0")

    (row,) = found.rows
    assert (row.values["kind"], row.values["name"], row.values["last_s"], found.missing) == (
        "StatefulSet",
        "mq",
        -1,
        "",
    )


async def test_the_paste_stands_in_for_events_that_expired(cluster: SimulatedCluster, read: Any) -> None:
    spec = {"containers": [{"name": "mq", "image": "mq:1"}], "restartPolicy": "Sometimes"}
    cluster.load({"objects": [stateful_set(spec=spec)]})
    named = {"field": "spec.restartPolicy", "value": "Sometimes", "rule": "a rule"}

    (row,) = (await read(creation_errors.read, kind="StatefulSet", namespace="pay", name="mq", named=named)).rows

    assert row.values["in_template"]
    assert row.values["problem"] == 'Invalid value: "Sometimes": a rule'


async def test_of_namesakes_in_several_namespaces_the_one_that_lacks_pods_counts(
    cluster: SimulatedCluster, read: Any
) -> None:
    cluster.load({"objects": [stateful_set(created=1), stateful_set(namespace="shop2")]})

    rows = (await read(creation_errors.read, kind="StatefulSet", name="mq")).rows

    assert [row.values["namespace"] for row in rows] == ["shop2"]


async def test_events_of_a_predecessor_of_the_same_name_do_not_count(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"objects": [stateful_set(uid="11111111-0000-4000-8000-000000000000")], "events": [failed_create()]})
    cluster.load({"objects": [stateful_set(uid="22222222-0000-4000-8000-000000000000")]})

    (row,) = (await read(creation_errors.read, kind="StatefulSet", namespace="pay", name="mq")).rows

    assert row.values["last_s"] == -1


async def test_a_workload_that_is_gone_makes_its_event_stale(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"events": [failed_create(gone=True)]})

    (row,) = (await read(creation_errors.read, namespace="pay")).rows

    assert (row.values["stale"], row.values["desired"], row.values["field"]) == (True, -1, "spec.containers[0].image")


async def test_the_same_error_told_often_is_one_row_the_newest(cluster: SimulatedCluster, read: Any) -> None:
    events = [failed_create(last="-9m"), failed_create(REFUSED.replace("mq-0", "mq-1"), last="-20s")]
    cluster.load({"objects": [stateful_set()], "events": events})

    (row,) = (await read(creation_errors.read, kind="StatefulSet", namespace="pay", name="mq")).rows

    assert abs(row.values["last_s"] - 20) <= 2
    assert "mq-1" in row.quote


async def test_a_replica_set_says_it_in_a_condition_and_its_deployment_is_on_top(
    cluster: SimulatedCluster, read: Any
) -> None:
    message = 'Pod "web-abc-" is invalid: spec.containers[0].ports[1].name: Duplicate value: "http"'
    ports = [{"name": "http", "containerPort": 80}, {"name": "http", "containerPort": 81}]
    template = {"spec": {"containers": [{"name": "web", "image": "w", "ports": ports}]}}
    before = {"spec": {"containers": [{"name": "web", "image": "w"}]}}
    restarted = template | {"metadata": {"annotations": {"kubectl.kubernetes.io/restartedAt": "2026-03-01T00:00:00Z"}}}
    owner = [{"kind": "Deployment", "name": "web"}]

    def replica_set(name: str, number: int, template: dict, replicas: int = 0, conditions: tuple = ()) -> dict:
        numbered = {"deployment.kubernetes.io/revision": str(number)}
        return {
            "kind": "ReplicaSet",
            "metadata": {"name": name, "namespace": "edge", "annotations": numbered, "ownerReferences": owner},
            "spec": {"replicas": replicas, "selector": {"matchLabels": {"app": "web"}}, "template": template},
            "status": {"replicas": 0, "conditions": list(conditions)},
        }

    condition = {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": message}
    cluster.load(
        {
            "objects": [
                {
                    "kind": "Deployment",
                    "metadata": {"name": "web", "namespace": "edge"},
                    "spec": {"selector": {"matchLabels": {"app": "web"}}, "template": template},
                },
                replica_set("web-abc", 3, template, 2, (condition | {"lastTransitionTime": "-5m"},)),
                # Going back to this one would change nothing: no button is to be offered for it.
                replica_set("web-restarted", 2, restarted),
                replica_set("web-old", 1, before),
            ]
        }
    )

    (row,) = (await read(creation_errors.read, kind="Deployment", namespace="edge", name="web")).rows

    values = row.values
    assert (values["name"], values["top_kind"], values["top_name"], values["revisions"]) == (
        "web-abc",
        "Deployment",
        "web",
        1,
    )
    assert (values["in_template"], values["suggestion"]) == (True, "http-2")
    assert values["top_field"] == "spec.template.spec.containers[0].ports[1].name"


async def test_a_refused_read_of_revisions_is_a_gap_beside_the_row(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"objects": [stateful_set()], "events": [failed_create()]})
    cluster.forbid(resource="controllerrevisions")

    found = await read(creation_errors.read, kind="StatefulSet", namespace="pay", name="mq")

    assert [(row.values["in_template"], row.values["revisions"]) for row in found.rows] == [(True, -1)]
    assert [gap.reason for gap in found.gaps] == [GapReason.FORBIDDEN]


async def test_an_event_still_counts_when_its_workload_may_not_be_read(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"objects": [stateful_set()], "events": [failed_create()]})
    cluster.forbid(resource="statefulsets")

    found = await read(creation_errors.read, kind="StatefulSet", namespace="pay", name="mq")

    (row,) = found.rows
    assert (row.values["desired"], row.values["stale"], row.values["field"]) == (-1, False, "spec.containers[0].image")
    assert "needs get on apps/statefulsets" in str(found.gaps[0])


async def test_a_custom_resource_is_asked_for_its_stateful_sets(cluster: SimulatedCluster, read: Any) -> None:
    owner = [{"apiVersion": "pingcap.com/v1alpha1", "kind": "TidbCluster", "name": "db"}]
    cluster.load(
        {
            "objects": [
                {
                    "apiVersion": "pingcap.com/v1alpha1",
                    "kind": "TidbCluster",
                    "metadata": {"name": "db", "namespace": "pay"},
                },
                stateful_set("db-pd", created=1, ownerReferences=owner),
                stateful_set("db-tikv", ownerReferences=owner),
            ]
        }
    )

    rows = (await read(creation_errors.read, kind="TidbCluster", namespace="pay", name="db")).rows

    assert [(row.values["name"], row.values["top_name"]) for row in rows] == [("db-tikv", "db")]


async def test_what_was_never_created_is_missing_yet_gets_advice(cluster: SimulatedCluster, read: Any) -> None:
    rule = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-'"
    named = {"field": "spec.template.spec.affinity.x[0].namespace", "value": "Prod_NS", "rule": rule}

    found = await read(creation_errors.read, kind="StatefulSet", namespace="pay", name="mq", named=named)

    assert found.missing == "StatefulSet pay/mq"
    assert [(row.values["suggestion"], row.values["desired"]) for row in found.rows] == [("prod-ns", -1)]
