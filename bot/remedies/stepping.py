"""The one place that writes: steps are tried by a dry run, bound to what was shown, taken once each, and found again.

Whatever the action, a step is taken only of the object that was shown, as it was shown; status churn voids nothing. A
write whose answer is lost is read back, never sent a second time. A plan of several steps goes on where it stopped.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from bot.cluster.connection import Connection
from bot.cluster.errors import ClusterError, Conflict, OutcomeUnknown, Throttled
from bot.cluster.snapshot import Snapshot
from bot.cluster.writer import Writer
from bot.kube.access import EVERYTHING, Access
from bot.kube.impersonation import ActsAs
from bot.remedies import steps
from bot.remedies.contract import Applied, Plan, Preview, Reason, Refusal, Step, Verb
from bot.remedies.shared.budgets import held_by
from bot.remedies.shared.refusing import refused
from intents.domain import Json, ObjectRef, Text

DEADLINE_S: Final = 8.0
# Seconds between looks for a write whose answer was lost: it may still be under way in the server.
LOOKS: Final[tuple[float, ...]] = (0.0, 1.0, 3.0)
# Seconds between the attempts at one eviction that is refused for now: two minutes, by when most pods that take the
# place of evicted ones are ready.
PATIENCE: Final[tuple[float, ...]] = (5.0,) * 24

# How many steps are done, of how many, and what the last one says.
Progress = Callable[[int, int, Text], Awaitable[None]]

# How often a write is tried of an object whose version moves on under our hands.
_MOST_LOOKS: Final = 4
# Of more pods than these that are taken away it is told how many.
_MOST_TOLD: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class _Taken:
    """A step that is done: the object as it was written, None if it is gone; `at` by the API server's clock."""

    obj: Json | None
    at: datetime
    already: bool
    undo: Step | None = None


async def take(
    plan: Plan,
    preview: Preview,
    *,
    connection: Connection,
    deadline: float = DEADLINE_S,
    looks: Iterable[float] = LOOKS,
    access: Access = EVERYTHING,
    acting_as: ActsAs | None = None,
    undoable: bool = False,
    resumed: bool = False,
    patience: Iterable[float] = PATIENCE,
    progress: Progress | None = None,
) -> Applied | Refusal:
    """Take the steps that are not taken yet, in their order. A refusal says which had been, and holds what undoes them.

    `resumed`: what is found done was done by us before we were interrupted. `patience` are the pauses after which an
    eviction is asked for again that is refused for now, for each pod anew. What `progress` raises ends it between two
    steps.
    """
    taken: list[_Taken] = []
    in_hand = resumed
    for number, step in enumerate(preview.steps):
        one = await _take(
            plan, step, connection=connection, deadline=deadline, looks=looks, access=access, acting_as=acting_as,
            patience=patience,
        )  # fmt: skip
        if isinstance(one, Refusal) and one.reason is Reason.DELETED:
            async with Snapshot(connection, deadline=deadline, access=access) as snapshot:
                if await _superseded(snapshot, plan, preview, number):
                    one = _Taken(obj=None, at=snapshot.now, already=True)
        if isinstance(one, Refusal):
            # The first step that is not found done may have been, and somebody else have written since.
            why = in_doubt(one, step.target) if in_hand else one
            return _stopped(why, preview.steps[: len(taken)], undo=_undo(taken) if undoable else ())
        if in_hand and one.already:
            one = replace(one, already=False, undo=steps.undone_by(step, one.obj))
        else:
            in_hand = False
        taken.append(one)
        if progress is not None:
            await progress(len(taken), len(preview.steps), step.says)
    return _applied(
        plan,
        preview,
        taken[-1].obj,
        # From the first write on: what happens between two of them is of our doing too.
        at=next((each.at for each in taken if not each.already), taken[-1].at),
        already=all(each.already for each in taken),
        undo=_undo(taken) if undoable else (),
    )


