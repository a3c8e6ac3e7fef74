"""Test the sandbox-image probe: pods without a sandbox."""

from typing import Any

from bot.playground.kubernetes import SimulatedCluster
from bot.probes.image_pulls import read as PROBE
from intents.domain import ProbeResult

CREATING = {"waiting": {"reason": "ContainerCreating"}}
MESSAGE = (
    "Failed to create pod sandbox: rpc error: code = Unknown desc = "
    'failed to get sandbox image "registry.k8s.io/pause:3.6": '
    'failed to pull image "registry.k8s.io/pause:3.6": failed to do request: Head "https://registry.k8s.io/v2/": '
    "dial tcp 34.96.108.209:443: i/o timeout"
)

SHOWN = {"shows": "sandboxes"}


def node(name: str = "n1", *, runtime: str = "containerd://1.7.24", images: tuple[str, ...] = ()) -> dict:
    listed = [{"names": [image], "sizeBytes": 1} for image in images]
    status = {"nodeInfo": {"containerRuntimeVersion": runtime}, "images": listed}
    return {"kind": "Node", "metadata": {"name": name}, "status": status}


def pod(name: str, *, on: str = "n1", namespace: str = "shop", state: dict = CREATING) -> dict:
    return {
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"nodeName": on, "containers": [{"name": "a", "image": "a"}]},
        "status": {"phase": "Pending", "containerStatuses": [{"name": "a", "ready": False, "state": state}]},
    }


def failed(name: str, last: str = "-20s", message: str = MESSAGE, namespace: str = "shop") -> dict:
    return {
        "for": f"Pod/{namespace}/{name}",
        "reason": "FailedCreatePodSandBox",
        "message": message,
        "count": 9,
        "first": "-1h",
        "last": last,
    }


def values(reading: ProbeResult) -> dict[str, dict[str, Any]]:
    return {str(row.values["pod"]): dict(row.values) for row in reading.rows}


async def test_the_event_is_joined_with_the_nodes_runtime_and_images(cluster: SimulatedCluster, read: Any) -> None:
    listed = ("registry.k8s.io/pause:3.9", "docker.io/library/web:1")
    cluster.load({"objects": [node(images=listed), pod("a"), pod("b")], "events": [failed("a"), failed("b")]})

    row = values(await read(PROBE, args=SHOWN, kind="Pod", namespace="shop", name="a"))["a"]

    assert (row["image"], row["registry"], row["failure"]) == (
        "registry.k8s.io/pause:3.6",
        "registry.k8s.io",
        "unreachable",
    )
    assert (row["current"], row["last_s"], row["pods_there"]) == (True, 20, 1)
    assert (row["runtime"], row["containerd"], row["listed"], row["present"]) == ("containerd://1.7.24", True, 2, False)
    assert row["other_pause"] == ("registry.k8s.io/pause:3.9",)
    assert {name: each["pods_there"] for name, each in values(await read(PROBE, args=SHOWN)).items()} == {
        "a": 2,
        "b": 2,
    }


async def test_a_sandbox_image_that_the_node_lists_is_present(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({
        "objects": [node(images=("registry.k8s.io/pause:3.6",), runtime="docker://24.0.7"), pod("a")],
        "events": [failed("a")],
    })  # fmt: skip

    row = values(await read(PROBE, args=SHOWN))["a"]

    assert (row["present"], row["other_pause"], row["containerd"]) == (True, (), False)


async def test_what_happened_since_shows_that_the_sandbox_came(cluster: SimulatedCluster, read: Any) -> None:
    pulling = {
        "for": "Pod/shop/a",
        "container": "a",
        "type": "Normal",
        "reason": "Pulling",
        "message": 'Pulling image "a"',
    }
    running = {"running": {"startedAt": "-5m"}}
    cluster.load({
        "objects": [node(), pod("a"), pod("b", state=running), pod("c")],
        "events": [failed("a", "-5m"), {**pulling, "last": "-4m"}, failed("b", "-6m"), failed("c")],
    })  # fmt: skip

    reading = await read(PROBE, args=SHOWN, namespace="shop")

    assert {name: row["current"] for name, row in values(reading).items()} == {"a": False, "b": False, "c": True}
    assert reading.rows[0].values["pod"] == "c"


async def test_other_troubles_of_sandboxes_are_none_of_this(cluster: SimulatedCluster, read: Any) -> None:
    network = (
        'Failed to create pod sandbox: rpc error: code = Unknown desc = failed to setup network for sandbox "1f": eof'
    )
    cluster.load({"objects": [node(), pod("a")], "events": [failed("a", message=network)]})

    assert (await read(PROBE, args=SHOWN)).rows == ()


async def test_only_the_node_asked_about(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"objects": [pod("a"), pod("b", on="n2")], "events": [failed("a"), failed("b")]})

    assert set(values(await read(PROBE, args=SHOWN, node="n2"))) == {"b"}
    assert set(values(await read(PROBE, args=SHOWN, kind="Node", name="n1"))) == {"a"}


async def test_without_the_node_the_runtime_is_unknown(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"objects": [node(), pod("a")], "events": [failed("a")]})
    cluster.forbid(verb="list", resource="nodes")

    reading = await read(PROBE, args=SHOWN)

    row = values(reading)["a"]
    assert (row["runtime"], row["containerd"], row["listed"], row["current"]) == ("", False, -1, True)
    assert [str(gap.permission) for gap in reading.gaps] == ["list on nodes"]


async def test_gaps_and_missing_pods(cluster: SimulatedCluster, read: Any) -> None:
    assert (await read(PROBE, args=SHOWN, kind="Pod", namespace="shop", name="x")).missing == "Pod shop/x"
    cluster.load({"objects": [pod("a")], "events": [failed("a")]})
    cluster.forbid(verb="list", resource="events")
    assert [str(gap.permission) for gap in (await read(PROBE, args=SHOWN)).gaps] == ["list on events"]
    cluster.forbid_everything()
    assert [str(gap.permission) for gap in (await read(PROBE, args=SHOWN)).gaps] == ["list on pods"]
