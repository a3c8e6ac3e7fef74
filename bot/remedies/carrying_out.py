"""The path of a pressed button: is it still right, what would happen, do it once.

Each stage is handed values and returns one, so that a durable job can run any of them again. Nothing here decides who
may press: that is the policy's, before. `access` is its word on what may be read, since what is read is told.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

from bot.cluster.connection import Connection
from bot.cluster.errors import ClusterError, NotFound
from bot.cluster.snapshot import Snapshot
from bot.cluster.writer import Writer
from bot.diagnosing import Engine
from bot.kube.access import EVERYTHING, Access
from bot.kube.impersonation import ActsAs
from bot.remedies import dry_running, stepping
from bot.remedies.contract import Action, Applied, Plan, Preview, Reason, Refusal
from bot.remedies.judging_again import Again, judge_again
from bot.remedies.shared.refusing import gone, refused
from bot.remedies.shared.unfilled import unfilled
from bot.remedies.undoing import action_of
from intents.domain import ObjectRef, Outcome, Text
from responses import failures

DEADLINE_S: Final = 8.0

_PARTS: Final = {
    "owner": Text(en="its owner", zh="其控制器"),
    "images": Text(en="its images", zh="其镜像"),
    "template": Text(en="its pod template", zh="其 Pod 模板"),
    "strategy": Text(en="its update strategy", zh="其更新策略"),
    "whether it exists": Text(en="whether it exists", zh="其是否存在"),
    "claims": Text(en="its claims", zh="其存储卷声明"),
    "claim": Text(en="its claim", zh="其存储卷声明"),
    "volume": Text(en="its volume", zh="其存储卷"),
    "service": Text(en="its Service", zh="其 Service"),
}


async def check(
    plan: Plan,
    *,
    engine: Engine,
    connection: Connection,
    now: datetime | None = None,
    deadline: float = DEADLINE_S,
    access: Access = EVERYTHING,
) -> Refusal | None:
    """None if the object is still the planned one, the cause still there, and the entry's conditions still hold."""
    action = action_of(plan)
    if action is None or plan.incident not in engine.catalog.incidents:
        return _expired()
    if (now or datetime.now(UTC)) >= plan.expires:
        return _expired()
    async with Snapshot(connection, deadline=deadline, access=access) as snapshot:
        if refusal := await _unlike(plan, action, snapshot):
            return refusal
        if plan.undoes:
            return None
        again = await judge_again(plan.incident, plan.about, engine=engine, snapshot=snapshot)
    if not again.present:
        return _cleared(again)
    targets = [each.target for each in again.judged.remedies if each.id == plan.remedy and each.target is not None]
    if not any(each.is_named_as(plan.target) for each in targets):
        says = Text(
            en="the incident is still there, but what this remedy rests on is not: ask again for a fresh diagnosis",
            zh="问题仍然存在，但此操作的前提已不成立：请重新诊断",
        )
        return Refusal(reason=Reason.CHANGED, says=says)
    return None


async def preview(
    plan: Plan,
    *,
    connection: Connection,
    deadline: float = DEADLINE_S,
    access: Access = EVERYTHING,
    acting_as: ActsAs | None = None,
) -> Preview | Refusal:
    """What would happen, by a server-side dry run; changes nothing."""
    action = action_of(plan)
    if action is None:
        return _expired()
    if refusal := unfilled(plan):
        return refusal
    async with Snapshot(connection, deadline=deadline, access=access) as snapshot:
        try:
            if refusal := await _unlike(plan, action, snapshot):
                return refusal
            proposal = await action.propose(snapshot, plan)
            if isinstance(proposal, Refusal):
                return proposal
            at_most = dry_running.time_for(proposal, least=deadline)
            writer = Writer(connection, deadline=at_most, acting_as=acting_as)
            return await dry_running.rehearse(writer, snapshot, plan, proposal, undoable=action.undoable)
        except ClusterError as error:
            return refused(error, plan.target, otherwise=Reason.NOT_CHECKED)


async def apply(
    plan: Plan,
    previewed: Preview,
    *,
    connection: Connection,
    now: datetime | None = None,
    deadline: float = DEADLINE_S,
    looks: Iterable[float] = stepping.LOOKS,
    access: Access = EVERYTHING,
    acting_as: ActsAs | None = None,
    resumed: bool = False,
    patience: Iterable[float] = stepping.PATIENCE,
    progress: stepping.Progress | None = None,
) -> Applied | Refusal:
    """Write, once. Run again, it finds what it did and returns that; of several steps it takes those that are left.

    `acting_as`: under whose name, if not our own. `resumed`: a run before this one may have written.

    If no answer came, what became of the write is read back: it is Applied, or NOT_WRITTEN, or OUTCOME_UNKNOWN if
    nothing could be read. It is never sent again without a person's press.
    """
    action = action_of(plan)
    if action is None:
        return _expired()
    try:
        if done := await _effect(plan, previewed, connection, deadline, access, ours=resumed):
            return done
    except ClusterError as error:
        return refused(error, plan.target, otherwise=Reason.NOT_CHECKED)
    if (now or datetime.now(UTC)) >= plan.expires:
        return _expired()
    return await stepping.take(
        plan,
        previewed,
        connection=connection,
        deadline=deadline,
        looks=looks,
        access=access,
        acting_as=acting_as,
        undoable=action.undoable,
        resumed=resumed,
        patience=patience,
        progress=progress,
    )


