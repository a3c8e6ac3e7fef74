"""Applies the steps of a previewed plan: the only place that writes to a cluster.

Whatever the action, a step is applied only to the object that was previewed, unchanged except for its status. A write
that got no response is read back, never sent a second time. A plan of several steps continues where it stopped.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from bot.cluster.errors import ClusterError, Conflict, OutcomeUnknown, Throttled
from bot.cluster.snapshot import Snapshot
from bot.remedies import steps
from bot.remedies.contract import Applied, Plan, Preview, Reason, Refusal, Step, Verb
from bot.remedies.session import Session
from bot.remedies.shared.budgets import blocked_by
from bot.remedies.shared.refusal import refused
from intents.domain import Json, ObjectRef, Text

# Seconds before each reading back of a write that got no response: the server may still be working on it.
LOOKS: Final[tuple[float, ...]] = (0.0, 1.0, 3.0)
# Seconds between attempts at an eviction that is refused for now: two minutes, in which most replacements become ready.
PATIENCE: Final[tuple[float, ...]] = (5.0,) * 24

# Called after each step with: how many are applied, of how many, and what the last one says.
Progress = Callable[[int, int, Text], Awaitable[None]]

# Attempts at a write whose object gets a new version each time.
_MOST_ATTEMPTS: Final = 4
# With more removed pods than this, only their number is shown.
_MOST_NAMED: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class _StepDone:
    """An applied step: the object as written, None if it is gone; `at` by the API server's clock."""

    obj: Json | None
    at: datetime
    already: bool
    undo: Step | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StepRunner:
    """Applies the steps of one plan that are not applied yet, in order.

    `undoable`: keep the steps that undo it. `resumed`: a run before this one was interrupted, so a step found applied
    is ours. `looks` are the pauses before reading back a write without a response, `patience` the pauses between
    attempts at an eviction, for each pod anew. An exception from `progress` ends the run between two steps.
    """

    session: Session
    plan: Plan
    preview: Preview
    undoable: bool = False
    resumed: bool = False
    looks: Iterable[float] = LOOKS
    patience: Iterable[float] = PATIENCE
    progress: Progress | None = None

    async def run(self) -> Applied | Refusal:
        """Apply the steps. A refusal names those that were applied before it, and holds what undoes them."""
        done: list[_StepDone] = []
        resuming = self.resumed
        for number, step in enumerate(self.preview.steps):
            one = await self._applied_or_superseded(number)
            if isinstance(one, Refusal):
                # The first step not found applied may have been applied by us, and changed by somebody else since.
                why = in_doubt(one, step.target) if resuming else one
                return _stopped(why, self.preview.steps[: len(done)], undo=self._undo(done))
            if resuming and one.already:
                one = replace(one, already=False, undo=steps.undone_by(step, one.obj))
            else:
                resuming = False
            done.append(one)
            if self.progress is not None:
                await self.progress(len(done), len(self.preview.steps), step.says)
        return _applied(
            self.plan,
            self.preview,
            done[-1].obj,
            # From the first write on: what happens between two writes is our doing too.
            at=next((each.at for each in done if not each.already), done[-1].at),
            already=all(each.already for each in done),
            undo=self._undo(done),
        )

    def _undo(self, done: Sequence[_StepDone]) -> tuple[Step, ...]:
        """Return the steps that undo what was written, the last write first."""
        return tuple(each.undo for each in reversed(done) if each.undo is not None) if self.undoable else ()

    async def _applied_or_superseded(self, number: int) -> _StepDone | Refusal:
        """Apply one step; its object may also be gone because of a later step that was applied before."""
        one = await self._apply(self.preview.steps[number])
        if isinstance(one, Refusal) and one.reason is Reason.DELETED:
            async with self.session.snapshot() as snapshot:
                if await _superseded(snapshot, self.plan, self.preview, number):
                    return _StepDone(obj=None, at=snapshot.now, already=True)
        return one

    async def _apply(self, step: Step) -> _StepDone | Refusal:
        """Attempt a step until it is applied, refused, or out of patience."""
        waited, pauses, conflicts = 0.0, iter(self.patience), 0
        while True:
            one = await self._attempt(step)
            if isinstance(one, Conflict):
                # Status changes all the time. The next attempt reads whether more than that has changed.
                conflicts += 1
                if conflicts < _MOST_ATTEMPTS:
                    continue
                return refused(one, step.target, otherwise=Reason.FAILED)
            if not isinstance(one, Throttled):
                return one
            if (pause := next(pauses, None)) is None:
                return await self._not_evicted(step, one, waited=waited)
            await asyncio.sleep(pause)
            waited += pause

    async def _not_evicted(self, step: Step, error: Throttled, *, waited: float) -> Refusal:
        async with self.session.snapshot() as snapshot:
            budget = await blocked_by(snapshot, step.target, error)
        says = Text(
            en=f"{step.target} could not be evicted, tried for {waited:.0f} s: {budget.en}",
            zh=f"{step.target} 无法驱逐，已重试 {waited:.0f} 秒：{budget.zh}",
        )
        return Refusal(reason=Reason.FAILED, says=says, quote=error.detail)

    async def _attempt(self, step: Step) -> _StepDone | Refusal | Throttled | Conflict:
        """Write once, if the object is still as previewed.

        Return Throttled for an eviction that is refused for now, Conflict if the object changed just before the write.
        In both cases nothing was written.
        """
        try:
            async with self.session.snapshot() as snapshot:
                obj = await steps.find(snapshot, step)
                if steps.is_applied(self.plan, step, obj):
                    return _StepDone(obj=obj, at=snapshot.now, already=True)
                if refusal := steps.changed_since(step, obj):
                    return refusal
                # What was previewed is unchanged; its version may be newer because of its status.
                written = await steps.write(self.session.writer(), snapshot, self.plan, step, obj, dry_run=False)
                return _StepDone(obj=written, at=snapshot.now, already=False, undo=steps.undone_by(step, written))
        except OutcomeUnknown as error:
            unknown = error
        except ClusterError as error:
            # Nothing was written: the pod's budget allows no disruption now, or the server is busy.
            if isinstance(error, Conflict) or (step.verb is Verb.EVICT and isinstance(error, Throttled)):
                return error
            return refused(error, step.target, otherwise=Reason.FAILED)
        return await self._read_back(step, unknown)

    async def _read_back(self, step: Step, unknown: OutcomeUnknown) -> _StepDone | Refusal:
        """Read what became of a write that got no response."""
        seen = touched = False
        for pause in self.looks:
            await asyncio.sleep(pause)
            try:
                async with self.session.snapshot() as snapshot:
                    obj = await steps.find(snapshot, step)
                    if steps.is_applied(self.plan, step, obj):
                        return _StepDone(obj=obj, at=snapshot.now, already=False)
                seen, touched = True, steps.changed_since(step, obj) is not None
            except ClusterError:
                continue
        reason = Reason.NOT_WRITTEN if seen and not touched else Reason.OUTCOME_UNKNOWN
        if touched:
            # It may have been written, and changed by somebody else since.
            says = Text(
                en=f"the API server did not respond, and {step.target} has changed since; it is unknown whether by "
                "Casebook",
                zh=f"API server 没有响应，而 {step.target} 已发生变化；无法确定是否由 Casebook 修改",
            )
        elif seen:
            says = Text(
                en=f"the API server did not respond, and {step.target} is unchanged: nothing was written; run the "
                "diagnosis again",
                zh=f"API server 没有响应，且 {step.target} 没有变化：没有写入任何内容；请重新诊断",
            )
        else:
            says = Text(
                en=f"the API server did not respond, and {step.target} cannot be read: it may have been changed",
                zh=f"API server 没有响应，也无法读取 {step.target}：无法确定是否已修改",
            )
        return Refusal(reason=reason, says=says, quote=unknown.detail)


