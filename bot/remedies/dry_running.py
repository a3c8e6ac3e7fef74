"""What would come of a proposal: every write is tried on the API server without being made, and bound to what it saw.

No dry run rests on another, since nothing is written, so several are under way at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from bot.cluster.errors import ClusterError, Throttled, TimedOut
from bot.cluster.snapshot import Snapshot
from bot.cluster.writer import Writer
from bot.remedies import steps
from bot.remedies.changes import changes_between
from bot.remedies.contract import Plan, Preview, Proposal, Reason, Refusal, Step, Verb
from bot.remedies.shared.budgets import held_by
from bot.remedies.shared.refusing import gone, refused
from bot.remedies.shared.showing import without_bookkeeping
from intents.domain import Json, Text

# A sick API server is spared: so many dry runs at once.
_AT_ONCE: Final = 8
# What many steps may take longer, each and together, in seconds: people wait for it before a dialog.
_EACH_S: Final = 0.1
_MOST_S: Final = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tried:
    """A step bound to its object as it is. `held` says why it would be refused now, `late` that it was not answered."""

    step: Step
    shown: str
    held: Text | None = None
    late: bool = False


def time_for(proposal: Proposal, *, least: float) -> float:
    """How many seconds the dry runs of a proposal are given, of which a single one is given the `least`."""
    return least + min(_EACH_S * len(proposal.steps[1:]), _MOST_S)


async def rehearse(
    writer: Writer, snapshot: Snapshot, plan: Plan, proposal: Proposal, *, undoable: bool = False
) -> Preview | Refusal:
    """Dry-run every step; what it would change binds it. Raises ClusterError for what cannot be read.

    With `undoable` a step that deletes keeps what would create its object again.
    """
    found = [(step, await steps.find(snapshot, step)) for step in proposal.steps]
    turns, refusals = asyncio.Semaphore(_AT_ONCE), list[Refusal]()

    async def tried(step: Step, obj: Json | None) -> _Tried | Refusal | None:
        async with turns:
            # Those before it are all under way or done, so the first refusal is the same each time.
            one = None if refusals else await _tried(writer, snapshot, plan, step, obj)
        if isinstance(one, Refusal):
            refusals.append(one)
        return one

    results = await asyncio.gather(*(tried(step, obj) for step, obj in found))
    if refusal := next((each for each in results if isinstance(each, Refusal)), None):
        return refusal
    bound = [each for each in results if isinstance(each, _Tried)]
    if undoable:
        bound = [_kept(each, obj) for each, (_, obj) in zip(bound, found, strict=True)]
    late = [each for each in bound if each.late]
    if late and len(late) == len([each for each in bound if _may_be_late(each.step)]):
        return refused(TimedOut(what=str(late[0].step.target)), late[0].step.target, otherwise=Reason.DRY_RUN)
    warnings = (*_untried(late, bound), *_held_now([each.held for each in bound if each.held]))
    return Preview(
        steps=tuple(each.step for each in bound),
        outlook=replace(proposal.outlook, warnings=(*warnings, *proposal.outlook.warnings)),
        diff=proposal.shown or "\n".join(filter(None, (each.shown for each in bound))),
    )


async def _tried(writer: Writer, snapshot: Snapshot, plan: Plan, step: Step, obj: Json | None) -> _Tried | Refusal:
    if obj is None and step.verb is not Verb.CREATE:
        return gone(step.target)
    would_be: Json = {}
    held: Text | None = None
    late = False
    try:
        would_be = await steps.write(writer, snapshot, plan, step, obj, dry_run=True)
    except ClusterError as error:
        if step.verb is Verb.EVICT and isinstance(error, Throttled):
            held = await held_by(snapshot, step.target, error)
        late = isinstance(error, TimedOut) and _may_be_late(step)
        if held is None and not late:
            return refused(error, step.target, otherwise=Reason.DRY_RUN)
    bound = replace(step, fingerprint=steps.fingerprint(step, obj))
    if step.verb is Verb.PATCH and obj is not None:
        bound = replace(bound, changes=changes_between(without_bookkeeping(obj), without_bookkeeping(would_be)))
    return _Tried(step=bound, shown=steps.shown(step, obj, would_be), held=held, late=late)


def _kept(tried: _Tried, obj: Json | None) -> _Tried:
    if tried.step.verb is not Verb.DELETE or obj is None:
        return tried
    return replace(tried, step=replace(tried.step, body=steps.manifest(obj)))


def _may_be_late(step: Step) -> bool:
    """Whether a step may be shown untried: one of many pods, of which nothing is shown but that it goes."""
    return step.verb in (Verb.EVICT, Verb.DELETE) and step.target.kind == "Pod"


def _untried(late: Sequence[_Tried], all_of_them: Sequence[_Tried]) -> tuple[Text, ...]:
    told = Text(
        en=f"Not tried in time: {len(late)} of {len(all_of_them)} writes; whether the API server allows those shows "
        "only as they are made",
        zh=f"{len(all_of_them)} 项写入中有 {len(late)} 项未能及时试运行：API server 是否允许，要到执行时才知道",
    )
    return (told,) if late else ()


def _held_now(held: Sequence[Text]) -> tuple[Text, ...]:
    """What dry runs have shown of evictions that would be refused now, as one warning."""
    why = tuple(dict.fromkeys(held))
    en, zh = "; ".join(each.en for each in why), "；".join(each.zh for each in why)
    told = Text(
        en=f"Refused now for {len(held)} of the pods, which are asked for again for a while: {en}",
        zh=f"目前有 {len(held)} 个 Pod 的驱逐会被拒绝，执行时会重试一段时间：{zh}",
    )
    return (told,) if held else ()
