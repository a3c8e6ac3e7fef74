"""Test how the pull-queue probe tells waiting from pulling."""

from typing import Any

from bot.playground.kubernetes import SimulatedCluster
from bot.probes.image_pulls import read as PROBE
from intents.domain import ProbeResult

CREATING = {"waiting": {"reason": "ContainerCreating"}}
RUNNING = {"running": {"startedAt": "-1m"}}

SHOWN = {"shows": "queue"}


def pod(name: str, *, node: str = "n1", namespace: str = "shop", state: dict = CREATING) -> dict:
    status = {"name": "app", "image": f"{name}:1", "ready": state is RUNNING, "restartCount": 0, "state": state}
    return {
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"nodeName": node, "containers": [{"name": "app", "image": f"{name}:1"}]},
        "status": {"phase": "Pending", "containerStatuses": [status]},
    }


def event(name: str, reason: str, message: str, last: str, *, namespace: str = "shop") -> dict:
    kind = "Warning" if reason == "Failed" else "Normal"
    about = f"Pod/{namespace}/{name}"
    return {"for": about, "container": "app", "type": kind, "reason": reason, "message": message, "last": last}


def pulling(name: str, last: str, **where: str) -> dict:
    return event(name, "Pulling", f'Pulling image "{name}:1"', last, **where)


def pulled(name: str, took: str, last: str, **where: str) -> dict:
    return event(name, "Pulled", f'Successfully pulled image "{name}:1"{f" in {took}" if took else ""}', last, **where)


def values(reading: ProbeResult) -> dict[str, dict[str, Any]]:
    return {str(row.values["pod"]): dict(row.values) for row in reading.rows}


