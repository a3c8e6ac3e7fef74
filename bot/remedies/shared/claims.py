"""Claims and their volumes: which pods mount a claim, which StatefulSet recreates it, and what happens to its data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from bot.cluster.snapshot import Snapshot
from bot.kube.objects import has_ended, is_terminating, name_of, namespace_of
from bot.kube.volumes import claim_names, claim_templates_of, class_of, nodes_of, reclaim_policy_of, volume_name_of
from bot.remedies.contract import one_text
from intents.domain import Json, Text

CLAIM: Final = "PersistentVolumeClaim"
VOLUME: Final = "PersistentVolume"
_MANAGED_BY: Final = "app.kubernetes.io/managed-by"


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundClaim:
    """A claim and its volume: None if the claim was never bound, or the volume no longer exists."""

    claim: Json
    volume: Json | None

    @property
    def name(self) -> str:
        return name_of(self.claim)

    @property
    def volume_name(self) -> str:
        return volume_name_of(self.claim)

    @property
    def size(self) -> str:
        """The size of the volume, or the requested one."""
        spec, asks = (self.volume or {}).get("spec") or {}, (self.claim.get("spec") or {}).get("resources") or {}
        has = (self.claim.get("status") or {}).get("capacity") or {}
        amounts = (spec.get("capacity") or {}, has, asks.get("requests") or {})
        return str(next((each["storage"] for each in amounts if "storage" in each), "unknown size"))

    @property
    def policy(self) -> str:
        return policy_of(self.volume or {})


async def with_volume(snapshot: Snapshot, claim: Json) -> BoundClaim:
    """Read the volume of a claim. Raises ClusterError: nothing is then known about the data."""
    name = volume_name_of(claim)
    return BoundClaim(claim=claim, volume=await snapshot.find("PersistentVolume", name) if name else None)


def policy_of(volume: Mapping[str, Any]) -> str:
    """Return the reclaim policy of a volume."""
    return reclaim_policy_of(volume) or "Retain"


def key_of(reference: Mapping[str, Any]) -> str:
    """Return namespace/name of the claim in a claimRef."""
    return f"{reference.get('namespace', '')}/{reference.get('name', '')}"


def place_of(volume: Json) -> Text:
    """Return where the data of a volume is, as a part of a sentence; "" for a volume that every node reaches."""
    nodes = ", ".join(nodes_of(volume))
    path = str((((volume.get("spec") or {}).get("local") or {}).get("path")) or "")
    where = f" {path}" if path else ""
    if not nodes:
        return Text.same("")
    return Text(en=f" on node {nodes}{where}", zh=f"，位于节点 {nodes}{where}")


def data_after_delete(one: BoundClaim, *, policy: str = "") -> Text:
    """Say what happens to the data when the claim is deleted; `policy` if the reclaim policy is changed before."""
    name, size = one.name, one.size
    if not one.volume_name:
        return Text(
            en=f"Claim {name} ({size}) was never bound: no data is lost",
            zh=f"PVC {name}（{size}）从未绑定：不会丢失数据",
        )
    if one.volume is None:
        return Text(
            en=f"Claim {name} ({size}) is bound to {one.volume_name}, which no longer exists: nothing else is lost",
            zh=f"PVC {name}（{size}）绑定的 PV {one.volume_name} 已不存在：不会再丢失其他数据",
        )
    volume, at = one.volume_name, place_of(one.volume)
    match policy or one.policy:
        case "Delete":
            return Text(
                en=f"DATA LOST permanently: claim {name}, PersistentVolume {volume} ({size}{at.en}; policy Delete)",
                zh=f"数据将永久丢失：PVC {name}，PV {volume}（{size}{at.zh}；回收策略 Delete）",
            )
        case "Recycle":
            return Text(
                en=f"DATA LOST permanently: claim {name}; PersistentVolume {volume} ({size}{at.en}) is wiped (Recycle)",
                zh=f"数据将永久丢失：PVC {name}；PV {volume}（{size}{at.zh}）会被清空（Recycle）",
            )
        case _:
            return Text(
                en=(
                    f"Claim {name}: PersistentVolume {volume} ({size}{at.en}) keeps its data and becomes Released "
                    "(reclaim policy Retain); no claim can use it until somebody cleans it up"
                ),
                zh=(
                    f"PVC {name}：PV {volume}（{size}{at.zh}）及其数据会保留为 Released（回收策略 Retain）；"
                    "在有人清理之前不会再分配给任何 PVC"
                ),
            )


async def mounting(snapshot: Snapshot, claim: Json) -> tuple[Json, ...]:
    """Return the pods that mount a claim and have not finished, by name."""
    listing = await snapshot.list("Pod", namespace=namespace_of(claim))
    name = name_of(claim)
    found = [pod for pod in listing.items if name in claim_names(pod) and not has_ended(pod)]
    return tuple(sorted(found, key=name_of))


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimOwner:
    """The StatefulSet that creates a claim, its claim template, and the ordinal of the pod."""

    workload: Json
    template: Json
    ordinal: int

    @property
    def recreates(self) -> bool:
        """Tell whether the StatefulSet wants the pod of this ordinal, and so creates its claim again."""
        spec = self.workload.get("spec") or {}
        first = int((spec.get("ordinals") or {}).get("start", 0))
        within = first <= self.ordinal < first + int(spec.get("replicas", 1))
        return within and not is_terminating(self.workload)

    def same_class(self, claim: Json) -> bool:
        """Tell whether the template still requests the storage class of the claim."""
        return class_of(self.template) == class_of(claim)


async def owner_of_claim(snapshot: Snapshot, claim: Json) -> ClaimOwner | None:
    """Find the owner by the claim's name, as the controller does: <template>-<StatefulSet>-<ordinal>."""
    name = name_of(claim)
    for workload in (await snapshot.list("StatefulSet", namespace=namespace_of(claim))).items:
        for template, written in claim_templates_of(workload).items():
            ordinal = name.removeprefix(f"{template}-{name_of(workload)}-")
            if ordinal != name and ordinal.isdigit():
                return ClaimOwner(workload=workload, template=written, ordinal=int(ordinal))
    return None


