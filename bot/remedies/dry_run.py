"""Turn a proposal into a preview: dry-run every write on the API server and bind it to the object it was run on.

Nothing is written, so no dry run depends on another: several run at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from bot.cluster.errors import ClusterError, Throttled, TimedOut
from bot.cluster.snapshot import Snapshot
from bot.cluster.writer import Writer
from bot.remedies import steps
from bot.remedies.changes import changes_between, without_bookkeeping
from bot.remedies.contract import Plan, Preview, Proposal, Reason, Refusal, Step, Verb
from bot.remedies.shared.budgets import blocked_by
from bot.remedies.shared.refusal import gone, refused
from intents.domain import Json, Text
from intents.templates import counted

# Concurrency limit: an API server in trouble is spared.
_AT_ONCE: Final = 8
# Extra seconds for each further step, and for all of them: people wait for the dialog.
_EACH_S: Final = 0.1
_MOST_S: Final = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _DryRun:
    """A step bound to its object. `blocked` says why it would be refused now; `late`: no response in time."""

    step: Step
    shown: str
    blocked: Text | None = None
    late: bool = False


def time_for(proposal: Proposal, *, least: float) -> float:
    """Return the seconds for the dry runs of a proposal; a single step gets `least`."""
    return least + min(_EACH_S * len(proposal.steps[1:]), _MOST_S)


async def preview_steps(
    writer: Writer, snapshot: Snapshot, plan: Plan, proposal: Proposal, *, undoable: bool = False
) -> Preview | Refusal:
    """Dry-run every step and bind it to what it would change. Raises ClusterError for a read that fails.

    With `undoable`, a step that deletes keeps the manifest that creates its object again.
    """
    found = [(step, await steps.find(snapshot, step)) for step in proposal.steps]
    runs = await _dry_run_all(writer, snapshot, plan, found, undoable=undoable)
    if isinstance(runs, Refusal):
        return runs
    late = [each for each in runs if each.late]
    if late and all(each.late for each in runs if _may_be_late(each.step)):
        return refused(TimedOut(what=str(late[0].step.target)), late[0].step.target, otherwise=Reason.DRY_RUN)
    return Preview(
        steps=tuple(each.step for each in runs),
        outlook=replace(proposal.outlook, warnings=(*_warnings(runs), *proposal.outlook.warnings)),
        diff=proposal.shown or "\n".join(filter(None, (each.shown for each in runs))),
    )


async def _dry_run_all(
    writer: Writer, snapshot: Snapshot, plan: Plan, found: Sequence[tuple[Step, Json | None]], *, undoable: bool
) -> list[_DryRun] | Refusal:
    """Dry-run the steps, several at once. Return the refusal of the first refused step; later steps are not run."""
    limit, refusals = asyncio.Semaphore(_AT_ONCE), list[Refusal]()

    async def run(step: Step, obj: Json | None) -> _DryRun | Refusal | None:
        async with limit:
            # All steps before this one are started, so the first refusal is the same in every run.
            result = None if refusals else await _dry_run(writer, snapshot, plan, step, obj, undoable=undoable)
        if isinstance(result, Refusal):
            refusals.append(result)
        return result

    results = await asyncio.gather(*(run(step, obj) for step, obj in found))
    if refusal := next((each for each in results if isinstance(each, Refusal)), None):
        return refusal
    return [each for each in results if isinstance(each, _DryRun)]


async def _dry_run(
    writer: Writer, snapshot: Snapshot, plan: Plan, step: Step, obj: Json | None, *, undoable: bool
) -> _DryRun | Refusal:
    if obj is None and step.verb is not Verb.CREATE:
        return gone(step.target)
    would_be: Json = {}
    blocked: Text | None = None
    late = False
    try:
        would_be = await steps.write(writer, snapshot, plan, step, obj, dry_run=True)
    except ClusterError as error:
        if step.verb is Verb.EVICT and isinstance(error, Throttled):
            blocked = await blocked_by(snapshot, step.target, error)
        late = isinstance(error, TimedOut) and _may_be_late(step)
        if blocked is None and not late:
            return refused(error, step.target, otherwise=Reason.DRY_RUN)
    bound = replace(step, fingerprint=steps.fingerprint(step, obj))
    if step.verb is Verb.PATCH and obj is not None:
        bound = replace(bound, changes=changes_between(without_bookkeeping(obj), without_bookkeeping(would_be)))
    if step.verb is Verb.DELETE and obj is not None and undoable:
        bound = replace(bound, body=steps.manifest(obj))
    return _DryRun(step=bound, shown=steps.shown(step, obj, would_be), blocked=blocked, late=late)


def _may_be_late(step: Step) -> bool:
    """Tell whether a step may be shown without a dry run: the removal of one of many pods, which has no diff."""
    return step.verb in (Verb.EVICT, Verb.DELETE) and step.target.kind == "Pod"


def _warnings(runs: Sequence[_DryRun]) -> Iterator[Text]:
    """Warn of writes that were not dry-run, and once of all evictions that would be refused now."""
    if late := sum(each.late for each in runs):
        yield Text(
            en=f"{late} of {len(runs)} writes could not be dry-run in time: the API server may refuse them",
            zh=f"{len(runs)} 项写入中有 {late} 项未能及时试运行；执行时仍可能被 API server 拒绝",
        )
    if blocked := [each.blocked for each in runs if each.blocked]:
        why = tuple(dict.fromkeys(blocked))
        en, zh = "; ".join(each.en for each in why), "；".join(each.zh for each in why)
        yield Text(
            en=f"The eviction of {counted(len(blocked), 'pods')} would be refused now; it is retried for a while: {en}",
            zh=f"目前有 {len(blocked)} 个 Pod 的驱逐会被拒绝，执行时会重试一段时间：{zh}",
        )