def in_doubt(why: Refusal, target: ObjectRef) -> Refusal:
    """Return a refusal after an interruption: we may have written, so it does not claim that nothing was changed."""
    if why.reason is Reason.OUTCOME_UNKNOWN:
        return why
    says = Text(
        en=f"Casebook was interrupted, and it is unknown whether it changed {target}. Now: {why.says.en}",
        zh=f"Casebook 在执行中被中断，无法确定是否已修改 {target}。目前：{why.says.zh}",
    )
    return replace(why, reason=Reason.OUTCOME_UNKNOWN, says=says)


async def already_applied(
    snapshot: Snapshot, plan: Plan, preview: Preview, *, undoable: bool = False
) -> Applied | None:
    """Return the effect of all steps if the cluster shows it, no matter who caused it; None if it does not.

    With `undoable` it is taken for ours, and the steps that undo it are returned with it.
    """
    obj, undo = None, []
    for number, step in enumerate(preview.steps):
        obj = await steps.find(snapshot, step)
        if not steps.is_applied(plan, step, obj) and not (
            obj is None and await _superseded(snapshot, plan, preview, number)
        ):
            return None
        if undoable and (back := steps.undone_by(step, obj)) is not None:
            undo.append(back)
    return _applied(plan, preview, obj, at=snapshot.now, already=True, undo=tuple(reversed(undo)))


async def any_applied(snapshot: Snapshot, plan: Plan, among: Iterable[Step]) -> bool:
    """Tell whether the cluster shows the effect of any of these steps."""
    return any([steps.is_applied(plan, step, await steps.find(snapshot, step)) for step in among])


async def _superseded(snapshot: Snapshot, plan: Plan, preview: Preview, number: int) -> bool:
    """Tell whether a step's object is gone because of a later step: a volume goes with its claim."""
    later = [step for step in preview.steps[number + 1 :] if step.verb is Verb.DELETE]
    return await any_applied(snapshot, plan, later)


def _stopped(why: Refusal, done: Sequence[Step], *, undo: tuple[Step, ...]) -> Refusal:
    """Return a refusal that also lists the steps applied before it."""
    if not done:
        return why
    done_before = _summary_of(done)
    says = Text(
        en=f"{why.says.en}. Done before that: {done_before.en}",
        zh=f"{why.says.zh}。在此之前已完成：{done_before.zh}",
    )
    return replace(why, says=says, done=tuple(each.says for each in done), undo=undo)


def _applied(
    plan: Plan, preview: Preview, obj: Json | None, *, at: datetime, already: bool, undo: tuple[Step, ...] = ()
) -> Applied:
    metadata = (obj or {}).get("metadata") or {}
    return Applied(
        says=_summary_of(preview.steps),
        target=plan.target,
        outlook=preview.outlook,
        generation=int(metadata.get("generation") or 0),
        resource_version=str(metadata.get("resourceVersion", "")),
        at=at,
        already=already,
        undo=undo,
    )


def _summary_of(done: Sequence[Step]) -> Text:
    """Join what steps have done into one sentence."""
    removals = [step for step in done if step.verb is not Verb.PATCH and step.target.kind == "Pod"]
    says = [step.says for step in done if step not in removals[_MOST_NAMED:]]
    if left := len(removals[_MOST_NAMED:]):
        says.append(Text(en=f"and {left} more pods", zh=f"以及另外 {left} 个 Pod"))
    return Text(en="; ".join(each.en for each in says), zh="；".join(each.zh for each in says))
