"""The pods and containers that TiDB Operator makes of a TidbCluster.

The operator merges an extra container into one of its own if both have the same name (since 1.4; before, the
StatefulSet was refused for the duplicate). Its own names depend on the component and its settings.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from bot.kube.objects import labels_of, spec_of
from bot.kube.owners import owner_references
from intents.domain import Json

COMPONENT_LABEL: Final = "app.kubernetes.io/component"

# Components of a TidbCluster's spec that take extra containers. Discovery is a Deployment, all others are StatefulSets.
COMPONENTS: Final = ("discovery", "pd", "pump", "ticdc", "tidb", "tiflash", "tikv", "tiproxy")

# Components whose start script reads the annotation runmode=debug.
INSPECTABLE: Final = ("pd", "tidb", "tikv")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tailer:
    """A container that only tails a log, and the setting that adds it; TiFlash always has its own."""

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
    """Return the names of the containers that the operator itself adds to a component's pods."""
    tailers = (each.name for each in _TAILERS.get(component, ()) if _asked_for(each, spec))
    return (component, *tailers)


def _asked_for(tailer: _Tailer, spec: Mapping[str, Any]) -> bool:
    value = spec.get(tailer.setting) if tailer.setting else None
    return tailer.default if value is None else value is True


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
