"""A remedy was confirmed: allowed, claimed once, applied, audited, verified, and all of it told in the same message."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import structlog

from bot.cluster.access import Access
from bot.cluster.errors import ClusterError
from bot.jobs import Json, Run
from bot.remedies.auditing import Result, audit_entry
from bot.remedies.carrying_out import apply, check, done_already, partly_done
from bot.remedies.contract import Applied, Plan, Preview, Reason, Refusal, State
from bot.remedies.undoing import plan_to_undo
from bot.remedies.verifying import verify
from bot.slack.errors import SlackError
from bot.slack.pressing import answers_key, preview_key
from bot.store import Answer, AuditEntry, Claim, Claimed
from bot.workflows.desk import Desk
from bot.workflows.patience import patiently
from bot.workflows.previewing import quoting
from bot.workflows.telling import Telling
from bot.workflows.told import RemedyNote
from intents.domain import Text
from responses import failures
from responses.safety import safe, safe_value
from responses.slack.notes import told
from responses.slack.remedy_states import RemedyShown, RemedyState

_log: Final = structlog.get_logger(__name__)

# Which press has come so far as to write: where a plan keeps it.
_WRITING: Final = "writing"
# Which plan takes it back.
_UNDO: Final = "undo"
_ENDS: Final[Mapping[State, RemedyState]] = {
    State.FIXED: RemedyState.FIXED,
    State.NOT_FIXED: RemedyState.NOT_FIXED,
    State.WORSE: RemedyState.WORSE,
    State.WAITING: RemedyState.WAITING,
    State.DONE: RemedyState.DONE,
    State.NOT_DONE: RemedyState.NOT_DONE,
}
# Before the outcome is known nobody is led to take back what may be about to help.
_OVER: Final = frozenset(_ENDS.values())
# What acts at a container's next start waits for a back-off of up to five minutes.
_BACKED_OFF: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class _Press:
    """Who confirmed which plan, below which answer. `token` names the press in the claim and the audit."""

    plan: Plan
    answer: Answer
    user: str
    team: str
    token: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CarryingOut:
    """The workflow `remedy`. Payload: {"plan", "user", "team", "typed"}."""

    desk: Desk
    telling: Telling

    async def run(self, run: Run, payload: Json) -> Json | None:
        token = run.id
        claimed = await patiently(run, "claim", self.claim, payload, token)
        if not claimed or not claimed["goes_on"]:
            return None
        shown = claimed["shown"]
        applied = await patiently(run, "apply", self.apply, payload, token, shown)
        if not applied or not applied["goes_on"]:
            return None
        return await patiently(run, "verify", self.verify, payload, token, applied["applied"], shown)

    async def claim(self, payload: Json, token: str) -> Json:
        """Whether this press is the one that carries the plan out, and what may be shown of the cluster there."""
        press = await self._press(payload, token)
        if press is None:
            return {"goes_on": False}
        plan, desk = press.plan, self.desk
        asker = await desk.asker(team=press.team, channel=press.answer.channel, user=press.user)
        decision = asker.scope.may(plan.action, plan.cluster, plan.target.namespace)
        if not decision.allowed:
            await self._audit(press, "pressed", Refusal(reason=Reason.FORBIDDEN, says=decision.says))
            await self._whisper(press, decision.says)
            return {"goes_on": False}
        claimed = await desk.store.plans.claim(plan.id, press.user, token, desk.clock())
        if claimed.outcome is not Claim.OK:
            late = Reason.CONFLICT if claimed.outcome is Claim.ALREADY else Reason.EXPIRED
            await self._audit(press, "pressed", Refusal(reason=late, says=_not_claimed(claimed)))
            await self._whisper(press, _not_claimed(claimed))
            return {"goes_on": False}
        await self._audit(press, "claimed", None)
        await self._note(press, RemedyState.APPLYING)
        access = asker.scope.access(plan.cluster)
        shown = {"namespaces": sorted(access.namespaces), "cluster_scoped": access.cluster_scoped}
        return {"goes_on": True, "shown": shown}

    async def apply(self, payload: Json, token: str, shown: Json) -> Json:
        """Write, once: a second run finds what the first did."""
        press = await self._press(payload, token)
        if press is None:
            return {"goes_on": False}
        result = await self._applied(press, _access(shown))
        await self._audit(press, "applied", result)
        if isinstance(result, Refusal):
            unknown = result.reason is Reason.OUTCOME_UNKNOWN
            await self.desk.store.plans.set_state(press.plan.id, str(result.reason))
            await self._note(press, RemedyState.UNKNOWN if unknown else RemedyState.REFUSED, quoting(result))
            return {"goes_on": False}
        await self.desk.store.plans.set_state(press.plan.id, "applied")
        await self._offer_undo(press, result)
        await self._note(press, RemedyState.VERIFYING, result.says)
        return {"goes_on": True, "applied": safe_value(result.as_json())}

    async def verify(self, payload: Json, token: str, applied: Json, shown: Json) -> Json | None:
        """Read the evidence again until it clears or time is up. It only reads, so a second run does no harm."""
        press = await self._press(payload, token)
        if press is None:
            return None
        try:
            connection = await self.desk.clusters.get(press.plan.cluster)
        except ClusterError as error:
            await self._note(press, RemedyState.WAITING, Text.same(safe(str(error))))
            return {"state": str(State.WAITING)}
        verified = await verify(
            press.plan,
            Applied.from_json(applied),
            engine=self.desk.engine(),
            connection=connection,
            deadline=self.desk.verify_within * (_BACKED_OFF if press.plan.until else 1),
            pace=self.desk.verify_pace,
            access=_access(shown),
        )
        outcome = verified.verification
        await self._audit(press, "verified", outcome)
        await self.desk.store.plans.set_state(press.plan.id, str(outcome.state))
        await self._note(press, _ENDS[outcome.state], outcome.says)
        return {"state": str(outcome.state)}

    async def _applied(self, press: _Press, access: Access) -> Applied | Refusal:
        plan, desk = press.plan, self.desk
        stored = await desk.store.plans.get(plan.id)
        document = stored.document if stored else {}
        seen = document.get(preview_key(press.user))
        if not seen:
            return Refusal(reason=Reason.EXPIRED, says=failures.PLAN_EXPIRED)
        try:
            connection = await desk.clusters.get(plan.cluster)
        except ClusterError as error:
            return Refusal(reason=Reason.NOT_CHECKED, says=Text.same(safe(str(error))))
        previewed, now = Preview.from_json(seen), desk.clock()
        # A run that was killed after the write: the cause may be gone because of us, which is no reason to refuse.
        # What somebody else did before us is none of our doing, and is told as what it is.
        begun = document.get(_WRITING) == press.token
        if begun and (done := await done_already(plan, previewed, connection=connection, access=access)):
            return done
        if not (begun and await partly_done(plan, previewed, connection=connection, access=access)):
            refused = await check(plan, engine=desk.engine(), connection=connection, now=now, access=access)
            if refused is not None:
                # What we began and cannot look at may have been done: nobody is told that it was not.
                lost = begun and refused.reason is Reason.NOT_CHECKED
                return replace(refused, reason=Reason.OUTCOME_UNKNOWN) if lost else refused
        await desk.store.plans.note(plan.id, {_WRITING: press.token})

        async def progress(done: int, of: int, says: Text) -> None:
            if of > 1:
                counted = Text(en=f"{done} of {of}: {says.en}", zh=f"{done}/{of}：{says.zh}")
                await self._note(press, RemedyState.APPLYING, counted)

        return await apply(plan, previewed, connection=connection, now=now, access=access, progress=progress)

    async def _offer_undo(self, press: _Press, applied: Applied) -> None:
        """Keep the plan that takes it back, and that there is one. A second run finds it kept."""
        undo = plan_to_undo(press.plan, applied, now=self.desk.clock())
        if undo is not None:
            plans = self.desk.store.plans
            await plans.save(undo.id, press.plan.request_id, {"plan": undo.as_json()}, undo.expires)
            await plans.note(press.plan.id, {_UNDO: undo.id})

    async def _press(self, payload: Json, token: str) -> _Press | None:
        stored = await self.desk.store.plans.get(str(payload["plan"]))
        answer = await self.desk.store.answers.get(stored.request_id) if stored else None
        if stored is None or answer is None:
            return None
        user = str(payload["user"])
        return _Press(
            plan=Plan.from_json(stored.document["plan"]).answered(stored.document.get(answers_key(user)) or {}),
            answer=answer,
            user=user,
            team=str(payload["team"]),
            token=token,
        )

    async def _note(self, press: _Press, state: RemedyState, says: Text | None = None) -> None:
        """Tell it in the answer's message. That Slack is out of reach stops no remedy: the note is kept."""
        store, plan = self.desk.store, press.plan
        stored = await store.plans.get(plan.id)
        request = await store.requests.get(press.answer.request_id)
        first = stored.claimed_at if stored and stored.claimed_at else self.desk.clock()
        shown = RemedyShown(
            plan_id=plan.id, title=safe_value(plan.title), state=state, who=press.user, at=self.desk.clock(),
            says=safe_value(says), undo=str(stored.document.get(_UNDO, "")) if stored and state in _OVER else "",
        )  # fmt: skip
        note = RemedyNote(first=first, shown=shown)
        async with self.desk.turn(press.answer.request_id):
            await store.answers.note(press.answer.request_id, {note.key: note.as_json()})
            try:
                if request is not None:
                    await self.telling.show(request)
            except SlackError as error:
                _log.warning("what became of a remedy is not shown yet", plan=plan.id, error=str(error))

    async def _audit(self, press: _Press, step: str, result: Result | None) -> None:
        fields = audit_entry(
            press.plan, step=step, actor=press.user, at=self.desk.clock(), team=press.team,
            channel=press.answer.channel, result=result, token=press.token,
        )  # fmt: skip
        await self.desk.store.audit.append(AuditEntry(**safe_value(fields)))

    async def _whisper(self, press: _Press, says: Text) -> None:
        asker = await self.desk.asker(team=press.team, channel=press.answer.channel, user=press.user)
        message = told(says, language=asker.language)
        try:
            await self.desk.slack.whisper(channel=press.answer.channel, user=press.user, message=message)
        except SlackError as error:
            _log.warning("whoever pressed could not be told", error=str(error))


def _access(shown: Json) -> Access:
    """What the claim said may be shown: rights may be taken away later, but not in the middle of what was begun."""
    return Access(namespaces=frozenset(shown["namespaces"]), cluster_scoped=bool(shown["cluster_scoped"]))


def _not_claimed(claimed: Claimed) -> Text:
    return failures.PLAN_EXPIRED if claimed.outcome is Claim.EXPIRED else failures.PRESS_REPEATED
