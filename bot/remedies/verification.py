"""Verifies a remedy: the evidence is read again until it clears, clearly will not, or time is up.

A successful write proves nothing. What replaced the old pods must exist, must have run long enough to fail the same
way, and must no longer show the incident. The symptom is looked at besides the change: see `bot.remedies.recheck`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from bot.cluster.errors import ClusterError
from bot.diagnosing import Engine
from bot.kube.owners import owner_of
from bot.remedies.action import Action
from bot.remedies.contract import Applied, EffectState, EffectStatus, Plan, State, Verification
from bot.remedies.recheck import (
    Look,
    SymptomState,
    after_write,
    final_state,
    moved,
    recheck,
    rule_of,
    symptom_of,
    what_fails,
)
from bot.remedies.session import Session
from bot.remedies.undo import action_of
from intents.catalog.schema import Remediation
from intents.domain import Diagnosis, FindingOutcome, GapReason, Text
from intents.templates import counted
from responses.words import REASONS

VERIFY_S: Final = 120.0
_MOST_FINDINGS: Final = 5
_NOT_SHOWN: Final = Text(
    en="Nothing that Casebook reads shows whether it helped: check it yourself.",
    zh="Casebook 读取的内容无法显示是否有效：请自行检查。",
)
_NO_LONGER_FOUND: Final = Text(en="{}, and the incident is no longer found", zh="{}，且不再发现该问题")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """Seconds between two checks, and how long a good state, or a failing one that may recover, must last."""

    every: float = 2.0
    well: float = 10.0
    failing: float = 30.0


PACE: Final = Pace()


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """The result, and the diagnosis that shows it (None if nothing could be read)."""

    verification: Verification
    diagnosis: Diagnosis | None = None


async def verify(
    plan: Plan,
    applied: Applied,
    *,
    engine: Engine,
    session: Session,
    deadline: float = VERIFY_S,
    pace: Pace = PACE,
    progress: Callable[[Verification], None] | None = None,
) -> Verified:
    """Look until the result is clear, at most `deadline` seconds. It only reads, so a job may run it again.

    The result has only what the session may read. Never raises for a refused read: the result says what is missing,
    and claims nothing.
    """
    if not (plan.is_requested or plan.incident in engine.catalog.incidents):
        says = Text(en=f"the catalog no longer has {plan.incident}", zh=f"知识库中已没有 {plan.incident}")
        return _unverified(applied, says)
    action = action_of(plan)
    if action is None:
        says = Text(en=f"the action {plan.action} no longer exists", zh=f"操作 {plan.action} 已不存在")
        return _unverified(applied, says)
    if plan.undoes:
        # The object is as it was: whether that helps was not the question.
        return Verified(verification=Verification(state=State.DONE, says=applied.says))
    verifier = _Verifier(
        plan=plan,
        applied=applied,
        action=action,
        engine=engine,
        session=session,
        pace=pace,
        progress=progress,
    )
    return await verifier.run(deadline=deadline)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Verifier:
    """Looks at one applied plan until its result is clear."""

    plan: Plan
    applied: Applied
    action: Action
    engine: Engine
    session: Session
    pace: Pace
    progress: Callable[[Verification], None] | None

    async def run(self, *, deadline: float) -> Verified:
        end = time.monotonic() + deadline
        patience = self._patience(deadline)
        since: dict[str, float] = {}
        last: Look | None = None
        while True:
            found = await self._look(left=max(end - time.monotonic(), 0.0))
            now = time.monotonic()
            if isinstance(found, Look):
                last = found
                if _has_lasted(since, "good", found.good is not None, now=now, seconds=patience):
                    return await self._good(found)
                if _has_lasted(since, "failing", found.failing, now=now, seconds=self.pace.failing):
                    return await self._ended(found)
                if self.progress is not None:
                    self.progress(_waiting(found))
            if now >= end:
                trouble = found if isinstance(found, ClusterError) else None
                return await self._ended(last) if last else _unverified(self.applied, _unread(trouble))
            await asyncio.sleep(min(self.pace.every, max(end - now, 0.0)))

    def _patience(self, deadline: float) -> float:
        """Return how many seconds a good state must last."""
        return max(self.pace.well, min(self.applied.outlook.patience_s, deadline / 2)) if self.pace.well else 0.0

    async def _look(self, *, left: float) -> Look | ClusterError:
        try:
            async with self.session.snapshot(deadline=max(min(self.session.deadline, left), 1.0)) as snapshot:
                effect = await self.action.check_effect(snapshot, self.plan, self.applied)
                if self.plan.is_requested:
                    return Look(effect=effect, plan=self.plan)
                about = after_write(self.plan.about, self.applied, effect)
                remediation = self._remediation()
                incident = await recheck(
                    self.plan.incident,
                    about,
                    engine=self.engine,
                    snapshot=snapshot,
                    fixed_when=rule_of(remediation),
                )
                symptom = await symptom_of(
                    snapshot,
                    remediation,
                    incident.fixed_when,
                    about,
                    self.plan.target,
                    only_configures=self.action.declaration.only_configures,
                )
        except ClusterError as error:
            return error
        ends_incident = not self.plan.until and self.action.declaration.ends_incident
        return Look(effect=effect, plan=self.plan, incident=incident, symptom=symptom, ends_incident=ends_incident)

    def _remediation(self) -> Remediation | None:
        """Return the remediation as the catalog has it now; None if it was removed."""
        declared = self.engine.catalog.incidents[self.plan.incident].remediations
        return next((each for each in declared if each.id == self.plan.remedy), None)

    async def _good(self, look: Look) -> Verified:
        if not look.ends_incident:
            return _without_incident(look)
        if look.good is State.LATER:
            return _verified(State.LATER, _later(look), look)
        parts = (_NO_LONGER_FOUND.filled(look.effect.says), look.symptom.says, await self._other_pods(look))
        says = Text.joined((each for each in parts if each is not None and each.en), by=Text(en=". ", zh="。"))
        return _verified(State.FIXED, says, look)

    async def _other_pods(self, look: Look) -> Text | None:
        """Name other pods of the same workload that still show the incident: restarting one fixes no other."""
        if self.plan.target.kind != "Pod" or not look.effect.replacements:
            return None
        new = look.effect.replacements[0]
        async with self.session.snapshot() as snapshot:
            try:
                pod = await snapshot.get("Pod", new.name, namespace=new.namespace)
            except ClusterError:
                return None
            owner = owner_of(pod)
            about = moved(replace(self.plan.about, when=None), to=owner)
            found = await recheck(self.plan.incident, about, engine=self.engine, snapshot=snapshot)
        fresh = {each.name for each in look.effect.replacements}
        rows = (row for each in found.judged.findings if each.outcome is FindingOutcome.SUPPORTS for row in each.rows)
        still = sorted({row.subject.name for row in rows if row.subject.kind == "Pod"} - fresh)
        if not found.present or not still:
            return None
        names = ", ".join(still[:_MOST_FINDINGS])
        return Text(
            en=f"Other pods of {owner.kind} {owner.name} still show it: {names}",
            zh=f"{owner.kind} {owner.name} 的其他 Pod 仍有此问题：{names}",
        )

    async def _ended(self, look: Look) -> Verified:
        """Return the result of what did not become clear."""
        if not look.ends_incident:
            return _without_incident(look)
        worse = _worse(self.applied, look.effect)
        state = final_state(replace(look.seen, worse=worse is not None))
        if state is State.LATER:
            return _verified(state, _later(look), look)
        trouble: Text | None = None
        if state in (State.NOT_FIXED, State.CHANGED, State.WORSE) and look.effect.replacements:
            async with self.session.snapshot() as snapshot:
                trouble = await what_fails(snapshot, look.effect.replacements)
        if state is State.NOT_FIXED and look.present:
            still = _still(look)
            trouble = trouble or (look.effect.says if look.failing else None)
            says = Text(en=f"{trouble.en}; {still.en}", zh=f"{trouble.zh}；{still.zh}") if trouble else still
            return _verified(state, says, look)
        if state in (State.NOT_FIXED, State.CHANGED):
            remains = trouble or (look.symptom.says if state is State.CHANGED else look.effect.says)
            says = Text(en=f"the cause is no longer found, but {remains.en}", zh=f"原因已不再发现，但{remains.zh}")
            return _verified(state, says, look)
        if worse is not None and trouble is not None:
            worse = Text(en=f"{worse.en}; {trouble.en}", zh=f"{worse.zh}；{trouble.zh}")
        return _verified(state, worse or _waiting(look, late=True).says, look)


def _has_lasted(since: dict[str, float], what: str, holds: bool, *, now: float, seconds: float) -> bool:
    """Tell whether something has held so long without a break; `since` has what holds, and from when."""
    if not holds:
        since.pop(what, None)
        return False
    return now - since.setdefault(what, now) >= seconds


def _without_incident(look: Look) -> Verified:
    """Return the result of what does not fix the cause: whether it has taken effect. The incident may continue."""
    effect, plan = look.effect, look.plan
    if look.is_done and effect.state in (EffectState.HEALTHY, EffectState.FAILING):
        done = plan.done or effect.says
        then = effect.says if effect.state is EffectState.FAILING else None
        says = Text(en=f"{done.en}; {then.en}", zh=f"{done.zh}；{then.zh}") if then else done
        return _verified(State.DONE, says, look)
    if effect.state in (EffectState.FAILING, EffectState.GONE):
        return _verified(State.NOT_DONE, effect.says, look)
    return _verified(State.WAITING, _waiting(look, late=True).says, look)


def _worse(applied: Applied, effect: EffectStatus) -> Text | None:
    """Say why the state is worse than before: fewer pods ready, or no replacement; None if it is not."""
    if effect.state is EffectState.GONE:
        return Text(
            en=f"nothing has replaced {applied.target}",
            zh=f"没有任何 Pod 取代 {applied.target}",
        )
    if 0 <= effect.ready < min(applied.outlook.ready, effect.wanted):
        return Text(
            en=f"{counted(effect.ready, 'pods are ready')}, {applied.outlook.ready} were before; {effect.says.en}",
            zh=f"就绪的 Pod 从 {applied.outlook.ready} 个降到 {effect.ready} 个；{effect.says.zh}",
        )
    return None


def _still(look: Look) -> Text:
    support = next((each for each in look.findings if each.outcome is FindingOutcome.SUPPORTS), None)
    return support.says if support else look.incident.judged.title if look.incident else look.effect.says


def _later(look: Look) -> Text:
    """Say that the change is in place, when it will show whether it helped, and what is seen of the symptom now."""
    then = look.plan.later or _NOT_SHOWN
    en, zh = then.en, then.zh
    if look.symptom.state is SymptomState.REMAINS:
        en, zh = f"{en} Now: {look.symptom.says.en}", f"{zh}目前：{look.symptom.says.zh}"
    return Text(
        en=f"{look.effect.says.en}, and the cause is no longer found. {en}",
        zh=f"{look.effect.says.zh}，且原因已不再发现。{zh}",
    )


def _waiting(look: Look, *, late: bool = False) -> Verification:
    what, unread = look.effect.says, look.unread
    if look.effect.state is EffectState.HEALTHY:
        if unread:
            what = unread[0].says
        elif look.symptom.state in (SymptomState.UNREAD, SymptomState.REMAINS) and look.ends_incident:
            what = look.symptom.says
    if look.present and look.ends_incident:
        what = Text(en=f"{what.en}; the incident is still present", zh=f"{what.zh}；问题仍然存在")
    begin = Text(en="not confirmed in time: ", zh="未能及时确认：") if late else Text.same("")
    return _verified(State.WAITING, Text(en=begin.en + what.en, zh=begin.zh + what.zh), look).verification


def _verified(state: State, says: Text, look: Look) -> Verified:
    return Verified(
        verification=Verification(
            state=state,
            says=says,
            findings=tuple(replace(each, rows=(), table=None) for each in look.findings[:_MOST_FINDINGS]),
            ready=look.effect.ready,
            wanted=look.effect.wanted,
        ),
        diagnosis=look.incident.diagnosis if look.incident else None,
    )


def _unread(trouble: ClusterError | None) -> Text:
    """Say why nothing could be read, without the API server's address: a channel must not see it."""
    if trouble is None or trouble.everywhere:
        return REASONS[trouble.reason if trouble else GapReason.TIMED_OUT]
    return Text.same(str(trouble))


def _unverified(applied: Applied, why: Text) -> Verified:
    says = Text(
        en=f"could not check whether it helped: {why.en}; check {applied.target} yourself",
        zh=f"无法确认是否有效：{why.zh}；请自行检查 {applied.target}",
    )
    return Verified(
        verification=Verification(
            state=State.WAITING, says=says, ready=applied.outlook.ready, wanted=applied.outlook.wanted
        )
    )