async def done_already(
    plan: Plan,
    previewed: Preview,
    *,
    connection: Connection,
    deadline: float = DEADLINE_S,
    access: Access = EVERYTHING,
) -> Applied | None:
    """The effect of this very plan that was begun, if the cluster shows it; None if it does not, or cannot be read.

    Ask before checking whether the cause is still there: after a crash it may be gone because of us.
    """
    try:
        return await _effect(plan, previewed, connection, deadline, access, ours=True)
    except ClusterError:
        return None


def interrupted(plan: Plan, why: Refusal) -> Refusal:
    """A refusal to go on with a plan that was begun before: it may have been done."""
    return stepping.in_doubt(why, plan.target)


async def partly_done(
    plan: Plan,
    previewed: Preview,
    *,
    connection: Connection,
    deadline: float = DEADLINE_S,
    access: Access = EVERYTHING,
) -> bool:
    """Whether the cluster shows the effect of some steps of this plan: then it goes on, whatever the cause does now."""
    try:
        async with Snapshot(connection, deadline=deadline, access=access) as snapshot:
            return len(previewed.steps) > 1 and await stepping.any_taken(snapshot, plan, previewed)
    except ClusterError:
        return False


async def _effect(
    plan: Plan, previewed: Preview, connection: Connection, deadline: float, access: Access, *, ours: bool
) -> Applied | None:
    action = action_of(plan)
    undoable = ours and action is not None and action.undoable
    async with Snapshot(connection, deadline=deadline, access=access) as snapshot:
        return await stepping.taken_already(snapshot, plan, previewed, undoable=undoable)


async def _unlike(plan: Plan, action: Action, snapshot: Snapshot) -> Refusal | None:
    """Why the object is not the one that was planned for."""
    try:
        basis = await action.basis(snapshot, plan.target)
    except NotFound:
        return gone(plan.target)
    except ClusterError as error:
        return refused(error, plan.target, otherwise=Reason.NOT_CHECKED)
    if basis.get("uid") != plan.target.uid:
        says = Text(
            en=f"{plan.target} was deleted and made anew since: it is another object now",
            zh=f"{plan.target} 已被删除并重建：现在是另一个对象",
        )
        return Refusal(reason=Reason.DELETED, says=says)
    changed = [part for part in plan.basis if part in basis and basis[part] != plan.basis[part]]
    if not changed:
        return None
    if "images" in changed:
        before, after = plan.basis["images"], basis["images"]
        return _changed(plan.target, Text(en=f"its images: {before} → {after}", zh=f"其镜像：{before} → {after}"))
    parts = [_PARTS.get(part, Text.same(part)) for part in changed]
    what = Text(en=", ".join(each.en for each in parts), zh="、".join(each.zh for each in parts))
    return _changed(plan.target, what)


def _changed(target: ObjectRef, what: Text) -> Refusal:
    says = Text(
        en=f"{target} has changed since this was offered ({what.en}); ask again for a fresh diagnosis",
        zh=f"{target} 在提供此操作之后发生了变化（{what.zh}）；请重新诊断",
    )
    return Refusal(reason=Reason.CHANGED, says=says)


def _cleared(again: Again) -> Refusal:
    """The incident is not there any more; or nobody can tell."""
    if again.unread:
        first = again.unread[0].says
        says = Text(
            en=f"it cannot be checked whether the cause is still there: {first.en}",
            zh=f"无法确认原因是否仍然存在：{first.zh}",
        )
        return Refusal(reason=Reason.NOT_CHECKED, says=says)
    refutes = (finding.says for finding in again.judged.findings if finding.outcome is Outcome.REFUTES)
    refuting = next(refutes, Text.same(""))
    says = Text(
        en=f"already fixed, nothing to do. {refuting.en}".rstrip(),
        zh=f"问题已消失，无需操作。{refuting.zh}",
    )
    return Refusal(reason=Reason.ALREADY_FIXED, says=says)


def _expired() -> Refusal:
    return Refusal(reason=Reason.EXPIRED, says=failures.PLAN_EXPIRED)