def operator_decides(volume: Json) -> tuple[Text, ...]:
    """Return a warning for a volume whose reclaim policy an operator writes too."""
    if ((volume.get("metadata") or {}).get("labels") or {}).get(_MANAGED_BY) != "tidb-operator":
        return ()
    return one_text(
        "TiDB Operator sets the reclaim policy from the TidbCluster's pvReclaimPolicy and may revert this",
        "TiDB Operator 会按 TidbCluster 的 pvReclaimPolicy 设置其 PV 的回收策略，可能会改回去",
    )


def data_loss(pod_spec: Mapping[str, Any]) -> tuple[Text, ...]:
    """Say what data of a pod (or of the pods of a template) is lost when it goes and its claims stay."""
    kept = Text(en="No stored data is lost: it has no local volumes", zh="不会丢失已存储的数据：没有本地卷")
    return local_data_loss(pod_spec) or (kept,)


def local_data_loss(pod_spec: Mapping[str, Any]) -> tuple[Text, ...]:
    """Return one sentence on the volumes of a pod (or of a template) that end with it; () if it has none."""
    lost = local_volumes(pod_spec)
    if not lost:
        return ()
    names = ", ".join(lost)
    return (Text(en=f"Data in local volumes is lost: {names}", zh=f"本地卷中的数据会丢失：{names}"),)


def local_volumes(pod_spec: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the names of the volumes that end with the pod."""
    volumes = pod_spec.get("volumes") or ()
    return tuple(str(each.get("name", "")) for each in volumes if "emptyDir" in each or "ephemeral" in each)
