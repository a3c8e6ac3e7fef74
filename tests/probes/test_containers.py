"""Test the containers probe: effective security settings, states, what counts as trouble."""

from typing import Any

import pytest

from bot.cli.rehearsal import REHEARSAL_TIME
from bot.playground.kubernetes import SimulatedCluster
from bot.probes import containers
from intents.domain import GapReason


def pod(name: str = "api-0", *, spec: dict | None = None, status: dict | None = None) -> dict:
    return {
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "pay", "labels": {"app": "api"}},
        "spec": {"nodeName": "worker-a", "containers": [{"name": "api", "image": "api:1"}]} | (spec or {}),
        "status": {"phase": "Running"} | (status or {}),
    }


def running(name: str = "api", **more: Any) -> dict[str, Any]:
    return {"name": name, "ready": True, "restartCount": 0, "state": {"running": {"startedAt": "-3h"}}} | more


@pytest.mark.parametrize(
    ("pod_context", "own_context", "expected"),
    [
        ({}, {}, (False, -1)),
        ({"runAsNonRoot": True}, {}, (True, -1)),
        ({"runAsNonRoot": True, "runAsUser": 1000}, {}, (True, 1000)),
        ({"runAsNonRoot": True}, {"runAsNonRoot": False}, (False, -1)),
        ({"runAsUser": 1000}, {"runAsNonRoot": True, "runAsUser": 0}, (True, 0)),
        ({"runAsNonRoot": False}, {"runAsNonRoot": True}, (True, -1)),
    ],
)
async def test_a_containers_own_security_setting_wins_over_its_pods(
    cluster: SimulatedCluster, read: Any, pod_context: dict, own_context: dict, expected: tuple[bool, int]
) -> None:
    spec = {
        "securityContext": pod_context,
        "containers": [{"name": "api", "image": "a", "securityContext": own_context}],
    }
    cluster.load({"objects": [pod(spec=spec)]})

    (row,) = (await read(containers.read, kind="Pod", namespace="pay", name="api-0")).rows

    assert (row.values["run_as_non_root"], row.values["run_as_user"]) == expected


async def test_init_containers_come_first_and_ephemeral_ones_not_at_all(cluster: SimulatedCluster, read: Any) -> None:
    spec = {
        "initContainers": [{"name": "wait", "image": "a"}, {"name": "proxy", "image": "a", "restartPolicy": "Always"}],
        "ephemeralContainers": [{"name": "debug", "image": "busybox"}],
    }
    cluster.load({"objects": [pod(spec=spec)]})

    rows = (await read(containers.read, kind="Pod", namespace="pay", name="api-0")).rows

    assert [(row.values["container"], row.values["init"]) for row in rows] == [
        ("wait", True), ("proxy", True), ("api", False),
    ]  # fmt: skip


async def test_a_state_says_what_it_is_and_when_the_last_run_ended(cluster: SimulatedCluster, read: Any) -> None:
    waiting = {
        "name": "api",
        "ready": False,
        "restartCount": 7,
        "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 5m0s restarting failed container"}},
        "lastState": {"terminated": {"exitCode": 137, "reason": "OOMKilled", "startedAt": "-10m", "finishedAt": "-4m"}},
    }
    cluster.load({"objects": [pod(status={"containerStatuses": [waiting]})]})

    (row,) = (await read(containers.read, kind="Pod", namespace="pay", name="api-0")).rows

    values = row.values
    assert (values["state"], values["reason"], values["restarts"]) == ("waiting", "CrashLoopBackOff", 7)
    assert row.at is not None
    assert abs((REHEARSAL_TIME - row.at).total_seconds() - 240) <= 2
    assert row.quote == "back-off 5m0s restarting failed container"


async def test_a_container_without_a_status_still_has_a_row(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"objects": [pod(status={"phase": "Pending"})]})

    (row,) = (await read(containers.read, kind="Pod", namespace="pay", name="api-0")).rows

    assert row.values["state"] == ""


async def test_a_pod_not_there_is_missing_and_a_refusal_is_a_gap(cluster: SimulatedCluster, read: Any) -> None:
    gone = await read(containers.read, kind="Pod", namespace="pay", name="nope")
    assert (gone.rows, gone.gaps, gone.missing) == ((), (), "Pod pay/nope")

    cluster.forbid(resource="pods")
    refused = await read(containers.read, kind="Pod", namespace="pay", name="nope")
    assert [gap.reason for gap in refused.gaps] == [GapReason.FORBIDDEN]


async def test_the_topmost_owner_is_followed_for_waiting_containers_only(cluster: SimulatedCluster, read: Any) -> None:
    waiting = {"name": "api", "ready": False, "restartCount": 0, "state": {"waiting": {"reason": "ErrImagePull"}}}
    owner = {"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "db-tikv"}
    pods = [
        pod("db-tikv-0", status={"containerStatuses": [waiting]}),
        pod("db-tikv-1", status={"containerStatuses": [running()]}),
    ]
    for each in pods:
        each["metadata"]["ownerReferences"] = [owner]
    cluster.load(
        {
            "objects": [
                {
                    "kind": "TidbCluster",
                    "apiVersion": "pingcap.com/v1alpha1",
                    "metadata": {"name": "db", "namespace": "pay"},
                },
                {
                    "kind": "StatefulSet",
                    "metadata": {
                        "name": "db-tikv",
                        "namespace": "pay",
                        "ownerReferences": [
                            {"apiVersion": "pingcap.com/v1alpha1", "kind": "TidbCluster", "name": "db"}
                        ],
                    },
                    "spec": {"selector": {"matchLabels": {"app": "api"}}},
                },
                *pods,
            ]
        }
    )

    rows = (await read(containers.read, namespace="pay", args={"owners": True})).rows
    assert [(row.values["top_kind"], row.values["top_name"]) for row in rows] == [("TidbCluster", "db"), ("", "")]

    cluster.forbid(resource="tidbclusters")
    refused = await read(containers.read, namespace="pay", args={"owners": True})
    assert [row.values["top_kind"] for row in refused.rows] == ["TidbCluster", ""]
    assert [str(gap) for gap in refused.gaps] == [
        "cannot read TidbCluster pay/db: needs get on pingcap.com/tidbclusters"
    ]


@pytest.mark.parametrize(
    ("message", "user"),
    [
        (
            "container has runAsNonRoot and image has non-numeric user (memcache), cannot verify user is non-root",
            "memcache",
        ),
        ("unable to validate image is non-root, non-numeric user (app) is not allowed", "app"),
        ("container has runAsNonRoot and image will run as root", ""),
        ("image has non-numeric user (", ""),
    ],
)
async def test_the_name_of_an_images_user_is_told_where_the_kubelet_refuses_it(
    cluster: SimulatedCluster, read: Any, message: str, user: str
) -> None:
    refused = {
        "name": "api",
        "ready": False,
        "state": {"waiting": {"reason": "CreateContainerConfigError", "message": message}},
    }
    cluster.load({"objects": [pod(status={"containerStatuses": [refused]})]})

    (row,) = (await read(containers.read, kind="Pod", namespace="pay", name="api-0")).rows

    assert row.values["image_user"] == user
