"""Read the healthy objects, and build a large healthy cluster of them for benchmarks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

FILES: Final = ("healthy_workloads.yaml", "healthy_objects.yaml")
# One pod per node each: one copy is enough.
_ONCE: Final = ("DaemonSet",)
_PODS_PER_FILLER: Final = 20
_FILLERS_PER_NAMESPACE: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthyObject:
    """A healthy object: its name in tests, the object to ask about, and its world."""

    name: str
    kind: str
    namespace: str
    object: str
    world: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthyCluster:
    """A cluster of healthy objects: the world to load, and the objects to ask about as (kind, namespace, name)."""

    world: dict[str, Any]
    asks: tuple[tuple[str, str, str], ...]


def healthy_objects() -> tuple[HealthyObject, ...]:
    """Read every healthy object of the YAML files beside this module."""
    return tuple(one for file in FILES for one in _read(Path(__file__).parent / file))


def healthy_cluster(*, nodes: int = 200, copies: int = 40, fillers: int = 90) -> HealthyCluster:
    """Build a cluster with `copies` of every healthy object and `fillers` ordinary Deployments of 20 pods each.

    Each copy has its own namespaces; cluster-wide objects and DaemonSets are made once. The defaults make 4,985 pods:
    a diagnosis reads at most 5,000 objects of a kind.
    """
    world: dict[str, Any] = {"scene": {}, "faults": {}, "objects": [], "events": []}
    for number in range(nodes):
        world["scene"][f"Node/node-{number:03d}"] = {"zone": "abc"[number % 3], "cpu": 32, "memory": "128Gi"}
    asks: dict[tuple[str, str, str], None] = {}
    loaded: set[tuple[int, int]] = set()
    for one in healthy_objects():
        for copy in range(copies):
            if copy and copy_of(one, copy) == copy_of(one, 0):
                break
            asks[copy_of(one, copy)] = None
            # Objects asked about may share a world.
            if (id(one.world), copy) not in loaded:
                loaded.add((id(one.world), copy))
                _add(one.world, copy, to=world)
    for number in range(fillers):
        namespace, name = f"plain-{number // _FILLERS_PER_NAMESPACE}", f"app-{number}"
        world["scene"][f"Deployment/{namespace}/{name}"] = {
            "replicas": _PODS_PER_FILLER,
            "containers": {"app": "app:1"},
        }
        asks["Deployment", namespace, name] = None
    return HealthyCluster(world=world, asks=tuple(asks))


def copy_of(one: HealthyObject, copy: int) -> tuple[str, str, str]:
    """Return the kind, namespace and name of a copy; of what is made once, of the object itself."""
    return one.kind, one.namespace if one.kind in _ONCE else _copied(one.namespace, copy), one.object


def _read(path: Path) -> Iterator[HealthyObject]:
    for written in yaml.safe_load(path.read_text(encoding="utf-8")):
        kind, *namespace, name = written["ask"].split("/")
        yield HealthyObject(
            name=written["name"], kind=kind, namespace="".join(namespace), object=name, world=written["world"]
        )


def _copied(namespace: str, copy: int) -> str:
    return f"{namespace}-{copy}" if namespace and copy else namespace


def _moved(place: str, copy: int) -> str | None:
    """Return the name of an object's copy, None for an object that is made once."""
    kind, *namespace, name = place.split("/")
    if copy and not namespace:
        return None
    return "/".join((kind, *(_copied(each, copy) for each in namespace), name))


def _add(world: dict[str, Any], copy: int, *, to: dict[str, Any]) -> None:
    for key in ("scene", "faults"):
        for place, form in world.get(key, {}).items():
            if (moved := _moved(place, copy)) is not None:
                to[key][moved] = form
    for written in world.get("objects", ()):
        metadata = written["metadata"]
        if "namespace" in metadata:
            moved_metadata = metadata | {"namespace": _copied(metadata["namespace"], copy)}
            to["objects"].append(written | {"metadata": moved_metadata})
        elif not copy and written not in to["objects"]:
            to["objects"].append(written)
    for event in world.get("events", ()):
        if (moved := _moved(event["for"], copy)) is not None:
            to["events"].append(event | {"for": moved})
