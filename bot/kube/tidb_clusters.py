"""TidbClusters: their components, the cluster that an object's name belongs to, the operator's containers.

TiDB Operator names its objects after the cluster and the component: `orders-pd-0`, `orders-pd`, `orders-tikv-peer`.

The operator merges an extra container into one of its own if both have the same name (since 1.4; before, the
StatefulSet was refused for the duplicate). Its own names depend on the component and its settings.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from bot.kube import field_paths
from bot.kube.objects import labels_of, spec_of
from bot.kube.owners import owner_references
from intents.domain import Json

INSTANCE_LABEL: Final = "app.kubernetes.io/instance"
_NAME_LABEL: Final = "app.kubernetes.io/name"
_OPERATED: Final = "tidb-cluster"

# Component → the suffix, after the cluster's name, of the Service through which others reach it.
SERVICES: Final[Mapping[str, str]] = MappingProxyType(
    {"discovery": "discovery", "pd": "pd", "tidb": "tidb", "tikv": "tikv-peer"}
)
# Words that may follow the cluster's name in the name of an object that belongs to it.
_BELONGING: Final = frozenset(
    {"discovery", "pd", "tidb", "tikv", "tiflash", "ticdc", "tiproxy", "pump", "drainer", "monitor", "cluster"}
)
# Keys of a component's status with the members that the operator has replaced by additional pods.
_REPLACED: Final = ("failureMembers", "failureStores")


def labelled_cluster(obj: Mapping[str, Any]) -> str:
    """Return the name of the TidbCluster that TiDB Operator's labels name; "" without them."""
    labels = labels_of(obj)
    return labels.get(INSTANCE_LABEL, "") if labels.get(_NAME_LABEL) == _OPERATED else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Members:
    """The members of PD as the operator last saw them."""

    healthy: tuple[str, ...] = ()
    unhealthy: tuple[str, ...] = ()


def part(obj: Any, *path: str) -> Mapping[str, Any]:
    """Return the mapping at a path of keys, an empty one if the path is missing or holds no mapping."""
    found = field_paths.get(obj, path)
    return found if isinstance(found, Mapping) else {}


def components_of(cluster: Json) -> tuple[str, ...]:
    """Return the components that the cluster asks for; discovery comes with PD."""
    spec = part(cluster, "spec")
    wanted = [name for name in ("pd", "tidb", "tikv") if isinstance(spec.get(name), Mapping)]
    return tuple(sorted([*wanted, *(["discovery"] if "pd" in wanted else [])]))


def desired(cluster: Json, component: str) -> int:
    """Return how many pods the operator should run: the replicas, and one for each member it has given up."""
    if component == "discovery":
        return 1
    status = part(cluster, "status", component)
    return replicas_of(cluster, component) + sum(len(part(status, key)) for key in _REPLACED)


def replicas_of(cluster: Json, component: str) -> int:
    """Return the replicas of a component that a TidbCluster asks for."""
    replicas = part(cluster, "spec", component).get("replicas")
    return replicas if isinstance(replicas, int) else 0


def is_made(cluster: Json, component: str) -> bool:
    """Tell whether the operator reports the component's StatefulSet."""
    return bool(part(cluster, "status", component).get("statefulSet"))


def members_of(cluster: Json) -> Members:
    """Return PD's members; none while PD has not reported to the operator."""
    status = part(cluster, "status", "pd")
    if status.get("synced") is False:
        return Members()
    members = part(status, "members")
    healthy = {name for name, member in members.items() if part(member).get("health") is True}
    return Members(healthy=tuple(sorted(healthy)), unhealthy=tuple(sorted(set(members) - healthy)))


def instance_of(cluster: Json) -> str:
    """Return the name in the instance label of the cluster's pods."""
    metadata = part(cluster, "metadata")
    return str(part(metadata, "labels").get(INSTANCE_LABEL) or metadata.get("name") or "")


def owner_among(clusters: Iterable[str], name: str) -> str:
    """Return the cluster that an object of this name belongs to, "" for none: `demo-2-pd-0` is not of `demo`."""
    fitting = [
        cluster
        for cluster in clusters
        if cluster and name.startswith(f"{cluster}-") and name[len(cluster) + 1 :].partition("-")[0] in _BELONGING
    ]
    return max(fitting, key=len, default="")


COMPONENT_LABEL: Final = "app.kubernetes.io/component"

# Components of a TidbCluster's spec that take extra containers. Discovery is a Deployment, all others are StatefulSets.
COMPONENTS: Final = ("discovery", "pd", "pump", "ticdc", "tidb", "tiflash", "tikv", "tiproxy")

# Components whose start script reads the annotation runmode=debug.
INSPECTABLE: Final = ("pd", "tidb", "tikv")


# Containers that only tail a log: the name, the setting that adds it ("" for one that is always there), its default.
_TAILERS: Final[Mapping[str, tuple[tuple[str, str, bool], ...]]] = {
    "tidb": (("slowlog", "separateSlowLog", True),),
    "tikv": (("rocksdblog", "separateRocksDBLog", False), ("raftlog", "separateRaftLog", False)),
    "tiflash": (("serverlog", "", True), ("errorlog", "", True), ("clusterlog", "", True)),
}


def generated_containers(component: str, spec: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the names of the containers that the operator itself adds to a component's pods."""
    tailers = _TAILERS.get(component, ())
    return (component, *(name for name, setting, default in tailers if _is_on(spec.get(setting), default)))


def _is_on(value: Any, default: bool) -> bool:
    return default if value is None else value is True


def operator_image(component: str, cluster_spec: Mapping[str, Any]) -> str:
    """Return the image of a component's main container by the TidbCluster alone; "" where the operator decides."""
    spec = cluster_spec.get(component)
    if not isinstance(spec, Mapping):
        return ""
    if image := spec.get("image"):
        return str(image)
    base, version = spec.get("baseImage"), spec.get("version") or cluster_spec.get("version")
    return f"{base}:{version}" if base and version else ""


def component_of(pod: Json) -> str:
    """Return the inspectable component that a pod runs, "" for any other pod.

    A label alone is easily copied: a container must have the component's name as well.
    """
    containers = {each.get("name") for each in spec_of(pod).get("containers") or ()}
    return next((each for each in INSPECTABLE if each in containers and _is_of(pod, each)), "")


def _is_of(pod: Json, component: str) -> bool:
    owners = (str(each.get("name", "")) for each in owner_references(pod))
    labelled = labels_of(pod).get(COMPONENT_LABEL) == component
    return labelled or any(owner.endswith(f"-{component}") for owner in owners)


def reads_annotations(pod: Json) -> bool:
    """Tell whether a pod's start script can read its annotations, through a volume that the kubelet updates."""
    for volume in spec_of(pod).get("volumes") or ():
        for item in (volume.get("downwardAPI") or {}).get("items") or ():
            if (item.get("fieldRef") or {}).get("fieldPath") == "metadata.annotations":
                return True
    return False
