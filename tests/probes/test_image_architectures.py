"""On which architectures the image of a failing container runs."""

from typing import Any

from bot.playground.kubernetes import SimulatedCluster
from bot.probes import image_architectures


def world(second: str) -> dict:
    return {
        "scene": {
            "Node/arm-1": {"labels": {"kubernetes.io/arch": "arm64"}},
            "Node/amd-1": {"labels": {"kubernetes.io/arch": "amd64"}},
            "Pod/shop/api-0": {"node": "arm-1", "containers": {"api": "api:7"}},
            "Pod/shop/api-1": {"node": second, "containers": {"api": "api:7"}},
        },
        "faults": {"Pod/shop/api-0": {"exited": 1, "waiting": "CrashLoopBackOff"}},
    }


async def test_an_image_that_runs_on_another_architecture_only(cluster: SimulatedCluster, read: Any) -> None:
    pod = {"kind": "Pod", "namespace": "shop", "name": "api-0"}

    cluster.load(world("amd-1"))
    (row,) = (await read(image_architectures.read, **pod)).rows
    assert (row.values["architecture"], row.values["elsewhere"]) == ("arm64", ("amd64",))
    assert row.values["only_elsewhere"] is True

    cluster.load(world("arm-1"))
    (row,) = (await read(image_architectures.read, **pod)).rows
    assert row.values["only_elsewhere"] is False


async def test_pods_that_are_ready_are_not_judged(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load(world("amd-1") | {"faults": {}})

    reading = await read(image_architectures.read, kind="Pod", namespace="shop", name="api-0")

    assert (reading.rows, reading.looked_at) == ((), 1)
