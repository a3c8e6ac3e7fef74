"""Who looks after an object from outside the cluster: a change made here may be taken back by Argo CD, Flux or Helm."""

from __future__ import annotations

import asyncio
from typing import Final

from bot.cluster.owners import owners_of
from bot.cluster.snapshot import Snapshot
from bot.kube.objects import ref
from bot.remedies.shared.keepers import Keeper, keeper_of
from bot.remedies.shared.origins import Origin, origin_of
from bot.remedies.shared.workloads import controller_of
from intents.domain import Custodian, Json, ObjectRef, Text

# Of the time that is left for a preview: a warning without its link is one too, and a dry run has yet to be made.
_SHARE: Final = 0.25

# Made once from a template, labels and all, and never brought in line with it again.
_MADE_ONCE: Final = frozenset({"Pod", "Job", "PersistentVolumeClaim"})


async def custodian_of(snapshot: Snapshot, obj: Json) -> Custodian | None:
    """Who would take a change of an object back, and where the change belongs; None if nobody does.

    What a controller makes it keeps as its own owner says: then whoever applies the owner is meant. Never raises
    ClusterError: what cannot be read is told.
    """
    keeper, applied = await _keeper(snapshot, obj)
    if keeper is None:
        return None
    try:
        async with asyncio.timeout(_SHARE * snapshot.remaining()):
            origin = await origin_of(snapshot, keeper, applied)
    except TimeoutError:
        late = Text(en="where it comes from was not read in time", zh="未能及时读取其来源")
        origin = Origin(unread=(late,))
    says = _says(keeper, None if applied is obj else ref(applied), origin.soon)
    return Custodian(name=str(keeper), says=says, sources=origin.sources, unread=origin.unread)


async def _keeper(snapshot: Snapshot, obj: Json) -> tuple[Keeper | None, Json]:
    """The tool, and which object it applies: this one or an owner of it, the topmost first."""
    if controller_of(obj) is not None:
        if obj.get("kind") in _MADE_ONCE:
            return None, obj
        # Operators copy labels to what they make: the topmost owner's word counts.
        for owner in reversed((await owners_of(snapshot, obj)).manifests):
            if keeper := keeper_of(owner):
                return keeper, owner
    return keeper_of(obj), obj


def _says(keeper: Keeper, owner: ObjectRef | None, soon: Text) -> Text:
    if owner is None:
        return Text(
            en=f"{keeper} applies this object from a source; {soon.en}",
            zh=f"该对象由 {keeper} 从源头应用；{soon.zh}",
        )
    return Text(
        en=f"{keeper} applies {owner}, which makes this object, from a source; {soon.en}",
        zh=f"{owner}（该对象由其创建）由 {keeper} 从源头应用；{soon.zh}",
    )