def in_doubt(why: Refusal, target: ObjectRef) -> Refusal:
    """A refusal of what we may have written before we were interrupted: nobody is told that nothing was changed."""
    if why.reason is Reason.OUTCOME_UNKNOWN:
        return why
    says = Text(
        en=f"Casebook was interrupted over this, and whether {target} was changed by it is not known. "
        f"By now: {why.says.en}",
        zh=f"Casebook 在执行中被中断；不确定 {target} 是否已被其修改。目前：{why.says.zh}",
    )
    return replace(why, reason=Reason.OUTCOME_UNKNOWN, says=says)


def _undo(taken: Sequence[_Taken]) -> tuple[Step, ...]:
    """What takes it back, the last write first."""
    return tuple(each.undo for each in reversed(taken) if each.undo is not None)


def _stopped(why: Refusal, done: Sequence[Step], *, undo: tuple[Step, ...]) -> Refusal:
    """A refusal half-way: nobody may read it as if nothing had happened."""
    if not done:
        return why
    told = _told(done)
    says = Text(
        en=f"{why.says.en}. Done before that: {told.en}",
        zh=f"{why.says.zh}。在此之前已完成：{told.zh}",
    )
    return replace(why, says=says, done=tuple(each.says for each in done), undo=undo)


async def taken_already(snapshot: Snapshot, plan: Plan, preview: Preview, *, undoable: bool = False) -> Applied | None:
    """The effect of all the steps if it is there, however it came about; None if it is not.

    With `undoable` it is taken for ours, and what takes it back goes along.
    """
    obj, undo = None, []
    for number, step in enumerate(preview.steps):
        obj = await steps.find(snapshot, step)
        if not steps.is_done(plan, step, obj) and not (
            obj is None and await _superseded(snapshot, plan, preview, number)
        ):
            return None
        if undoable and (back := steps.undone_by(step, obj)) is not None:
            undo.append(back)
    return _applied(plan, preview, obj, at=snapshot.now, already=True, undo=tuple(reversed(undo)))


async def _superseded(snapshot: Snapshot, plan: Plan, preview: Preview, number: int) -> bool:
    """Whether a step's object is gone because of a later one: with a claim goes the volume that was changed before."""
    later = [step for step in preview.steps[number + 1 :] if step.verb is Verb.DELETE]
    return any([steps.is_done(plan, step, await steps.find(snapshot, step)) for step in later])


async def any_taken(snapshot: Snapshot, plan: Plan, preview: Preview) -> bool:
    """Whether the effect of some of the steps is there."""
    return any([steps.is_done(plan, step, await steps.find(snapshot, step)) for step in preview.steps])


async def _take(
    plan: Plan,
    step: Step,
    *,
    connection: Connection,
    deadline: float,
    looks: Iterable[float],
    access: Access,
    acting_as: ActsAs | None,
    patience: Iterable[float],
) -> _Taken | Refusal:
    waited, pauses, moved_on = 0.0, iter(patience), 0
    while True:
        one = await _attempt(
            plan, step, connection=connection, deadline=deadline, looks=looks, access=access, acting_as=acting_as
        )
        if isinstance(one, Conflict):
            # Status moves on all the time. Whether it was no more than that, the next look at the object tells.
            moved_on += 1
            if moved_on < _MOST_LOOKS:
                continue
            return refused(one, step.target, otherwise=Reason.FAILED)
        if not isinstance(one, Throttled):
            return one
        if (pause := next(pauses, None)) is None:
            break
        await asyncio.sleep(pause)
        waited += pause
    async with Snapshot(connection, deadline=deadline, access=access) as snapshot:
        by = await held_by(snapshot, step.target, one)
    says = Text(
        en=f"{step.target} may not be evicted, asked for {waited:.0f} s: {by.en}",
        zh=f"{step.target} 不允许被驱逐，已重试 {waited:.0f} 秒：{by.zh}",
    )
    return Refusal(reason=Reason.FAILED, says=says, quote=one.detail)


