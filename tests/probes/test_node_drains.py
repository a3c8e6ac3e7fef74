"""Test the draino probe: flags, nodes and the pods that stay."""

from typing import Any

from bot.playground.kubernetes import SimulatedCluster
from bot.probes.node_drains import read as PROBE
from intents.domain import ProbeResult


def draino(*args: str, image: str = "planetlabs/draino:e0d5277", name: str = "draino", **container: Any) -> dict:
    described = {"name": "draino", "image": image, "command": ["/draino", *args], **container}
    return {
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": "kube-system"},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": {"app": name}},
            "template": {"metadata": {"labels": {"app": name}}, "spec": {"containers": [described]}},
        },
        "status": {"replicas": 1, "availableReplicas": 1},
    }


def node(name: str, *, cordoned: bool = False, drain: str = "", **conditions: str) -> dict:
    written = [{"type": kind, "status": status} for kind, status in conditions.items()]
    if drain:
        written.append({"type": "DrainScheduled", "status": "True", "reason": "Draino", "message": drain})
    spec = {"unschedulable": True} if cordoned else {}
    return {"kind": "Node", "metadata": {"name": name}, "spec": spec, "status": {"conditions": written}}


def pod(name: str, *, on: str = "n1", owner: str = "StatefulSet", **spec: Any) -> dict:
    owners = [{"apiVersion": "apps/v1", "kind": owner, "name": name.rpartition("-")[0]}]
    return {
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "data", "ownerReferences": owners},
        "spec": {"nodeName": on, "containers": [{"name": "a", "image": "a"}], **spec},
        "status": {"phase": "Running"},
    }


def stayed(reading: ProbeResult) -> list[tuple[object, ...]]:
    return [tuple(row.values[key] for key in ("node", "pod", "evicts", "drain")) for row in reading.rows]


async def test_a_pod_that_stays_is_joined_with_its_node_and_the_flags(cluster: SimulatedCluster, read: Any) -> None:
    done = "[1] | Drain activity scheduled 2026-03-02T01:00:00Z | Completed: 2026-03-02T01:04:00Z"
    cluster.load({"objects": [
        draino("--node-label=pool=blue", "KernelDeadlock", "ReadonlyFilesystem"),
        node("n1", cordoned=True, drain=done, KernelDeadlock="True"),
        node("n2", KernelDeadlock="False"),
        pod("db-0"), pod("db-1", on="n2"), pod("web-x", owner="ReplicaSet"),
    ]})  # fmt: skip

    (row,) = (await read(PROBE)).rows

    told = row.values
    assert (told["namespace"], told["deployment"], told["container"], told["available"]) == (
        "kube-system", "draino", "draino", 1,
    )  # fmt: skip
    assert (told["watches"], told["evicts"], told["spares"], told["evicts_nothing"]) == (
        ("KernelDeadlock", "ReadonlyFilesystem"), False, "", "",
    )  # fmt: skip
    assert (told["node"], told["conditions"], told["cordoned"], told["drain"], told["drain_message"]) == (
        "n1", ("KernelDeadlock",), True, "completed", done,
    )  # fmt: skip
    assert (told["pod_namespace"], told["pod"], told["statefulset"], told["also"]) == ("data", "db-0", "db", ())


async def test_every_way_to_tell_draino_to_evict_them(cluster: SimulatedCluster, read: Any) -> None:
    ways = {
        "flag": draino("--evict-statefulset-pods", "Bad", name="draino-flag"),
        "off": draino("--no-evict-statefulset-pods", "Bad", name="draino-off"),
        "env": draino("Bad", name="draino-env", env=[{"name": "DRAINO_EVICT_STATEFULSET_PODS", "value": "true"}]),
        "spared": draino("--do-not-evict-pod-controlled-by=StatefulSet", "Bad", name="draino-spared"),
        "others": draino("--do-not-evict-pod-controlled-by=DaemonSet", "Bad", name="draino-others"),
    }
    cluster.load({"objects": [*ways.values(), node("n1", Bad="True"), pod("db-0")]})

    rows = (await read(PROBE)).rows

    assert {str(row.values["deployment"]).partition("-")[2]: row.values["evicts"] for row in rows} == {
        "flag": True, "off": False, "env": True, "spared": False, "others": True,
    }  # fmt: skip


async def test_draino_that_evicts_nothing_and_pods_it_spares_for_more_reasons(
    cluster: SimulatedCluster, read: Any
) -> None:
    busy = pod("db-0", volumes=[{"name": "tmp", "emptyDir": {}}])
    busy["metadata"]["annotations"] = {"cluster-autoscaler.kubernetes.io/safe-to-evict": "false"}
    cluster.load({"objects": [draino("--dry-run", "Bad"), node("n1", Bad="True"), busy]})

    (row,) = (await read(PROBE)).rows

    assert row.values["evicts_nothing"] == "--dry-run"
    assert [reason.split()[1] for reason in row.values["also"]] == ["has", "annotation"]


async def test_a_condition_may_be_watched_for_another_status(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"objects": [draino("Ready=Unknown,10m"), node("n1", Ready="Unknown"), node("n2", Ready="True")]})

    assert stayed(await read(PROBE)) == [("n1", "", False, "")]


async def test_how_it_is_asked_narrows_what_is_told(cluster: SimulatedCluster, read: Any) -> None:
    waiting = node("n1", drain="Drain activity scheduled 2026-03-02T03:10:00Z")
    failed = node("n2", drain="Drain activity scheduled x | Failed: y", Bad="True")
    cluster.load({"objects": [draino("Bad"), waiting, failed, node("n3"), pod("db-0"), pod("db-1", on="n2")]})

    assert stayed(await read(PROBE)) == [("n1", "db-0", False, "scheduled"), ("n2", "db-1", False, "failed")]
    assert stayed(await read(PROBE, kind="Pod", namespace="data", name="db-1")) == [("n2", "db-1", False, "failed")]
    assert stayed(await read(PROBE, kind="StatefulSet", namespace="data", name="db")) == [
        ("n1", "db-0", False, "scheduled"), ("n2", "db-1", False, "failed"),
    ]  # fmt: skip
    assert stayed(await read(PROBE, kind="Node", name="n3")) == [("n3", "", False, "")]
    assert stayed(await read(PROBE, node="n1")) == [("n1", "db-0", False, "scheduled")]
    assert (await read(PROBE, kind="Pod", namespace="data", name="gone-0")).missing == "Pod data/gone-0"
    assert (await read(PROBE, node="n9")).missing == "Node n9"


async def test_with_nothing_to_drain_draino_itself_is_told_of(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"objects": [draino("Bad"), node("n1")]})

    (row,) = (await read(PROBE)).rows

    assert (row.values["node"], row.values["pod"], row.subject.kind) == ("", "", "Deployment")


async def test_without_draino_the_question_has_no_meaning(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"objects": [draino(image="registry.example.com/drainoscope:1", name="scope"), node("n1")]})

    assert (await read(PROBE)).not_applicable == "no Deployment of this cluster runs draino"


async def test_what_may_not_be_read_is_a_gap(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"objects": [draino("Bad"), node("n1")]})
    cluster.forbid(verb="list", resource="nodes")
    assert [str(gap.permission) for gap in (await read(PROBE)).gaps] == ["list on nodes"]
    cluster.forbid_everything()
    assert [str(gap.permission) for gap in (await read(PROBE)).gaps] == ["list on apps/deployments"]
