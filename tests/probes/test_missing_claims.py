"""The claims that waiting pods name and that do not exist."""

from typing import Any

from bot.playground.kubernetes import SimulatedCluster
from bot.probes import claims

POD = {"kind": "Pod", "namespace": "web", "name": "files-0"}
ARGS = {"shows": "missing"}
NOT_FOUND = '0/4 nodes are available: persistentvolumeclaim "cache" not found. not found'
WAITS = {"Pod/web/files-0": {"unschedulable": NOT_FOUND}}
NAMES_ONE = {"containers": {"files": "files:1"}, "claims": {"data": "cache"}, "age": "5m"}


async def test_a_missing_claim_is_told_with_the_closest_name_and_where_one_exists(
    cluster: SimulatedCluster, read: Any
) -> None:
    others: dict[str, Any] = {"PersistentVolumeClaim/web/cache-2": {}, "PersistentVolumeClaim/media/cache": {}}
    cluster.load({"scene": {"Pod/web/files-0": NAMES_ONE, **others}, "faults": WAITS})

    (row,) = (await read(claims.read, args=ARGS, **POD)).rows

    assert (row.values["pvc"], row.values["nearest"], row.values["elsewhere"]) == ("cache", "cache-2", ("media",))


async def test_the_pods_that_name_a_claim_are_found_by_the_claim(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"scene": {"Pod/web/files-0": NAMES_ONE}, "faults": WAITS})

    reading = await read(claims.read, args=ARGS, kind="PersistentVolumeClaim", namespace="web", name="cache")

    assert [row.values["pod"] for row in reading.rows] == ["files-0"]


async def test_a_claim_that_exists_has_no_row_and_one_that_cannot_be_read_is_a_gap(
    cluster: SimulatedCluster, read: Any
) -> None:
    world = {"scene": {"Pod/web/files-0": NAMES_ONE, "PersistentVolumeClaim/web/cache": {}}, "faults": WAITS}

    cluster.load(world)
    assert (await read(claims.read, args=ARGS, **POD)).rows == ()

    cluster.load({**world, "forbidden": ["get persistentvolumeclaims"]})
    reading = await read(claims.read, args=ARGS, **POD)
    assert (reading.rows, len(reading.gaps)) == ((), 1)
