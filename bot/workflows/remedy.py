"""Apply a confirmed remedy: claim it once, apply, audit and verify it, and show all of it in the same message."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import structlog

from bot.cluster.errors import ClusterError
from bot.common.redaction import holds_secret
from bot.jobs import JobRun, Json
from bot.remedies.contract import Applied, Plan, Reason, Refusal, State
from bot.remedies.execution import apply, check, done_already, interrupted, partly_done
from bot.remedies.object_event import mark
from bot.remedies.offers import missing_to_undo
from bot.remedies.session import writes_redacted
from bot.remedies.undo import plan_to_undo
from bot.remedies.verification import verify
from bot.workflows.authorisation import Authority
from bot.workflows.dialogs import dialog_content
from bot.workflows.job_payloads import RemedyJob
from bot.workflows.outages import retry_step
from bot.workflows.plan_claims import PlanClaims
from bot.workflows.press_records import ENDS, UNDO, WRITING, Confirmation, PressRecorder
from bot.workflows.preview import refusal_text
from bot.workflows.remedy_limits import APPLIED, PARTLY_DONE
from bot.workflows.services import Services
from intents.domain import Text
from responses import failures
from responses.safety import safe, safe_value
from responses.slack.remedy_states import RemedyState

_log: Final = structlog.get_logger(__name__)

# A remedy that acts at a container's next start may wait for a back-off of up to five minutes.
_BACKED_OFF: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class RemedyWorkflow:
    """The job `remedy`."""

    services: Services
    claims: PlanClaims
    recorder: PressRecorder

    async def run(self, run: JobRun, payload: RemedyJob) -> Json | None:
        token = run.id
        claimed = await retry_step(run, "claim", self.claims.claim, payload, token)
        outcome: Json | None = None
        if claimed and claimed["goes_on"]:
            applied = await retry_step(run, "apply", self.apply, payload, token, claimed["authority"])
            if applied and applied["goes_on"]:
                outcome = await retry_step(
                    run, "verify", self.verify, payload, token, applied["applied"], claimed["authority"]
                )
        if claimed and claimed.get("tell"):
            await retry_step(run, "tell", self.report, payload, token)
        return outcome

    async def apply(self, payload: RemedyJob, token: str, authority: Json) -> Json:
        """Apply the plan once: a second run finds the result of the first."""
        press = await self.recorder.press(payload, token)
        if press is None:
            return {"goes_on": False}
        result = await self._applied(press, Authority.from_json(authority))
        await self.recorder.audit(press, "applied", result)
        if isinstance(result, Refusal):
            await self._stopped(press, result, authority)
            return {"goes_on": False}
        await self.services.store.plans.set_state(press.plan.id, APPLIED)
        await self._offer_undo(press, result, authority)
        await self.recorder.note(press, RemedyState.VERIFYING, result.says)
        await self._mark(press, result)
        return {"goes_on": True, "applied": safe_value(replace(result, undo=()).as_json())}

    async def verify(self, payload: RemedyJob, token: str, applied: Json, authority: Json) -> Json | None:
        """Read the evidence again until it clears or the time is up. It only reads, so it may run twice."""
        press = await self.recorder.press(payload, token)
        if press is None:
            return None
        try:
            connection = await self.services.clusters.get(press.plan.cluster)
        except ClusterError as error:
            says = failures.cluster_unreachable(press.plan.cluster, error.reason)
            await self.recorder.note(press, RemedyState.WAITING, says, show=False)
            return {"state": str(State.WAITING)}
        done = Applied.from_json(applied)
        verified = await verify(
            press.plan,
            done,
            engine=self.services.engine(),
            session=Authority.from_json(authority).session(connection),
            deadline=self.services.verify_within * (_BACKED_OFF if press.plan.until else 1),
            pace=self.services.verify_pace,
        )
        outcome = verified.verification
        await self.recorder.audit(press, "verified", outcome)
        await self.services.store.plans.set_state(press.plan.id, str(outcome.state))
        await self.recorder.note(press, ENDS[outcome.state], outcome.says, show=False)
        return {"state": str(outcome.state)}

    async def report(self, payload: RemedyJob, token: str) -> None:
        """Report the result in the answer and the audit; retry during Slack outages."""
        press = await self.recorder.press(payload, token)
        if press is not None:
            await self.recorder.report(press)

    async def _applied(self, press: Confirmation, authority: Authority) -> Applied | Refusal:
        plan, services = press.plan, self.services
        seen = dialog_content(press.stored, press.view)
        if seen is None:
            return Refusal(reason=Reason.EXPIRED, says=failures.PLAN_EXPIRED)
        begun = press.stored.document.get(WRITING) == press.token
        try:
            session = authority.session(await services.clusters.get(plan.cluster))
        except ClusterError as error:
            return _not_checked(plan, error, begun=begun)
        previewed, now = seen.preview, services.clock()
        # After a crash following the write, the cause may be gone because of our write: that is no reason to refuse.
        # A change that someone else made first is reported as theirs.
        if begun and (done := await done_already(plan, previewed, session=session)):
            return replace(done, already=False)
        if not (begun and await partly_done(plan, previewed, session=session)):
            refused = await check(plan, engine=services.engine(), session=session, now=now)
            if refused is not None:
                return interrupted(plan, refused) if begun else refused
        await services.store.plans.note(plan.id, {WRITING: press.token})

        async def progress(done: int, of: int, says: Text) -> None:
            if of > 1:
                counted = Text(en=f"{done} of {of}: {says.en}", zh=f"{done}/{of}：{says.zh}")
                await self.recorder.note(press, RemedyState.APPLYING, counted)

        return await apply(
            plan, previewed, session=session, now=now, resumed=begun, progress=progress, looks=services.looks
        )

    async def _stopped(self, press: Confirmation, why: Refusal, authority: Json) -> None:
        """Report a plan that stopped midway: the finished steps are shown and can be undone."""
        unknown = why.reason is Reason.OUTCOME_UNKNOWN
        partly = bool(why.done) and not unknown
        await self.services.store.plans.set_state(press.plan.id, PARTLY_DONE if partly else str(why.reason))
        press = await self._offer_undo(press, why, authority)
        state = RemedyState.PARTLY if partly else RemedyState.UNKNOWN if unknown else RemedyState.REFUSED
        await self.recorder.note(press, state, refusal_text(why), show=False)

    async def _offer_undo(self, press: Confirmation, done: Applied | Refusal, authority: Json) -> Confirmation:
        """Store the undo plan and a reference to it, and return the press with it. A second run finds it stored."""
        back = plan_to_undo(press.plan, done, now=self.services.clock())
        if back is None:
            return press
        try:
            connection = await self.services.clusters.get(press.plan.cluster)
            gap = await missing_to_undo(back, session=Authority.from_json(authority).session(connection))
        except ClusterError as error:
            gap = error.gap(str(back.target))
        if gap is not None:
            _log.warning("undo_not_offered", plan=press.plan.id, why=gap.says.en)
            return press
        document = {"plan": back.as_json()}
        if holds_secret(document) or writes_redacted(done.undo):
            # The previous value looks like a secret: it is not stored, so it cannot be restored.
            _log.warning("undo_withheld_secret_suspected", plan=press.plan.id)
            return press
        plans = self.services.store.plans
        await plans.save(back.id, press.plan.request_id, document, back.expires)
        await plans.note(press.plan.id, {UNDO: back.id})
        return replace(press, stored=replace(press.stored, document={**press.stored.document, UNDO: back.id}))

    async def _mark(self, press: Confirmation, done: Applied) -> None:
        """Write an event on the object, for kubectl users. A failure stops nothing."""
        if done.already:
            return
        try:
            connection = await self.services.clusters.get(press.plan.cluster)
        except ClusterError as error:
            _log.warning("kubernetes_event_write_failed", plan=press.plan.id, why=str(error))
            return
        person = await self.services.slack.person(press.user)
        person_name = f"{person.name} ({press.user})" if person.name else press.user
        gap = await mark(connection, plan=press.plan, applied=done, who=safe(person_name), token=press.token)
        if gap is not None:
            _log.warning("kubernetes_event_write_failed", plan=press.plan.id, why=gap.says.en)


def _not_checked(plan: Plan, error: ClusterError, *, begun: bool) -> Refusal:
    _log.warning("cluster_unreachable", plan=plan.id, error=str(error))
    says = failures.cluster_unreachable(plan.cluster, error.reason)
    refused = Refusal(reason=Reason.NOT_CHECKED, says=says)
    return interrupted(plan, refused) if begun else refused
