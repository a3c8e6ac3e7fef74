"""Whether a remedy has helped: the evidence is read again until it clears, surely will not, or time is up.

A write that succeeded proves nothing. What took the place of what was replaced must be there, must have had time to
fail the same way, and the incident must no longer be found in it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from bot.cluster.connection import Connection
from bot.cluster.errors import ClusterError
from bot.cluster.snapshot import Snapshot
from bot.diagnosing import Engine
from bot.kube.access import EVERYTHING, Access
from bot.kube.owners import owner_of
from bot.remedies.contract import About, Action, Applied, Course, Plan, Settling, State, Verification
from bot.remedies.judging_again import Again, judge_again, moved, now_about
from bot.remedies.undoing import action_of
from intents.domain import Diagnosis, Finding, GapReason, Outcome, Text
from responses.words import REASONS

VERIFY_S: Final = 120.0
_LOOK_S: Final = 8.0
_MOST_FINDINGS: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """Seconds: between two looks; how long a good state must last; how long a failing one, which a retry may cure."""

    every: float = 2.0
    well: float = 10.0
    failing: float = 30.0


PACE: Final = Pace()


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """The outcome, and the diagnosis that shows it (None if nothing could be read)."""

    verification: Verification
    diagnosis: Diagnosis | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    """One look at the cluster: how the write's effects fare, and the incident as it stands."""

    settling: Settling
    again: Again

    plan: Plan
    is_no_cure: bool

    @property
    def clear(self) -> bool:
        if self.settling.course is not Course.WELL:
            return False
        return self.is_done if self.is_no_cure else not self.again.present and not self.again.unread

    @property
    def is_done(self) -> bool:
        """Whether the rule holds that says that what is no fix has taken effect, of this object; if one says it."""
        if not self.plan.until:
            return self.settling.course is Course.WELL
        for finding in self.again.judged.findings:
            if finding.rule == self.plan.until and finding.rows:
                about = [row.subject for row in finding.rows if row.subject.kind == self.plan.target.kind]
                return not about or any(subject.is_named_as(self.plan.target) for subject in about)
        return False

    @property
    def failing(self) -> bool:
        return self.settling.course is Course.FAILING


async def verify(
    plan: Plan,
    applied: Applied,
    *,
    engine: Engine,
    connection: Connection,
    deadline: float = VERIFY_S,
    pace: Pace = PACE,
    progress: Callable[[Verification], None] | None = None,
    access: Access = EVERYTHING,
) -> Verified:
    """Look until the outcome is clear, at most `deadline` seconds. It only reads: a job may run it again.

    What is read and told is what `access` allows.

    Never raises for what the cluster refuses: what could not be read is said, and nothing is claimed.
    """
    if plan.incident not in engine.catalog.incidents:
        says = Text(en=f"the catalog no longer has {plan.incident}", zh=f"知识库中已没有 {plan.incident}")
        return _blind(applied, says)
    action = action_of(plan)
    if action is None:
        return _blind(applied, Text(en=f"there is no action {plan.action} any more", zh=f"已没有操作 {plan.action}"))
    if plan.undoes:
        # It is as it was: whether that helps anybody was not the question.
        return Verified(verification=Verification(state=State.DONE, says=applied.says))
    end = time.monotonic() + deadline
    patience = max(pace.well, min(applied.outlook.patience_s, deadline / 2)) if pace.well else 0.0
    since: dict[str, float] = {}
    last: _Look | None = None
    trouble: ClusterError | None = None
    while True:
        left = max(end - time.monotonic(), 0.0)
        try:
            async with Snapshot(connection, deadline=max(min(_LOOK_S, left), 1.0), access=access) as snapshot:
                last, trouble = await _look(plan, applied, action, engine=engine, snapshot=snapshot), None
        except ClusterError as error:
            trouble = error
        now = time.monotonic()
        if last is not None and trouble is None:
            if _lasts(since, "clear", last.clear, now=now, long=patience):
                if last.is_no_cure:
                    return _as_asked(plan, last)
                return await _fixed(plan, last, engine=engine, connection=connection, access=access)
            if _lasts(since, "failing", last.failing, now=now, long=pace.failing):
                return _ended(applied, last, late=False)
            if progress is not None:
                progress(_waiting(last))
        if now >= end:
            return _ended(applied, last, late=True) if last is not None else _blind(applied, _unread(trouble))
        await asyncio.sleep(min(pace.every, max(end - now, 0.0)))


def _lasts(since: dict[str, float], what: str, holds: bool, *, now: float, long: float) -> bool:
    """Whether something holds, and has at every look for so long."""
    if not holds:
        since.pop(what, None)
        return False
    return now - since.setdefault(what, now) >= long


async def _look(plan: Plan, applied: Applied, action: Action, *, engine: Engine, snapshot: Snapshot) -> _Look:
    settling = await action.settled(snapshot, plan, applied)
    about = now_about(plan.about, applied, settling)
    again = await judge_again(plan.incident, about, engine=engine, snapshot=snapshot)
    return _Look(settling=settling, again=again, plan=plan, is_no_cure=bool(plan.until) or not action.cures)


async def _fixed(plan: Plan, look: _Look, *, engine: Engine, connection: Connection, access: Access) -> Verified:
    says = Text(
        en=f"{look.settling.says.en}, and the incident is no longer found there",
        zh=f"{look.settling.says.zh}，且不再发现该问题",
    )
    others = await _others(plan, look, engine=engine, connection=connection, access=access)
    if others is not None:
        says = Text(en=f"{says.en}. {others.en}", zh=f"{says.zh}。{others.zh}")
    return _verified(State.FIXED, says, look)


