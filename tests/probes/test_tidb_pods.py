"""Test the diagnostic-mode probe: PD, TiKV and TiDB pods, and other pods."""

from typing import Any

import pytest

from bot.playground.kubernetes import SimulatedCluster
from bot.probes import tidb_pods
from intents.domain import GapReason

PROBE = tidb_pods.read
LOOPING = {
    "ready": False,
    "restartCount": 9,
    "state": {"waiting": {"reason": "CrashLoopBackOff"}},
    "lastState": {"terminated": {"exitCode": 1, "startedAt": "-95s", "finishedAt": "-90s"}},
}
RUNNING = {"ready": True, "restartCount": 9, "state": {"running": {"startedAt": "-1h"}}}
SEEN = {"downwardAPI": {"items": [{"path": "annotations", "fieldRef": {"fieldPath": "metadata.annotations"}}]}}


def pod(name: str, *, status: dict, annotations: dict | None = None, volumes: list | None = None) -> dict:
    owner = name.rpartition("-")[0]
    component = owner.rpartition("-")[2]
    return {
        "kind": "Pod",
        "metadata": {
            "name": name,
            "namespace": "db",
            "labels": {"app.kubernetes.io/component": component},
            "annotations": annotations or {},
            "ownerReferences": [{"kind": "StatefulSet", "name": owner}],
        },
        "spec": {
            "nodeName": "worker-a",
            "containers": [{"name": "slowlog", "image": "busybox"}, {"name": component, "image": component}],
            "volumes": volumes or [],
        },
        "status": {
            "phase": "Running",
            "containerStatuses": [{"name": "slowlog", **RUNNING}, {"name": component, **status}],
        },
    }


async def test_the_component_itself_is_told_not_what_tails_its_log(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"objects": [pod("demo-tidb-0", status=LOOPING, volumes=[{"name": "annotations", **SEEN}])]})

    (row,) = (await read(PROBE, kind="Pod", namespace="db", name="demo-tidb-0")).rows

    values = row.values
    assert (values["container"], values["restarts"]) == ("tidb", 9)
    assert (values["crash_looping"], values["running"]) == (True, False)
    assert (values["annotated"], values["sees_annotations"]) == (False, True)
    assert row.quote == "demo-tidb-0: CrashLoopBackOff, 9 restarts"


@pytest.mark.parametrize(
    ("annotations", "annotated"), [({"runmode": "debug"}, True), ({"runmode": "normal"}, False), ({"debug": ""}, False)]
)
async def test_only_the_annotation_that_the_start_script_reads_counts(
    cluster: SimulatedCluster, read: Any, annotations: dict[str, str], annotated: bool
) -> None:
    cluster.load({"objects": [pod("demo-pd-0", status=RUNNING, annotations=annotations)]})

    (row,) = (await read(PROBE, namespace="db")).rows

    assert row.values["annotated"] is annotated
    assert (row.values["running"], row.values["running_s"]) == (True, 3600)


async def test_what_keeps_failing_stands_first(cluster: SimulatedCluster, read: Any) -> None:
    pods = [
        pod("demo-pd-0", status=RUNNING),
        pod("demo-tikv-1", status=LOOPING),
        pod("demo-discovery-x", status=LOOPING),
    ]
    cluster.load({"objects": pods})

    rows = (await read(PROBE, namespace="db")).rows

    assert [row.values["pod"] for row in rows] == ["demo-tikv-1", "demo-pd-0"]


@pytest.mark.parametrize(
    ("focus", "pods"),
    [
        ({"kind": "TidbCluster", "name": "demo"}, ["demo-pd-0"]),
        ({"kind": "StatefulSet", "name": "other-pd"}, ["other-pd-0"]),
        ({"kind": "Pod", "name": "other-pd-0"}, ["other-pd-0"]),
    ],
)
async def test_only_the_pods_in_question_are_told(
    cluster: SimulatedCluster, read: Any, focus: dict[str, str], pods: list[str]
) -> None:
    stateful = {
        "kind": "StatefulSet",
        "metadata": {"name": "other-pd", "namespace": "db"},
        "spec": {"selector": {"matchLabels": {}}, "template": {"metadata": {}, "spec": {"containers": []}}},
    }
    cluster.load({"objects": [stateful, pod("demo-pd-0", status=LOOPING), pod("other-pd-0", status=LOOPING)]})

    rows = (await read(PROBE, namespace="db", **focus)).rows

    assert [row.values["pod"] for row in rows] == pods


@pytest.mark.parametrize("focus", [{"kind": "Service", "name": "demo-pd"}, {"kind": "Pod", "name": "web-0"}, {}])
async def test_of_other_objects_the_question_does_not_arise(
    cluster: SimulatedCluster, read: Any, focus: dict[str, str]
) -> None:
    cluster.load({"objects": [pod("web-0", status=LOOPING)]})

    reading = await read(PROBE, namespace="db", **focus)

    assert reading.rows == ()
    assert reading.not_applicable


async def test_a_pod_that_is_gone_is_missing(cluster: SimulatedCluster, read: Any) -> None:
    reading = await read(PROBE, kind="Pod", namespace="db", name="demo-pd-3")

    assert (reading.rows, reading.missing) == ((), "Pod db/demo-pd-3")


@pytest.mark.parametrize("kind", ["", "TidbCluster"])
async def test_what_may_not_be_read_is_a_gap(cluster: SimulatedCluster, read: Any, kind: str) -> None:
    cluster.load({"objects": [], "forbidden": [{"verb": "*", "group": "", "resource": "pods"}]})

    (gap,) = (await read(PROBE, kind=kind, namespace="db", name="demo" if kind else "")).gaps

    assert gap.reason is GapReason.FORBIDDEN


async def test_missing_fields_are_no_defect(cluster: SimulatedCluster, read: Any) -> None:
    bare = pod("demo-pd-0", status={})
    del bare["status"]
    cluster.load({"objects": [bare]})

    (row,) = (await read(PROBE, namespace="db")).rows

    assert (row.values["running"], row.values["crash_looping"], row.values["running_s"]) == (False, False, -1)
