"""Claims and their volumes as remedies see them: who mounts one, who makes it anew, and what becomes of its data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from bot.cluster.snapshot import Snapshot
from bot.kube.objects import name_of, namespace_of
from bot.kube.volume_claims import claim_names, class_of, nodes_of
from bot.remedies.shared import workloads
from intents.domain import Json, Text

_MANAGED_BY: Final = "app.kubernetes.io/managed-by"
_ENDED: Final = frozenset({"Succeeded", "Failed"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A claim, and the volume it is bound to: None where it never was, or where that does not exist any more."""

    claim: Json
    volume: Json | None

    @property
    def name(self) -> str:
        return name_of(self.claim)

    @property
    def volume_name(self) -> str:
        return str((self.claim.get("spec") or {}).get("volumeName") or "")

    @property
    def size(self) -> str:
        """As the volume has it, or as the claim asks for it."""
        spec, asks = (self.volume or {}).get("spec") or {}, (self.claim.get("spec") or {}).get("resources") or {}
        has = (self.claim.get("status") or {}).get("capacity") or {}
        amounts = (spec.get("capacity") or {}, has, asks.get("requests") or {})
        return str(next((each["storage"] for each in amounts if "storage" in each), "unknown size"))

    @property
    def policy(self) -> str:
        return policy_of(self.volume or {})


async def held(snapshot: Snapshot, claim: Json) -> Held:
    """Raises ClusterError if the volume cannot be read: nothing is then known of the data."""
    name = str((claim.get("spec") or {}).get("volumeName") or "")
    return Held(claim=claim, volume=await snapshot.find("PersistentVolume", name) if name else None)


def policy_of(volume: Mapping[str, Any]) -> str:
    return str((volume.get("spec") or {}).get("persistentVolumeReclaimPolicy") or "Retain")


def phase_of(obj: Mapping[str, Any]) -> str:
    return str((obj.get("status") or {}).get("phase") or "")


def claim_named_by(volume: Mapping[str, Any]) -> Mapping[str, Any]:
    """A volume's claimRef, empty where it has none."""
    return (volume.get("spec") or {}).get("claimRef") or {}


def called(reference: Mapping[str, Any]) -> str:
    """namespace/name of the claim that a claimRef names."""
    return f"{reference.get('namespace', '')}/{reference.get('name', '')}"


def place_of(volume: Json) -> Text:
    """Where a volume's data lies, as a part of a sentence; empty for a volume that any node reaches."""
    nodes = ", ".join(nodes_of(volume))
    path = str((((volume.get("spec") or {}).get("local") or {}).get("path")) or "")
    where = f" {path}" if path else ""
    if not nodes:
        return Text.same("")
    return Text(en=f" on node {nodes}{where}", zh=f"，位于节点 {nodes}{where}")


def fate(one: Held, *, policy: str = "") -> Text:
    """What becomes of the data once the claim is gone, in one sentence. `policy` if it is to be another by then."""
    name, size = one.name, one.size
    if not one.volume_name:
        return Text(
            en=f"Claim {name} ({size}) was never bound: no data is lost",
            zh=f"PVC {name}（{size}）从未绑定：不会丢失数据",
        )
    if one.volume is None:
        return Text(
            en=f"Claim {name} ({size}) is bound to {one.volume_name}, which does not exist any more: nothing else goes",
            zh=f"PVC {name}（{size}）绑定的 PV {one.volume_name} 已不存在：不会再失去其他内容",
        )
    volume, at = one.volume_name, place_of(one.volume)
    match policy or one.policy:
        case "Delete":
            return Text(
                en=f"DATA LOST for good: claim {name}, PersistentVolume {volume} ({size}{at.en}; policy Delete)",
                zh=f"数据将永久丢失：PVC {name}，PV {volume}（{size}{at.zh}；回收策略 Delete）",
            )
        case "Recycle":
            return Text(
                en=f"DATA LOST for good: claim {name}; PersistentVolume {volume} ({size}{at.en}) is wiped (Recycle)",
                zh=f"数据将永久丢失：PVC {name}；PV {volume}（{size}{at.zh}）会被清空（Recycle）",
            )
        case _:
            return Text(
                en=(
                    f"Claim {name}: PersistentVolume {volume} ({size}{at.en}) stays with its data as Released (reclaim "
                    "policy Retain); no claim gets it until somebody cleans it up"
                ),
                zh=(
                    f"PVC {name}：PV {volume}（{size}{at.zh}）及其数据会保留为 Released（回收策略 Retain）；"
                    "在有人清理之前不会再分配给任何 PVC"
                ),
            )


async def mounting(snapshot: Snapshot, claim: Json) -> tuple[Json, ...]:
    """The pods that mount a claim and have not ended, by name."""
    listing = await snapshot.list("Pod", namespace=namespace_of(claim))
    name = name_of(claim)
    found = [pod for pod in listing.items if name in claim_names(pod) and phase_of(pod) not in _ENDED]
    return tuple(sorted(found, key=name_of))


def on_a_node(pod: Json) -> bool:
    """Whether a kubelet has the pod: only then does Kubernetes keep its claims from going."""
    return bool((pod.get("spec") or {}).get("nodeName"))


def mounted(pod: Json) -> dict[str, str]:
    """claim → the pod's volume of it. Ephemeral volumes are left out: they go with the pod, and come with the next."""
    volumes = (pod.get("spec") or {}).get("volumes") or ()
    named = {str((each.get("persistentVolumeClaim") or {}).get("claimName") or ""): each for each in volumes}
    return {claim: str(each.get("name", "")) for claim, each in named.items() if claim}


def templates_of(workload: Json) -> dict[str, Json]:
    """The claim templates of a StatefulSet, by name."""
    if workload.get("kind") != "StatefulSet":
        return {}
    return {name_of(each): each for each in (workload.get("spec") or {}).get("volumeClaimTemplates") or ()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Maker:
    """The StatefulSet that makes a claim, its template of it, and the number of the pod it is for."""

    workload: Json
    template: Json
    number: int

    @property
    def makes_anew(self) -> bool:
        spec = self.workload.get("spec") or {}
        first = int((spec.get("ordinals") or {}).get("start", 0))
        within = first <= self.number < first + int(spec.get("replicas", 1))
        return within and not workloads.is_leaving(self.workload)

    def same_again(self, claim: Json) -> bool:
        """Whether the template still asks for the class that the claim asks for."""
        return class_of(self.template) == class_of(claim)


async def maker_of(snapshot: Snapshot, claim: Json) -> Maker | None:
    """By its name, as the controller finds it: <template>-<StatefulSet>-<number>."""
    name = name_of(claim)
    for workload in (await snapshot.list("StatefulSet", namespace=namespace_of(claim))).items:
        for template, written in templates_of(workload).items():
            number = name.removeprefix(f"{template}-{name_of(workload)}-")
            if number != name and number.isdigit():
                return Maker(workload=workload, template=written, number=int(number))
    return None


def operator_decides(volume: Json) -> tuple[Text, ...]:
    """A warning for a volume whose reclaim policy an operator writes, too."""
    if ((volume.get("metadata") or {}).get("labels") or {}).get(_MANAGED_BY) != "tidb-operator":
        return ()
    return (
        Text(
            en="TiDB Operator sets its volumes' policy to the TidbCluster's pvReclaimPolicy, and may put it back",
            zh="TiDB Operator 会按 TidbCluster 的 pvReclaimPolicy 设置其 PV 的回收策略，可能会改回去",
        ),
    )
