"""The workloads in question, their pods that do not get ready, and the revisions behind them."""

from typing import Any

from bot.playground.kubernetes import SimulatedCluster
from bot.probes.revisions import read as REVISIONS
from bot.probes.workloads import read as PROBE
from intents.domain import GapReason
from tests.probes.conftest import Read

WEB = {
    "age": "20d",
    "containers": {"app": "web:8"},
    "before": {"containers": {"app": "web:7"}, "pods": ["web-7b6d5c4f9-2xk8p"]},
    "rolled": "40m",
    "pods": ["web-5d8f7c9b6-q7r2w"],
}
NEW = "Pod/shop/web-5d8f7c9b6-q7r2w"


def load(cluster: SimulatedCluster, scene: dict[str, Any], faults: dict[str, Any] | None = None, **more: Any) -> None:
    cluster.load({"scene": scene, "faults": faults or {}, **more})


async def test_a_rollout_with_a_failing_pod_is_stuck(cluster: SimulatedCluster, read: Read) -> None:
    load(cluster, {"Deployment/shop/web": WEB}, {NEW: {"exited": 1, "waiting": "CrashLoopBackOff", "restarts": 5}})

    (row,) = (await read(PROBE, kind="Pod", namespace="shop", name="web-5d8f7c9b6-q7r2w")).rows

    assert row.values["stuck"]
    assert row.values["pods"] == ("web-5d8f7c9b6-q7r2w",)
    assert row.values["failing"] == ("web-5d8f7c9b6-q7r2w: CrashLoopBackOff",)


async def test_a_fresh_rollout_whose_pod_still_starts_is_not_stuck(cluster: SimulatedCluster, read: Read) -> None:
    load(
        cluster, {"Deployment/shop/web": WEB | {"rolled": "2m"}}, {NEW: {"waiting": "ContainerCreating", "since": "2m"}}
    )

    (row,) = (await read(PROBE, kind="Deployment", namespace="shop", name="web")).rows

    assert not row.values["stuck"]
    assert row.values["pods"] == ("web-5d8f7c9b6-q7r2w",)


async def test_a_pod_that_is_gone_still_tells_its_deployment(cluster: SimulatedCluster, read: Read) -> None:
    load(cluster, {"Deployment/shop/web": WEB})

    reading = await read(PROBE, kind="Pod", namespace="shop", name="web-5d8f7c9b6-zzzzz")

    assert [row.subject.name for row in reading.rows] == ["web"]
    assert reading.missing


async def test_the_pods_of_a_healthy_workload_are_not_read_for_its_pod(cluster: SimulatedCluster, read: Read) -> None:
    load(cluster, {"Deployment/shop/web": {"containers": {"app": "web:8"}, "pods": ["web-5d8f7c9b6-q7r2w"]}},
         forbidden=["list pods", "list horizontalpodautoscalers"])  # fmt: skip

    reading = await read(PROBE, kind="Pod", namespace="shop", name="web-5d8f7c9b6-q7r2w")

    assert reading.gaps == ()
    assert not reading.rows[0].values["stuck"]


async def test_refused_pods_are_a_gap_and_the_counts_remain(cluster: SimulatedCluster, read: Read) -> None:
    load(cluster, {"Deployment/shop/web": WEB}, {"Deployment/shop/web": {"stuck": "30m"}, NEW: {"ready": False}},
         forbidden=["list pods"])  # fmt: skip

    reading = await read(PROBE, kind="Deployment", namespace="shop", name="web")

    assert [gap.reason for gap in reading.gaps] == [GapReason.FORBIDDEN]
    assert reading.rows[0].values["stuck"]


