"""Preview a remedy in a dialog, apply it once it is confirmed, and verify its effect."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import structlog

from bot.cluster.errors import ClusterError
from bot.common.redaction import holds_secret
from bot.jobs import JobRun
from bot.remedies.contract import LIFETIME, Applied, Plan, Preview, Reason, Refusal, State, Verb
from bot.remedies.execution import apply, check, done_already, partly_done, preview
from bot.remedies.offers import missing_to_undo
from bot.remedies.records import Denied, mark
from bot.remedies.session import writes_redacted
from bot.remedies.step_runner import in_doubt
from bot.remedies.undo import action_of, plan_to_undo, words_for
from bot.remedies.verification import verify
from bot.workflows.authorisation import APPLIED, PARTLY_DONE, Attempt, Authority, authorise
from bot.workflows.dialogs import DialogContent, content_key, dialog_content, dialog_key, filling_id
from bot.workflows.job_payloads import PreviewJob, RemedyJob
from bot.workflows.press_records import (
    APPROVAL,
    ENDS,
    UNDO,
    WRITING,
    ConfirmedPress,
    PlanClaims,
    PressRecorder,
    audit_remedy,
)
from bot.workflows.services import Requester, Services, retry_step
from intents.domain import Json, Text
from intents.languages import quoted
from responses import failures
from responses.safety import safe, safe_value
from responses.slack.message import View
from responses.slack.remedy_dialogs import Confirmation, ValuesForm, confirmation_dialog, refusal_dialog, values_dialog
from responses.slack.remedy_states import RemedyState

_log: Final = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedPreview:
    """A preview, and the policy rule that requires a second approver, "" for none."""

    preview: Preview
    approval: str


async def preview_view(services: Services, job: PreviewJob, view_id: str) -> View:
    """Return the dialog, with the preview or the refusal; store the guards of the write with the plan.

    After the plan's questions are answered the job runs again in the same dialog.
    """
    store, user = services.store, job.user
    requester = await services.presser(job)
    stored = await store.plans.get(job.plan)
    if stored is None or "plan" not in stored.document:
        return refusal_dialog(failures.PLAN_EXPIRED, language=requester.language)
    if stored.claimed_by:
        return refusal_dialog(failures.ALREADY_PRESSED, language=requester.language)
    approval = stored.document.get(APPROVAL) or {}
    asked_by = str(approval.get("by", ""))
    if asked_by == user:
        return refusal_dialog(failures.WAITING_FOR_APPROVER, language=requester.language)
    plan, answers = Plan.from_json(stored.document["plan"]), job.answers
    if asked_by and plan.asks:
        # An approver approves the values that the first user entered.
        theirs = dialog_content(stored, str(approval.get("view", "")))
        answers = theirs.answers if theirs else None
    seen = await _previewed(services, plan, requester, answers, asked_by=asked_by)
    shown: DialogContent | None = None
    if isinstance(seen, CheckedPreview):
        shown = DialogContent(preview=_guards(seen.preview), answers=answers or {}, approves=asked_by)
        if holds_secret(shown.as_json()) or writes_redacted(shown.preview.steps):
            seen = Refusal(reason=Reason.UNSAFE, says=failures.CHANGE_HOLDS_SECRET)
    if isinstance(seen, Refusal | Denied):
        await audit_remedy(services, plan, job.sender, "preview", seen)
        says = refusal_text(seen) if isinstance(seen, Refusal) else seen.says
        return refusal_dialog(says, language=requester.language)
    kept: Json = {dialog_key(user): view_id}
    if seen is None or shown is None:
        await store.plans.note(plan.id, kept)
        return values_dialog(_asking(plan), language=requester.language)
    kept[content_key(filling_id(view_id, shown.fill))] = shown.as_json()
    await store.plans.note(plan.id, kept)
    return confirmation_dialog(_dialog(plan, seen, fill=shown.fill, asked_by=asked_by), language=requester.language)


async def _previewed(
    services: Services, plan: Plan, requester: Requester, answers: Json | None, *, asked_by: str
) -> CheckedPreview | Refusal | Denied | None:
    """Return the preview; None if values must be entered first. A remedy that no longer applies asks for none."""
    authority = await authorise(services, plan, requester, asked_by=asked_by)
    if not isinstance(authority, Authority):
        return authority
    try:
        connection = await services.clusters.get(plan.cluster)
    except ClusterError as error:
        return _not_checked(plan, error, begun=False)
    session = authority.session(connection)
    refused = await check(plan, engine=services.engine(), session=session, now=services.clock())
    if refused is not None or (plan.asks and answers is None):
        return refused
    seen = await preview(plan.answered(answers or {}), session=session)
    if isinstance(seen, Refusal):
        return seen
    # A limit that blocks the remedy now is told before the user reads the diff.
    user, limits = asked_by or requester.scope.who.user, requester.scope.limits
    one = Attempt.of(plan, seen.outlook, user=user, at=services.clock())
    if held := one.held_back(await services.store.plans.claimed_since(one.since(limits)), limits):
        return Denied(says=held)
    # Only the preview shows which objects are affected.
    reaching = await authorise(services, plan, requester, steps=seen.steps, asked_by=asked_by)
    return CheckedPreview(preview=seen, approval=reaching.approval) if isinstance(reaching, Authority) else reaching


def refusal_text(refused: Refusal) -> Text:
    """Return why nothing was done, with the message of the API server or a webhook."""
    if not refused.quote:
        return refused.says
    en, zh = refused.says.en.rstrip("."), refused.says.zh.rstrip("。")
    details = quoted(refused.quote)
    return Text(en=f"{en}. Details: {details}", zh=f"{zh}。详情：{details}")


def _guards(seen: Preview) -> Preview:
    """Return only the guards of the write for storage: the diff may contain confidential data.

    Undo data that looks like a secret is not stored either: that change cannot be undone.
    """
    steps = tuple(
        replace(each, body=None) if each.verb is Verb.DELETE and holds_secret(each.as_json()) else each
        for each in seen.steps
    )
    return replace(seen, steps=steps, diff="", outlook=replace(seen.outlook, effects=(), warnings=()))


def _asking(plan: Plan) -> ValuesForm:
    words = words_for(plan)
    return ValuesForm(
        plan_id=plan.id, title=words.verb, cluster=plan.cluster, target=plan.target, purpose=plan.title,
        what=words.does, questions=plan.asks,
    )  # fmt: skip


def _dialog(plan: Plan, shown: CheckedPreview, *, fill: str, asked_by: str) -> Confirmation:
    words, seen = words_for(plan), shown.preview
    return Confirmation(
        plan_id=plan.id,
        fill=fill,
        title=words.verb,
        submit=words.verb,
        cluster=plan.cluster,
        target=plan.target,
        purpose=plan.title,
        what=words.does,
        diff=seen.diff,
        effects=seen.outlook.effects,
        warnings=seen.outlook.warnings,
        custodian=seen.outlook.custodian,
        warning=plan.warning,
        risk=plan.risk,
        undoable_minutes=_undoable_minutes(plan),
        undoes=bool(plan.undoes),
        typed_name_required=plan.name_to_type,
        needs_approval=bool(shown.approval),
        asked_by=asked_by,
    )


def _undoable_minutes(plan: Plan) -> int:
    """Return for how many minutes an undo will be offered, 0 for none."""
    action = action_of(plan)
    return int(LIFETIME.total_seconds() // 60) if action and action.declaration.undoable else 0


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

    async def _applied(self, press: ConfirmedPress, authority: Authority) -> Applied | Refusal:
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
                return in_doubt(refused, plan.target) if begun else refused
        await services.store.plans.note(plan.id, {WRITING: press.token})

        async def progress(done: int, of: int, says: Text) -> None:
            if of > 1:
                counted = Text(en=f"{done} of {of}: {says.en}", zh=f"{done}/{of}：{says.zh}")
                await self.recorder.note(press, RemedyState.APPLYING, counted)

        return await apply(
            plan, previewed, session=session, now=now, resumed=begun, progress=progress, looks=services.looks
        )

    async def _stopped(self, press: ConfirmedPress, why: Refusal, authority: Json) -> None:
        """Report a plan that stopped midway: the finished steps are shown and can be undone."""
        unknown = why.reason is Reason.OUTCOME_UNKNOWN
        partly = bool(why.done) and not unknown
        await self.services.store.plans.set_state(press.plan.id, PARTLY_DONE if partly else str(why.reason))
        press = await self._offer_undo(press, why, authority)
        state = RemedyState.PARTLY if partly else RemedyState.UNKNOWN if unknown else RemedyState.REFUSED
        await self.recorder.note(press, state, refusal_text(why), show=False)

    async def _offer_undo(self, press: ConfirmedPress, done: Applied | Refusal, authority: Json) -> ConfirmedPress:
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

    async def _mark(self, press: ConfirmedPress, done: Applied) -> None:
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
    return in_doubt(refused, plan.target) if begun else refused