async def _attempt(
    plan: Plan,
    step: Step,
    *,
    connection: Connection,
    deadline: float,
    looks: Iterable[float],
    access: Access,
    acting_as: ActsAs | None,
) -> _Taken | Refusal | Throttled | Conflict:
    """Throttled for an eviction that is refused for now, Conflict where the object has moved on just before the write:
    nothing was written then."""
    try:
        async with Snapshot(connection, deadline=deadline, access=access) as snapshot:
            obj = await steps.find(snapshot, step)
            if steps.is_done(plan, step, obj):
                return _Taken(obj=obj, at=snapshot.now, already=True)
            if refusal := steps.unlike(step, obj):
                return refusal
            writer = Writer(connection, deadline=deadline, acting_as=acting_as)
            # What was previewed is still so; its version may have moved on with its status.
            written = await steps.write(writer, snapshot, plan, step, obj, dry_run=False)
            return _Taken(obj=written, at=snapshot.now, already=False, undo=steps.undone_by(step, written))
    except OutcomeUnknown as error:
        unknown = error
    except ClusterError as error:
        # Nothing was done: the pod's budget allows no disruption now, or the server is busy.
        if isinstance(error, Conflict) or (step.verb is Verb.EVICT and isinstance(error, Throttled)):
            return error
        return refused(error, step.target, otherwise=Reason.FAILED)
    return await _read_back(
        plan, step, connection=connection, deadline=deadline, looks=looks, access=access, unknown=unknown
    )


async def _read_back(
    plan: Plan,
    step: Step,
    *,
    connection: Connection,
    deadline: float,
    looks: Iterable[float],
    access: Access,
    unknown: OutcomeUnknown,
) -> _Taken | Refusal:
    seen = unlike = False
    for pause in looks:
        await asyncio.sleep(pause)
        try:
            async with Snapshot(connection, deadline=deadline, access=access) as snapshot:
                obj = await steps.find(snapshot, step)
                if steps.is_done(plan, step, obj):
                    return _Taken(obj=obj, at=snapshot.now, already=False)
            seen, unlike = True, not steps.as_written(step, obj)
        except ClusterError:
            continue
    if seen and unlike:
        # It may have been done, and somebody else have written since.
        says = Text(
            en=f"the API server did not answer, and {step.target} has changed since: whether by us is not known",
            zh=f"API server 没有应答，而 {step.target} 已发生变化：不知道是否由我们所致",
        )
        return Refusal(reason=Reason.OUTCOME_UNKNOWN, says=says, quote=unknown.detail)
    if seen:
        says = Text(
            en=f"the API server did not answer, and {step.target} is as it was: nothing was written; "
            "ask again for a fresh diagnosis",
            zh=f"API server 没有应答，且 {step.target} 没有变化：没有写入任何内容；请重新诊断",
        )
        return Refusal(reason=Reason.NOT_WRITTEN, says=says, quote=unknown.detail)
    says = Text(
        en=f"the API server did not answer, and {step.target} cannot be read: whether it was done is not known",
        zh=f"API server 没有应答，也无法读取 {step.target}：不知道操作是否已执行",
    )
    return Refusal(reason=Reason.OUTCOME_UNKNOWN, says=says, quote=unknown.detail)


def _applied(
    plan: Plan, preview: Preview, obj: Json | None, *, at: datetime, already: bool, undo: tuple[Step, ...] = ()
) -> Applied:
    metadata = (obj or {}).get("metadata") or {}
    return Applied(
        says=_told(preview.steps),
        target=plan.target,
        outlook=preview.outlook,
        generation=int(metadata.get("generation") or 0),
        resource_version=str(metadata.get("resourceVersion", "")),
        at=at,
        already=already,
        undo=undo,
    )


def _told(done: Sequence[Step]) -> Text:
    """What steps have done, in one sentence."""
    away = [step for step in done if step.verb is not Verb.PATCH and step.target.kind == "Pod"]
    says = [step.says for step in done if step not in away[_MOST_TOLD:]]
    if left := len(away[_MOST_TOLD:]):
        says.append(Text(en=f"and {left} more pods", zh=f"以及另外 {left} 个 Pod"))
    return Text(en="; ".join(each.en for each in says), zh="；".join(each.zh for each in says))