async def _others(plan: Plan, look: _Look, *, engine: Engine, connection: Connection, access: Access) -> Text | None:
    """Whether other pods of the same workload still show the incident: one restarted pod heals no other."""
    if plan.target.kind != "Pod" or not look.settling.replacements:
        return None
    new = look.settling.replacements[0]
    async with Snapshot(connection, deadline=_LOOK_S, access=access) as snapshot:
        try:
            pod = await snapshot.get("Pod", new.name, namespace=new.namespace)
        except ClusterError:
            return None
        owner = owner_of(pod)
        again = await judge_again(plan.incident, moved(_now(plan), to=owner), engine=engine, snapshot=snapshot)
    fresh = {each.name for each in look.settling.replacements}
    rows = (row for finding in again.judged.findings if finding.outcome is Outcome.SUPPORTS for row in finding.rows)
    still = sorted({row.subject.name for row in rows if row.subject.kind == "Pod"} - fresh)
    if not again.present or not still:
        return None
    names = ", ".join(still[:_MOST_FINDINGS])
    return Text(
        en=f"Other pods of {owner.kind} {owner.name} still show it: {names}",
        zh=f"{owner.kind} {owner.name} 的其他 Pod 仍有此问题：{names}",
    )


def _ended(applied: Applied, look: _Look, *, late: bool) -> Verified:
    """What to say when it did not come out as fixed."""
    if look.is_no_cure:
        return _as_asked(look.plan, look)
    settling, again = look.settling, look.again
    lost = _lost(applied, settling)
    if lost is not None:
        return _verified(State.WORSE, lost, look)
    if again.present:
        return _verified(State.NOT_FIXED, _still(look), look)
    if look.failing:
        says = Text(
            en=f"the incident is not found any more, but {settling.says.en}",
            zh=f"不再发现该问题，但{settling.says.zh}",
        )
        return _verified(State.NOT_FIXED, says, look)
    return _verified(State.WAITING, _waiting(look, late=late).says, look)


def _as_asked(plan: Plan, look: _Look) -> Verified:
    """What is no fix is told by whether it has taken effect. The incident that it is a look into may well go on."""
    settling = look.settling
    if look.is_done and settling.course in (Course.WELL, Course.FAILING):
        done = plan.done or settling.says
        then = settling.says if settling.course is Course.FAILING else None
        says = Text(en=f"{done.en}; {then.en}", zh=f"{done.zh}；{then.zh}") if then else done
        return _verified(State.DONE, says, look)
    if settling.course in (Course.FAILING, Course.GONE):
        return _verified(State.NOT_DONE, settling.says, look)
    return _verified(State.WAITING, _waiting(look, late=True).says, look)


def _lost(applied: Applied, settling: Settling) -> Text | None:
    """Why things are worse than before, if they are: fewer pods ready, or none where one was."""
    if settling.course is Course.GONE:
        return Text(
            en=f"nothing has taken the place of {applied.target}",
            zh=f"没有任何 Pod 取代 {applied.target}",
        )
    if 0 <= settling.ready < min(applied.outlook.ready, settling.wanted):
        return Text(
            en=f"{settling.ready} pods are ready, {applied.outlook.ready} were before; {settling.says.en}",
            zh=f"就绪的 Pod 从 {applied.outlook.ready} 个降到 {settling.ready} 个；{settling.says.zh}",
        )
    return None


def _still(look: _Look) -> Text:
    support = next((each for each in look.again.judged.findings if each.outcome is Outcome.SUPPORTS), None)
    return support.says if support else look.again.judged.title


def _waiting(look: _Look, *, late: bool = False) -> Verification:
    unread = look.again.unread
    what = unread[0].says if unread and look.settling.course is Course.WELL else look.settling.says
    if look.again.present and not look.is_no_cure:
        what = Text(en=f"{what.en}; the incident is still there", zh=f"{what.zh}；问题仍然存在")
    begin = Text(en="not clear in time: ", zh="未能及时确认：") if late else Text.same("")
    return _verified(State.WAITING, Text(en=begin.en + what.en, zh=begin.zh + what.zh), look).verification


def _verified(state: State, says: Text, look: _Look) -> Verified:
    told = look.again.judged.findings[:_MOST_FINDINGS]
    return Verified(
        verification=Verification(
            state=state,
            says=says,
            findings=tuple(map(_small, told)),
            ready=look.settling.ready,
            wanted=look.settling.wanted,
        ),
        diagnosis=look.again.diagnosis,
    )


def _small(finding: Finding) -> Finding:
    return replace(finding, rows=(), table=None)


def _unread(trouble: ClusterError | None) -> Text:
    """No address: where the API server is is nothing for a channel."""
    if trouble is None or trouble.everywhere:
        return REASONS[trouble.reason if trouble else GapReason.TIMED_OUT]
    return Text.same(str(trouble))


def _blind(applied: Applied, why: Text) -> Verified:
    says = Text(
        en=f"whether it helped is not known: {why.en}; look at {applied.target} yourself",
        zh=f"不知道是否有效：{why.zh}；请自行查看 {applied.target}",
    )
    return Verified(
        verification=Verification(
            state=State.WAITING, says=says, ready=applied.outlook.ready, wanted=applied.outlook.wanted
        )
    )


def _now(plan: Plan) -> About:
    return replace(plan.about, when=None)
