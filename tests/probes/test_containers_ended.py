"""Which ends of containers are counted, and which of them belong to controllers."""

from typing import Any

from bot.playground.kubernetes import SimulatedCluster
from bot.probes import containers

CODES = {"ended": True, "exit_codes": [1, 255]}


def pod(name: str, *, namespace: str = "pay", ended: str = "", code: int = 1, owner: str = "", **spec: Any) -> dict:
    status: dict = {"name": "app", "ready": True, "restartCount": 0, "state": {"running": {"startedAt": "-1h"}}}
    if ended:
        terminated = {"exitCode": code, "reason": "Error", "startedAt": "-5d", "finishedAt": ended}
        status |= {"restartCount": 3, "lastState": {"terminated": terminated}}
    hash_ = name.split("-")[-2] if owner else ""
    return {
        "kind": "Pod",
        "metadata": {
            "name": name,
            "namespace": namespace,
            "creationTimestamp": "-6d",
            "labels": {"pod-template-hash": hash_} if owner else {},
            "ownerReferences": [{"kind": "ReplicaSet", "name": f"{owner}-{hash_}"}] if owner else [],
        },
        "spec": {"nodeName": "worker-a", "containers": [{"name": "app", "image": "a"}], **spec},
        "status": {"phase": "Running", "containerStatuses": [status]},
    }


def lease(name: str, holder: str, *, namespace: str = "pay") -> dict:
    spec = {"holderIdentity": holder, "leaseDurationSeconds": 15, "renewTime": "-2s"}
    return {"kind": "Lease", "metadata": {"name": name, "namespace": namespace}, "spec": spec}


def names(reading: Any) -> list[str]:
    return [str(row.values["pod"]) for row in reading.rows]


async def test_the_window_lies_around_the_last_end_of_the_focused_pod(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load(
        {
            "objects": [
                pod("asked-0", ended="-5h"),
                pod("together-0", namespace="net", ended="-310m"),
                pod("later-0", ended="-10m"),
                pod("killed-0", ended="-5h", code=137),
                pod("steady-0"),
            ]
        }
    )
    focus = {"kind": "Pod", "namespace": "pay", "name": "asked-0"}

    assert names(await read(containers.read, args=CODES, **focus)) == ["asked-0"]
    assert names(await read(containers.read, args={**CODES, "everywhere": True}, **focus)) == ["asked-0", "together-0"]


async def test_without_a_focused_pod_the_window_ends_now(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"objects": [pod("old-0", ended="-5h"), pod("new-0", ended="-10m"), pod("newer-0", ended="-1m")]})

    assert names(await read(containers.read, args={"ended": True})) == ["newer-0", "new-0"]
    assert names(await read(containers.read, args={"ended": True, "window_s": 86400})) == ["newer-0", "new-0", "old-0"]


async def test_a_workload_competes_for_a_lease_if_a_pod_of_it_holds_one_or_it_is_named_like_one(
    cluster: SimulatedCluster, read: Any
) -> None:
    """Identities as programs write them: pod and UUID, pod and suffix, the host's name, and another replica's."""
    cluster.load(
        {
            "objects": [
                pod("op-6c9f7d5b84-x7k2p", ended="-5m", owner="op"),
                pod("op-6c9f7d5b84-zz9mm", owner="op"),
                lease("a1b2.example.com", "op-6c9f7d5b84-zz9mm_0d9f"),
                pod("certs-5d8c9c4f6b-8hq5w", namespace="certs", ended="-6m", owner="certs"),
                lease("certs-controller", "certs-5d8c9c4f6b-8hq5w-external-controller", namespace="kube-system"),
                pod(
                    "cni-operator-79b6cd7b5c-kk4t9",
                    namespace="net",
                    ended="-7m",
                    owner="cni-operator",
                    hostNetwork=True,
                ),
                lease("cni-operator-resource-lock", "worker-a-tQxWmP", namespace="net"),
                pod("web-7c5f9dd8b6-q2n8t", ended="-8m", owner="web"),
                lease("worker-a", "worker-a", namespace="kube-node-lease"),
            ]
        }
    )

    rows = (await read(containers.read, args={**CODES, "everywhere": True})).rows

    assert {row.values["owner"]: row.values["lease"] for row in rows} == {
        "op": "a1b2.example.com", "certs": "certs-controller", "cni-operator": "cni-operator-resource-lock", "web": "",
    }  # fmt: skip
    assert [row.values["holds_lease"] for row in rows] == [True, True, True, False]


async def test_leases_that_may_not_be_read_are_a_gap_beside_the_ends(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"objects": [pod("asked-0", ended="-5m")]})
    cluster.forbid(group="coordination.k8s.io", resource="leases")

    everywhere = await read(containers.read, args={"ended": True, "everywhere": True})
    focused = await read(containers.read, args={"ended": True}, kind="Pod", namespace="pay", name="asked-0")

    assert names(everywhere) == ["asked-0"]
    assert "list on coordination.k8s.io/leases" in str(everywhere.gaps[0])
    assert focused.gaps == (), "no lease is needed for the pod's own ends"


async def test_steady_containers_are_listed_if_asked_for(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"objects": [pod("steady-0"), pod("old-0", ended="-5h")]})

    rows = (await read(containers.read, namespace="pay", args={"ended": True, "steady": True})).rows

    assert [(row.values["pod"], row.values["exit_code"], row.values["finished_s"]) for row in rows] == [
        ("steady-0", -1, -1)
    ]
    assert rows[0].values["pod_age_s"] >= 6 * 86400


async def test_a_pod_that_is_gone_is_missing_and_its_successor_stands_in(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"objects": [pod("op-6c9f7d5b84-x7k2p", ended="-5m", owner="op")]})

    reading = await read(containers.read, args={"ended": True}, kind="Pod", namespace="pay", name="op-6c9f7d5b84-b2c4d")

    assert names(reading) == ["op-6c9f7d5b84-x7k2p"]
    assert reading.missing == "Pod pay/op-6c9f7d5b84-b2c4d"


async def test_static_pods_are_of_the_control_plane(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load_neighbours()
    static = pod("kube-scheduler-control-1", namespace="kube-system", ended="-5m")
    static["metadata"]["ownerReferences"] = [{"kind": "Node", "name": "control-1"}]
    cluster.load({"objects": [static]})

    rows = (await read(containers.read, args={**CODES, "everywhere": True})).rows

    assert [(row.values["owner_kind"], row.values["owner"]) for row in rows] == [("StaticPod", "kube-scheduler")]
    assert rows[0].values["lease"] == "kube-scheduler"