async def test_the_order_of_events_tells_who_waited_for_whom(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({
        "objects": [pod("small"), pod("big", namespace="data"), pod("far", node="n2", namespace="data")],
        "events": [
            pulling("big", "-20m", namespace="data"),
            pulled("big", "11m", "-9m", namespace="data"),
            pulling("small", "-18m"),
            pulled("small", "10m", "-8m"),
            pulled("far", "30m", "-1m", namespace="data"),
        ],
    })  # fmt: skip

    rows = values(await read(PROBE, args=SHOWN, kind="Pod", namespace="shop", name="small"))

    assert set(rows) == {"small", "big"}
    small = rows["small"]
    assert (small["asked"], small["told"], small["state"], small["parallel"]) == (True, False, "pulled", False)
    assert (small["took_s"], small["waited_s"], small["own_s"], small["waiting_pct"]) == (600, 540, 60, 90)
    assert (small["behind"], small["blocker"], small["blocker_own_s"]) == (
        ("big:1 (data/big)",), "big:1 (data/big)", 660,
    )  # fmt: skip
    assert (rows["big"]["asked"], rows["big"]["waited_s"], rows["big"]["behind"]) == (False, 0, ())


async def test_a_size_that_the_kubelet_does_not_tell_is_looked_up_on_the_node(
    cluster: SimulatedCluster, read: Any
) -> None:
    images = [{"names": ["docker.io/library/big@sha256:0", "docker.io/library/big:1"], "sizeBytes": 6442450944}]
    world = {
        "objects": [
            pod("big"), pod("small"), {"kind": "Node", "metadata": {"name": "n1"}, "status": {"images": images}},
        ],
        "events": [pulled("big", "11m", "-9m"), pulled("small", "10m", "-8m")],
    }  # fmt: skip
    cluster.load(world)

    assert values(await read(PROBE, args=SHOWN, namespace="shop"))["small"]["blocker_size"] == 6442450944
    cluster.forbid(verb="get", resource="nodes")
    reading = await read(PROBE, args=SHOWN, namespace="shop")
    assert values(reading)["small"]["blocker_size"] == -1
    assert [str(gap.permission) for gap in reading.gaps] == ["get on nodes"]


async def test_what_the_kubelet_tells_itself_counts_before_the_order(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({
        "objects": [pod("fast"), pod("slow")],
        "events": [
            pulled("fast", "8s (9m10s including waiting). Image size: 5242880 bytes.", "-1m"),
            pulled("slow", "8m (8m including waiting)", "-2m"),
        ],
    })  # fmt: skip

    rows = values(await read(PROBE, args=SHOWN, namespace="shop"))

    fast, slow = rows["fast"], rows["slow"]
    assert (fast["told"], fast["waited_s"], fast["own_s"], fast["waiting_pct"]) == (True, 542, 8, 98)
    assert (slow["told"], slow["waited_s"], slow["waiting_pct"]) == (True, 0, 0)


async def test_pulls_that_overtake_each_other_run_at_once(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({
        "objects": [pod("a"), pod("b"), pod("c")],
        "events": [
            pulled("a", "9m", "-1m"),  # began at -10m
            pulled("b", "2m", "-6m"),  # began at -8m, ended long before
            pulled("c", "6m", "-30s"),
        ],
    })  # fmt: skip

    rows = values(await read(PROBE, args=SHOWN, namespace="shop"))

    assert {name: row["parallel"] for name, row in rows.items()} == {"a": True, "b": True, "c": True}
    assert (rows["b"]["behind"], rows["b"]["waited_s"]) == ((), 0)


async def test_a_pull_under_way_counts_what_ended_before_and_names_what_goes_on(
    cluster: SimulatedCluster, read: Any
) -> None:
    cluster.load({
        "objects": [pod("first"), pod("second"), pod("third")],
        "events": [
            pulling("first", "-12m"), pulled("first", "", "-4m"),
            pulling("second", "-11m"),
            pulling("third", "-10m"),
        ],
    })  # fmt: skip

    row = values(await read(PROBE, args=SHOWN, kind="Pod", namespace="shop", name="third"))["third"]

    assert (row["state"], row["began_s"], row["ended_s"], row["took_s"]) == ("pulling", 600, -1, 600)
    assert (row["waited_s"], row["behind"], row["ahead"]) == (
        360,
        ("first:1 (shop/first)",),
        ("second:1 (shop/second)",),
    )


async def test_a_failed_pull_marks_its_pod(cluster: SimulatedCluster, read: Any) -> None:
    waiting = {"waiting": {"reason": "ImagePullBackOff"}}
    cluster.load({
        "objects": [pod("a"), pod("b", state=waiting)],
        "events": [
            pulling("a", "-5m"), event("a", "Failed", 'Failed to pull image "a:1": rpc error: i/o timeout', "-3m"),
            pulled("b", "2m", "-2m"),
        ],
    })  # fmt: skip

    rows = values(await read(PROBE, args=SHOWN, namespace="shop"))

    assert (rows["a"]["state"], rows["a"]["took_s"], rows["a"]["pod_failed"]) == ("failed", 120, True)
    assert rows["b"]["pod_failed"] is True


async def test_only_the_image_or_node_asked_about(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({
        "objects": [pod("a"), pod("b", node="n2")],
        "events": [pulled("a", "2m", "-5m"), pulled("b", "2m", "-5m")],
    })  # fmt: skip

    assert set(values(await read(PROBE, args=SHOWN, named={"image": "docker.io/library/a:1"}))) == {"a"}
    assert set(values(await read(PROBE, args=SHOWN, node="n2"))) == {"b"}
    assert (await read(PROBE, args=SHOWN, named={"image": "nobody/has:it"})).rows == ()


async def test_a_container_that_waits_without_any_pull_is_told_of(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"objects": [pod("a"), pod("b", state=RUNNING)]})

    (row,) = (await read(PROBE, args=SHOWN, kind="Pod", namespace="shop", name="a")).rows

    assert (row.values["state"], row.values["asked"], row.values["waited_s"]) == ("none", True, 0)
    assert (await read(PROBE, args=SHOWN, kind="Pod", namespace="shop", name="b")).rows == ()
    assert (await read(PROBE, args=SHOWN, namespace="shop")).rows == ()


async def test_what_may_not_be_read_is_a_gap_and_the_own_namespace_still_counts(
    cluster: SimulatedCluster, read: Any
) -> None:
    cluster.load({
        "objects": [pod("a"), pod("b")],
        "events": [pulled("a", "9m", "-5m"), pulled("b", "8m", "-4m")],
    })  # fmt: skip
    cluster.forbid(verb="list", resource="events", namespace="")

    reading = await read(PROBE, args=SHOWN, kind="Pod", namespace="shop", name="b")

    assert [str(gap) for gap in reading.gaps] == ["cannot read events in all namespaces: needs list on events"]
    assert values(reading)["b"]["waited_s"] == 420
    cluster.forbid_everything()
    assert {str(gap.permission) for gap in (await read(PROBE, args=SHOWN, namespace="shop")).gaps} == {
        "list on pods",
        "list on events",
    }


async def test_a_pod_that_is_gone_is_missing(cluster: SimulatedCluster, read: Any) -> None:
    assert (await read(PROBE, args=SHOWN, kind="Pod", namespace="shop", name="x")).missing == "Pod shop/x"
