"""The path of a pressed button: check that the plan still holds, preview it, apply it once.

Each function takes values and returns one, so a durable job can run it again. Nobody is authorised here: the policy
does that before. The session reads what the policy lets the requester read, since the result shows what is read.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

from bot.cluster.errors import ClusterError, NotFound
from bot.cluster.snapshot import Snapshot
from bot.diagnosing import Engine
from bot.remedies import dry_run, step_runner
from bot.remedies.action import Action
from bot.remedies.contract import CORDONED_BY, Applied, Plan, Preview, Reason, Refusal, Refused
from bot.remedies.recheck import Recheck, recheck
from bot.remedies.session import Session, writes_redacted
from bot.remedies.shared.refusal import check_filled, gone, refused
from bot.remedies.step_runner import StepRunner
from bot.remedies.undo import action_of
from intents.domain import FindingOutcome, Text
from responses import failures

# What people call the parts of an object that a plan rests on.
_PARTS: Final = {
    CORDONED_BY: Text(en="who cordoned it", zh="cordon 它的人"),
    "owner": Text(en="its owner", zh="其控制器"),
    "images": Text(en="its images", zh="其镜像"),
    "template": Text(en="its pod template", zh="其 Pod 模板"),
    "strategy": Text(en="its update strategy", zh="其更新策略"),
    "whether it exists": Text(en="whether it exists", zh="其是否存在"),
    "claims": Text(en="its claims", zh="其 PVC"),
    "claim": Text(en="its claim", zh="其 PVC"),
    "volume": Text(en="its volume", zh="其存储卷"),
    "service": Text(en="its Service", zh="其 Service"),
}


async def check(
    plan: Plan,
    *,
    engine: Engine,
    session: Session,
    now: datetime | None = None,
) -> Refusal | None:
    """Check that the object is still the planned one, the cause still present, and the entry's conditions still hold.

    Return None if so, otherwise why not.
    """
    action = action_of(plan)
    known = plan.is_requested or plan.incident in engine.catalog.incidents
    if action is None or not known or (now or datetime.now(UTC)) >= plan.expires:
        return _expired()
    async with session.snapshot() as snapshot:
        if refusal := await _object_changed(plan, action, snapshot):
            return refusal
        if plan.undoes or plan.is_requested:
            return None
        now_judged = await recheck(plan.incident, plan.about, engine=engine, snapshot=snapshot)
    if not now_judged.present:
        return _cleared(now_judged)
    targets = [each.target for each in now_judged.judged.remedies if each.id == plan.remedy and each.target is not None]
    if not any(each.is_named_as(plan.target) for each in targets):
        says = Text(
            en="the incident is still present, but the conditions of this remedy are not met; run the diagnosis again",
            zh="问题仍然存在，但此操作的前提条件已不满足；请重新诊断",
        )
        return Refusal(reason=Reason.CHANGED, says=says)
    return None


async def preview(plan: Plan, *, session: Session) -> Preview | Refusal:
    """Show what would happen, by a server-side dry run; change nothing."""
    action = action_of(plan)
    if action is None:
        return _expired()
    async with session.snapshot() as snapshot:
        try:
            check_filled(plan)
            if refusal := await _object_changed(plan, action, snapshot):
                return refusal
            proposal = await action.propose(snapshot, plan)
            writer = session.writer(deadline=dry_run.time_for(proposal, least=session.deadline))
            return await dry_run.preview_steps(writer, snapshot, plan, proposal, undoable=action.declaration.undoable)
        except Refused as stopped:
            return stopped.refusal
        except ClusterError as error:
            return refused(error, plan.target, otherwise=Reason.NOT_CHECKED)


async def apply(
    plan: Plan,
    previewed: Preview,
    *,
    session: Session,
    now: datetime | None = None,
    looks: Iterable[float] = step_runner.LOOKS,
    resumed: bool = False,
    patience: Iterable[float] = step_runner.PATIENCE,
    progress: step_runner.Progress | None = None,
) -> Applied | Refusal:
    """Apply a plan once. Run again, it finds its own writes and returns them; it applies only the steps that are left.

    `resumed`: a run before this one may have written. If the API server did not respond, the object is read back: the
    result is Applied, NOT_WRITTEN, or OUTCOME_UNKNOWN if nothing could be read. A write is never sent a second time
    without a new press.
    """
    action = action_of(plan)
    if action is None:
        return _expired()
    if writes_redacted(previewed.steps):
        return Refusal(reason=Reason.UNSAFE, says=failures.CHANGE_HOLDS_SECRET)
    try:
        if done := await _found_applied(plan, previewed, session, ours=resumed):
            return done
    except ClusterError as error:
        return refused(error, plan.target, otherwise=Reason.NOT_CHECKED)
    if (now or datetime.now(UTC)) >= plan.expires:
        return _expired()
    runner = StepRunner(
        session=session,
        plan=plan,
        preview=previewed,
        undoable=action.declaration.undoable,
        resumed=resumed,
        looks=looks,
        patience=patience,
        progress=progress,
    )
    return await runner.run()


async def done_already(plan: Plan, previewed: Preview, *, session: Session) -> Applied | None:
    """Return the effect of this plan, which was begun before, if the cluster shows it; None if not, or if unreadable.

    Call this before `check`: after a crash the cause may be gone because of our own write.
    """
    try:
        return await _found_applied(plan, previewed, session, ours=True)
    except ClusterError:
        return None


async def partly_done(plan: Plan, previewed: Preview, *, session: Session) -> bool:
    """Tell whether the cluster shows the effect of some steps: the plan then continues, whatever the cause does now."""
    try:
        async with session.snapshot() as snapshot:
            return len(previewed.steps) > 1 and await step_runner.any_applied(snapshot, plan, previewed.steps)
    except ClusterError:
        return False


async def _found_applied(plan: Plan, previewed: Preview, session: Session, *, ours: bool) -> Applied | None:
    action = action_of(plan)
    undoable = ours and action is not None and action.declaration.undoable
    async with session.snapshot() as snapshot:
        return await step_runner.already_applied(snapshot, plan, previewed, undoable=undoable)


async def _object_changed(plan: Plan, action: Action, snapshot: Snapshot) -> Refusal | None:
    """Say why the object is no longer the one that was planned for."""
    try:
        basis = await action.basis(snapshot, plan.target)
    except NotFound:
        return gone(plan.target)
    except ClusterError as error:
        return refused(error, plan.target, otherwise=Reason.NOT_CHECKED)
    if basis.get("uid") != plan.target.uid:
        says = Text(
            en=f"{plan.target} was deleted and recreated since; it is another object now",
            zh=f"{plan.target} 已被删除并重建，现在是另一个对象",
        )
        return Refusal(reason=Reason.DELETED, says=says)
    changed = [part for part in plan.basis if part in basis and basis[part] != plan.basis[part]]
    if not changed:
        return None
    if "images" in changed:
        before, after = plan.basis["images"], basis["images"]
        en, zh = f"its images: {before} → {after}", f"其镜像：{before} → {after}"
    else:
        parts = [_PARTS.get(part, Text.same(part)) for part in changed]
        en, zh = ", ".join(each.en for each in parts), "、".join(each.zh for each in parts)
    says = Text(
        en=f"{plan.target} has changed since this was offered ({en}); run the diagnosis again",
        zh=f"{plan.target} 在提供此操作之后发生了变化（{zh}）；请重新诊断",
    )
    return Refusal(reason=Reason.CHANGED, says=says)


def _cleared(now_judged: Recheck) -> Refusal:
    """Say that the incident is no longer present, or that this could not be checked."""
    if now_judged.unread:
        first = now_judged.unread[0].says
        says = Text(
            en=f"it is unknown whether the cause is still present: {first.en}",
            zh=f"无法确认原因是否仍然存在：{first.zh}",
        )
        return Refusal(reason=Reason.NOT_CHECKED, says=says)
    refutes = (finding.says for finding in now_judged.judged.findings if finding.outcome is FindingOutcome.REFUTES)
    refuting = next(refutes, Text.same(""))
    says = Text(
        en=f"already fixed, nothing to do. {refuting.en}".rstrip(),
        zh=f"问题已消失，无需操作。{refuting.zh}",
    )
    return Refusal(reason=Reason.ALREADY_FIXED, says=says)


def _expired() -> Refusal:
    return Refusal(reason=Reason.EXPIRED, says=failures.PLAN_EXPIRED)
