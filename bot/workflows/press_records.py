"""Claim a confirmed plan once, and record what comes of it: in the answer, the audit log and the thread."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC
from typing import Final

import structlog

from bot.remedies.contract import Plan, Preview, Reason, Refusal, State
from bot.remedies.records import Denied, Result, audit_entry
from bot.slack.errors import SlackError, SlackRefusal, log_refusal
from bot.store import AuditEntry, ClaimOutcome, StoredAnswer, StoredPlan, StoredRequest
from bot.workflows.authorisation import Attempt, Authority, authorise
from bot.workflows.chronicle.facts import record_remedy
from bot.workflows.dialogs import dialog_content
from bot.workflows.job_payloads import By, RemedyJob
from bot.workflows.kept_answer import RemedyNote, language_of
from bot.workflows.message_poster import MessagePoster, post_once
from bot.workflows.services import Requester, Services
from intents.domain import Json, Language, Text
from responses import failures, words
from responses.safety import safe_value
from responses.slack.message import Message
from responses.slack.notices import not_done, notice
from responses.slack.remedy_states import AuditLine, RemedyShown, RemedyState, audit_message

_log: Final = structlog.get_logger(__name__)

# Key under which a plan stores its undo plan.
UNDO: Final = "undo"
# Key under which a plan stores the press that reached the write.
WRITING: Final = "writing"
# Key under which a plan stores its first confirmation when it needs a second person.
APPROVAL: Final = "approval"
# All but one state are called alike.
ENDS: Final[Mapping[State, RemedyState]] = {
    each: RemedyState.WAITING if each is State.WAITING else RemedyState(str(each)) for each in State
}
_OF_REQUESTS: Final = {RemedyState.DONE: RemedyState.CARRIED_OUT, RemedyState.VERIFYING: RemedyState.APPLIED}
# No undo is offered before the outcome is known: the remedy may be about to help.
_OVER: Final = frozenset({*ENDS.values(), RemedyState.PARTLY, RemedyState.UNKNOWN})


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmedPress:
    """A confirmation: user, plan, answer and dialog, loaded once a step. `token` names it in the claim and the audit.

    `asked_by` is the user who confirmed first, if this one approves. The `request` may be purged before its plan.
    """

    plan: Plan
    stored: StoredPlan
    answer: StoredAnswer
    request: StoredRequest | None
    by: By
    token: str
    view: str = ""
    asked_by: str = ""

    @property
    def user(self) -> str:
        return self.by["user"]


async def audit_remedy(
    services: Services, plan: Plan, by: By, step: str, result: Result | None, *, token: str = "", requested_by: str = ""
) -> None:
    """Audit and count a step of a plan."""
    fields = audit_entry(
        plan, step=step, actor=by["user"], at=services.clock(), team=by["team"], channel=by["channel"], result=result,
        token=token, requested_by=requested_by,
    )  # fmt: skip
    await services.store.audit.append(AuditEntry(**fields))
    services.metrics.remedied(plan.action, step, str(fields["outcome"]), denied=isinstance(result, Denied))


@dataclass(frozen=True, slots=True, kw_only=True)
class PressRecorder:
    """Records the progress of a confirmed plan and reports it."""

    services: Services
    poster: MessagePoster

    async def press(self, payload: RemedyJob, token: str) -> ConfirmedPress | None:
        """Return the confirmation of a job; None if its answer or plan was deleted."""
        store = self.services.store
        stored = await store.plans.get(payload.plan)
        answer = await store.answers.get(stored.request_id) if stored else None
        if stored is None or answer is None:
            return None
        asked_by = str((stored.document.get(APPROVAL) or {}).get("by", ""))
        shown = dialog_content(stored, payload.view)
        return ConfirmedPress(
            plan=Plan.from_json(stored.document["plan"]).answered(shown.answers if shown else {}),
            stored=stored,
            answer=answer,
            request=await store.requests.get(stored.request_id),
            by={"team": payload.team, "channel": answer.channel, "user": payload.user},
            token=token,
            view=payload.view,
            asked_by=asked_by if asked_by != payload.user else "",
        )

    async def note(
        self, press: ConfirmedPress, state: RemedyState, says: Text | None = None, *, show: bool = True
    ) -> None:
        """Store the progress and `show` it. A Slack outage does not stop a remedy: the note is kept."""
        store, plan, stored = self.services.store, press.plan, press.stored
        shown = RemedyShown(
            plan_id=plan.id,
            title=safe_value(plan.title),
            state=_told(plan, state),
            who=press.asked_by or press.user,
            approver=press.user if press.asked_by else "",
            at=self.services.clock(),
            says=safe_value(says),
            undo=str(stored.document.get(UNDO, "")) if state in _OVER else "",
            cluster=safe_value(plan.cluster),
        )
        note = RemedyNote(first=stored.claimed_at or self.services.clock(), shown=shown)
        async with self.services.turn(press.answer.request_id):
            await store.answers.note(press.answer.request_id, {note.key: note.as_json()})
            if show:
                with log_refusal(_log.warning, "remedy_result_update_delayed", plan=plan.id, of=SlackError):
                    await self._show(press)
        await record_remedy(self.services, press.answer, plan, shown)

    async def report(self, press: ConfirmedPress) -> None:
        """Show the result in the answer, and post it in the thread and the audit channel, each once over all runs.

        A fix that the answer shows is not repeated in its thread. Raises SlackUnavailable, to be retried.
        """
        answer = await self.services.store.answers.get(press.answer.request_id)
        note = (answer.shown if answer else {}).get(RemedyNote.key_of(press.plan.id))
        if answer is None or note is None:
            return
        shown, in_answer = RemedyNote.from_json(note).shown, False
        try:
            async with self.services.turn(answer.request_id):
                in_answer = await self._show(press)
        finally:
            # The result is posted even if the answer can no longer be edited.
            await self._say(press, shown, in_thread=not (in_answer and shown.state is RemedyState.FIXED))

    async def _show(self, press: ConfirmedPress) -> bool:
        """Update the answer; return whether it is there."""
        return press.request is not None and await self.poster.show(press.request)

    async def _say(self, press: ConfirmedPress, shown: RemedyShown, *, in_thread: bool) -> None:
        plan, answer, request = press.plan, press.answer, press.request
        audit_line = AuditLine(shown=shown, cluster=plan.cluster, target=plan.target)
        if request is not None and in_thread:
            language = language_of(answer)
            line = audit_message(audit_line, language=language)
            if not await self._post(press, answer.channel, request.original.thread_ts, line, shown):
                # The thread was deleted or we were removed from the channel: tell the user who confirmed.
                await self._post(press, press.user, "", line, shown)
        await self.auditors(press, shown)

    async def auditors(self, press: ConfirmedPress, shown: RemedyShown) -> None:
        """Post a line to the audit channel, if one is set, with a link to the answer."""
        if not self.services.audit_channel:
            return
        try:
            link = await self.services.slack.permalink(press.answer.channel, press.answer.ts)
        except SlackRefusal:
            link = ""
        audit_line = AuditLine(shown=shown, cluster=press.plan.cluster, target=press.plan.target, link=link)
        message = audit_message(audit_line, language=self.services.usual_language)
        if await self._post(press, self.services.audit_channel, "", message, shown):
            return
        if await self.services.once("audit channel"):
            await self._post_ephemeral(
                press, notice(failures.AUDIT_CHANNEL_FAILED, language=await self._language(press))
            )

    async def _post(
        self, press: ConfirmedPress, channel: str, thread_ts: str, message: Message, shown: RemedyShown
    ) -> bool:
        """Post once per press and state; return whether it was posted. Raise SlackUnavailable."""
        key = f"{press.token}/{shown.state}/{channel}"
        with log_refusal(_log.error, "remedy_result_post_failed", channel=channel):
            await post_once(self.services, message, to=channel, thread_ts=thread_ts, key=key)
            return True
        return False

    async def audit(self, press: ConfirmedPress, step: str, result: Result | None) -> None:
        token, asked_by = press.token, press.asked_by
        await audit_remedy(self.services, press.plan, press.by, step, result, token=token, requested_by=asked_by)

    async def post_ephemeral(self, press: ConfirmedPress, says: Text) -> None:
        """Tell only the user who pressed why nothing was done."""
        await self._post_ephemeral(press, not_done(says, language=await self._language(press)))

    async def _language(self, press: ConfirmedPress) -> Language:
        return (await self.services.requester(**press.by)).language

    async def _post_ephemeral(self, press: ConfirmedPress, message: Message) -> None:
        with log_refusal(_log.warning, "press_reply_failed", of=SlackError):
            thread = press.request.original.thread_ts if press.request else ""
            await self.services.tell(press.by, message, thread_ts=thread)


def _told(plan: Plan, state: RemedyState) -> RemedyState:
    """Return the state as it is told: an undo, and what a person asked for itself, is to fix nothing."""
    if plan.undoes:
        return RemedyState.UNDONE if state is RemedyState.DONE else state
    return _OF_REQUESTS.get(state, state) if plan.is_requested else state


_STOPS: Final[Json] = {"goes_on": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanClaims:
    """Claims a confirmed plan for the one press that applies it."""

    services: Services
    recorder: PressRecorder

    async def claim(self, payload: RemedyJob, token: str) -> Json:
        """Claim the plan: {"goes_on": whether this press applies it, "authority": its `Authority`}.

        `tell`: whether the result is shown to others than the user who pressed.
        """
        press = await self.recorder.press(payload, token)
        if press is None:
            return _STOPS
        requester = await self.services.requester(**press.by, fresh=True)
        seen = dialog_content(press.stored, press.view)
        previewed = seen.preview if seen else Preview(steps=())
        authority = await authorise(
            self.services, press.plan, requester, steps=previewed.steps, asked_by=press.asked_by
        )
        if not isinstance(authority, Authority):
            return await self._refused(press, authority)
        if press.asked_by and (seen is None or seen.approves != press.asked_by):
            # A user who confirmed earlier saw another dialog, perhaps with other values.
            return await self._refused(press, Denied(says=failures.APPROVAL_PENDING))
        if authority.approval and not press.stored.claimed_by:
            return await self._ask_approval(press)
        return await self._claimed(press, requester, authority, previewed)

    async def _claimed(
        self, press: ConfirmedPress, requester: Requester, authority: Authority, previewed: Preview
    ) -> Json:
        plan, now, limits = press.plan, self.services.clock(), requester.scope.limits
        one = Attempt.of(plan, previewed.outlook, user=press.asked_by or press.user, at=now)
        plans = self.services.store.plans
        claimed = await plans.claim(
            plan.id, one.user, press.token, now, action=one.action, subject=one.subject, since=one.since(limits),
            unless=lambda former: one.held_back(former, limits) is not None,
        )  # fmt: skip
        if claimed is ClaimOutcome.HELD_BACK:
            why = one.held_back(await plans.claimed_since(one.since(limits)), limits)
            return await self._refused(press, Denied(says=why or failures.BUSY))
        if claimed is not ClaimOutcome.OK:
            late = Reason.CONFLICT if claimed is ClaimOutcome.ALREADY else Reason.EXPIRED
            says = failures.PLAN_EXPIRED if claimed is ClaimOutcome.EXPIRED else failures.ALREADY_PRESSED
            return await self._refused(press, Refusal(reason=late, says=says))
        await self.recorder.audit(press, "claimed", None)
        press = replace(press, stored=replace(press.stored, claimed_at=press.stored.claimed_at or now))
        await self.recorder.note(press, RemedyState.APPLYING)
        return {"goes_on": True, "tell": True, "authority": authority.as_json()}

    async def _ask_approval(self, press: ConfirmedPress) -> Json:
        """Ask for approval after the first confirmation. Of two at once, one asks and the other must retry."""
        now = self.services.clock()
        if now >= press.stored.expires:
            return await self._refused(press, Refusal(reason=Reason.EXPIRED, says=failures.PLAN_EXPIRED))
        approval = {"by": press.user, "at": now.isoformat(), "press": press.token, "view": press.view}
        kept = await self.services.store.plans.note_once(press.plan.id, APPROVAL, approval)
        if kept is None or kept["by"] != press.user:
            return await self._refused(press, Denied(says=failures.APPROVAL_PENDING))
        if kept["press"] != press.token:
            return await self._refused(press, Denied(says=failures.WAITING_FOR_APPROVER))
        await self.recorder.audit(press, "approval asked", None)
        until = f"{press.stored.expires.astimezone(UTC):%H:%M} UTC"
        says = words.APPROVABLE_UNTIL.filled(until)
        await self.recorder.note(press, RemedyState.AWAITING, says, show=False)
        return {"goes_on": False, "tell": True}

    async def _refused(self, press: ConfirmedPress, why: Denied | Refusal) -> Json:
        await self.recorder.audit(press, "pressed", why)
        await self.recorder.post_ephemeral(press, why.says)
        if isinstance(why, Denied):
            shown = RemedyShown(
                plan_id=press.plan.id, title=press.plan.title, state=RemedyState.REFUSED, who=press.user,
                at=self.services.clock(), says=why.says,
            )  # fmt: skip
            await self.recorder.auditors(press, shown)
        return _STOPS