async def test_a_statefulset_waits_for_its_lowest_ordinal_and_an_update_for_its_highest(
    cluster: SimulatedCluster, read: Read
) -> None:
    broken = {"exited": 1, "waiting": "CrashLoopBackOff", "restarts": 5}
    scene = {
        "StatefulSet/shop/db": {"containers": {"app": "db:1"}, "replicas": 3},
        "StatefulSet/shop/queue": {
            "age": "9d", "containers": {"app": "queue:2"}, "replicas": 3, "rolled": "30m", "pods": ["queue-2"],
            "before": {"containers": {"app": "queue:1"}, "pods": ["queue-0", "queue-1"]},
        },
    }  # fmt: skip
    load(cluster, scene, {f"Pod/shop/{name}": broken for name in ("db-1", "db-2", "queue-1", "queue-2")})

    rows = {row.subject.name: row.values for row in (await read(PROBE, namespace="shop")).rows}

    assert rows["db"]["pod"] == "db-1"
    assert rows["queue"]["pod"] == "queue-2"
    assert rows["queue"]["waiting"] == 2


async def test_a_daemonset_names_the_nodes_without_a_ready_pod(cluster: SimulatedCluster, read: Read) -> None:
    pods = {"agent-k2xzq": "worker-a", "agent-9pt4w": "worker-b"}
    scene = {"DaemonSet/shop/agent": {"containers": {"app": "agent:1"}, "pods": pods}}
    load(cluster, scene, {"Pod/shop/agent-9pt4w": {"exited": 1, "waiting": "CrashLoopBackOff"}})

    (row,) = (await read(PROBE, kind="DaemonSet", namespace="shop", name="agent")).rows

    assert row.values["stuck"]
    assert row.values["nodes"] == ("worker-b",)


async def test_a_named_workload_that_does_not_exist_is_missing(cluster: SimulatedCluster, read: Read) -> None:
    assert (await read(PROBE, kind="Deployment", namespace="shop", name="gone")).missing
    assert (await read(REVISIONS, kind="Deployment", namespace="shop", name="gone")).missing


async def test_changes_name_a_variable_and_never_its_value(cluster: SimulatedCluster, read: Read) -> None:
    now = {"app": {"image": "web:8", "env": {"TOKEN": "hunter2"}}}
    load(cluster, {"Deployment/shop/web": WEB | {"containers": now}}, {NEW: {"ready": False, "since": "39m"}})

    (row,) = (await read(REVISIONS, kind="Deployment", namespace="shop", name="web")).rows

    assert row.values["changes"] == ("app: image web:7 → web:8", "app: env TOKEN added: set")
    assert "hunter2" not in str(row)
    assert (row.values["earlier"], row.values["earlier_ready"], row.values["earlier_ran"]) == (1, 1, True)


async def test_an_earlier_revision_without_a_ready_pod_is_not_known_to_have_run(
    cluster: SimulatedCluster, read: Read
) -> None:
    fresh = WEB | {"age": "41m", "before": {"containers": {"app": "web:7"}}}
    load(cluster, {"Deployment/shop/web": fresh}, {"Deployment/shop/web": {"ready": False, "since": "40m"}})

    (row,) = (await read(REVISIONS, kind="Deployment", namespace="shop", name="web")).rows

    assert not row.values["earlier_ran"]


async def test_ready_pods_of_a_daemonset_show_that_its_earlier_revision_runs(
    cluster: SimulatedCluster, read: Read
) -> None:
    scene = {
        "DaemonSet/shop/agent": {
            "age": "9d", "containers": {"app": "agent:2"}, "rolled": "30m", "pods": {"agent-9pt4w": "worker-b"},
            "before": {"containers": {"app": "agent:1"}, "pods": {"agent-k2xzq": "worker-a"}},
        }
    }  # fmt: skip
    load(cluster, scene, {"Pod/shop/agent-9pt4w": {"exited": 1, "waiting": "CrashLoopBackOff"}})

    (row,) = (await read(REVISIONS, kind="DaemonSet", namespace="shop", name="agent")).rows

    assert (row.values["earlier_ready"], row.values["earlier_ran"]) == (1, True)
