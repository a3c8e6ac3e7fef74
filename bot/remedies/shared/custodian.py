"""The custodian of an object: the GitOps tool (Argo CD, Flux or Helm) that may revert a change made in the cluster."""

from __future__ import annotations

import asyncio
from typing import Final

from bot.cluster.owners import owners_of
from bot.cluster.snapshot import Snapshot
from bot.kube.gitops import ManagedBy, managed_by
from bot.kube.objects import ref
from bot.kube.owners import controller_of
from bot.remedies.shared.origins import Origin, origin_of
from intents.domain import ExternalManager, Json, ObjectRef, Text

# The share of a preview's remaining time: the dry runs come after it, and a warning is useful without its link too.
_SHARE: Final = 0.25

# Created from a template with its labels, and never reconciled with it again.
_MADE_ONCE: Final = frozenset({"Pod", "Job", "PersistentVolumeClaim"})


async def custodian_of(snapshot: Snapshot, obj: Json) -> ExternalManager | None:
    """Return the tool that would revert a change of an object, and where the change belongs; None if no tool would.

    For an object that a controller owns, the tool that applies the owner counts. Never raises ClusterError: the result
    says what could not be read.
    """
    manager, applied = await _manager(snapshot, obj)
    if manager is None:
        return None
    try:
        async with asyncio.timeout(_SHARE * snapshot.remaining()):
            origin = await origin_of(snapshot, manager, applied)
    except TimeoutError:
        late = Text(en="its source could not be read in time", zh="未能及时读取其来源")
        origin = Origin(unread=(late,))
    says = _says(manager, None if applied is obj else ref(applied), origin.soon)
    return ExternalManager(name=str(manager), says=says, sources=origin.sources, unread=origin.unread)


async def _manager(snapshot: Snapshot, obj: Json) -> tuple[ManagedBy | None, Json]:
    """Return the tool and the object it applies: this one or one of its owners, the topmost first."""
    if controller_of(obj) is not None:
        if obj.get("kind") in _MADE_ONCE:
            return None, obj
        # Operators copy labels to the objects they create, so the topmost owner's count.
        for owner in reversed((await owners_of(snapshot, obj)).manifests):
            if manager := managed_by(owner):
                return manager, owner
    return managed_by(obj), obj


def _says(manager: ManagedBy, owner: ObjectRef | None, soon: Text) -> Text:
    if owner is None:
        return Text(
            en=f"{manager} applies this object from a source; {soon.en}",
            zh=f"该对象由 {manager} 从配置源应用；{soon.zh}",
        )
    return Text(
        en=f"{manager} applies {owner}, which owns this object, from a source; {soon.en}",
        zh=f"{owner}（该对象的所有者）由 {manager} 从配置源应用；{soon.zh}",
    )
