"""What TiDB Operator makes of a TidbCluster: which containers carry its names, and which pods are PD, TiKV or TiDB.

The operator merges an extra container into one of its own if both have the same name (since 1.4; before, the
StatefulSet was refused for the duplicate). Which names are its own depends on the component and on its settings.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from intents.domain import Json

COMPONENT_LABEL: Final = "app.kubernetes.io/component"

# Components of a TidbCluster's spec whose pods may be given extra containers. Discovery is a Deployment, all others
# are StatefulSets.
COMPONENTS: Final = ("discovery", "pd", "pump", "ticdc", "tidb", "tiflash", "tikv", "tiproxy")

# Components whose start script looks for the annotation runmode=debug.
INSPECTABLE: Final = ("pd", "tidb", "tikv")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tailer:
    """A container that only tails a log, and the setting that asks for it; TiFlash always has its own."""

    name: str
    setting: str = ""
    default: bool = True


_TAILERS: Final[Mapping[str, tuple[_Tailer, ...]]] = {
    "tidb": (_Tailer(name="slowlog", setting="separateSlowLog"),),
    "tikv": (
        _Tailer(name="rocksdblog", setting="separateRocksDBLog", default=False),
        _Tailer(name="raftlog", setting="separateRaftLog", default=False),
    ),
    "tiflash": (_Tailer(name="serverlog"), _Tailer(name="errorlog"), _Tailer(name="clusterlog")),
}


def generated_containers(component: str, spec: Mapping[str, Any]) -> tuple[str, ...]:
    """The names of the containers that the operator itself puts into a component's pods; `spec` is the component's."""
    tailers = (each.name for each in _TAILERS.get(component, ()) if _asked_for(each, spec))
    return (component, *tailers)


def _asked_for(tailer: _Tailer, spec: Mapping[str, Any]) -> bool:
    value = spec.get(tailer.setting) if tailer.setting else None
    return tailer.default if value is None else value is True


def operator_image(component: str, cluster_spec: Mapping[str, Any]) -> str:
    """The image that a component's main container has by the TidbCluster alone; "" where the operator decides."""
    spec = cluster_spec.get(component)
    if not isinstance(spec, Mapping):
        return ""
    if image := spec.get("image"):
        return str(image)
    base, version = spec.get("baseImage"), spec.get("version") or cluster_spec.get("version")
    return f"{base}:{version}" if base and version else ""


def component_of(pod: Json) -> str:
    """Which inspectable component a pod is, "" for any other pod.

    A label alone is easily copied: the container must be called like the component as well.
    """
    metadata = pod.get("metadata") or {}
    labels = metadata.get("labels") or {}
    owners = [str(each.get("name", "")) for each in metadata.get("ownerReferences") or () if isinstance(each, Mapping)]
    containers = {each.get("name") for each in (pod.get("spec") or {}).get("containers") or ()}
    for component in INSPECTABLE:
        labelled = labels.get(COMPONENT_LABEL) == component
        owned = any(owner.endswith(f"-{component}") for owner in owners)
        if component in containers and (labelled or owned):
            return component
    return ""


def reads_annotations(pod: Json) -> bool:
    """Whether a pod's start script can see its annotations: through a volume that the kubelet keeps up to date."""
    for volume in (pod.get("spec") or {}).get("volumes") or ():
        for item in (volume.get("downwardAPI") or {}).get("items") or ():
            if (item.get("fieldRef") or {}).get("fieldPath") == "metadata.annotations":
                return True
    return False
