"""Claim a confirmed plan once, if it is allowed, approved if needed, and within the limits."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC
from typing import Final

from bot.jobs import Json
from bot.remedies.audit_entry import Denied
from bot.remedies.contract import Preview, Reason, Refusal
from bot.store import ClaimOutcome, ClaimResult
from bot.workflows.authorisation import Authoriser, Authority
from bot.workflows.dialogs import dialog_content
from bot.workflows.job_payloads import RemedyJob
from bot.workflows.press_records import APPROVAL, Confirmation, PressRecorder
from bot.workflows.remedy_limits import Attempt
from bot.workflows.services import Requester, Services
from intents.domain import Text
from responses import failures, words
from responses.slack.remedy_states import RemedyShown, RemedyState

_STOPS: Final[Json] = {"goes_on": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanClaims:
    """Claims a confirmed plan for the one press that applies it."""

    services: Services
    recorder: PressRecorder
    authoriser: Authoriser

    async def claim(self, payload: RemedyJob, token: str) -> Json:
        """Claim the plan: {"goes_on": whether this press applies it, "authority": its `Authority`}.

        `tell`: whether the result is shown to others than the user who pressed.
        """
        press = await self.recorder.press(payload, token)
        if press is None:
            return _STOPS
        requester = await self.services.requester(
            team=press.team, channel=press.answer.channel, user=press.user, fresh=True
        )
        seen = dialog_content(press.stored, press.view)
        previewed = seen.preview if seen else Preview(steps=())
        authority = await self.authoriser.of(press.plan, requester, steps=previewed.steps, asked_by=press.asked_by)
        if not isinstance(authority, Authority):
            return await self._refused(press, authority)
        if press.asked_by and (seen is None or seen.approves != press.asked_by):
            # A user who confirmed earlier saw another dialog, perhaps with other values.
            return await self._refused(press, Denied(says=failures.APPROVAL_PENDING))
        if authority.approval and not press.stored.claimed_by:
            return await self._ask_approval(press)
        return await self._claimed(press, requester, authority, previewed)

    async def _claimed(
        self, press: Confirmation, requester: Requester, authority: Authority, previewed: Preview
    ) -> Json:
        plan, now, limits = press.plan, self.services.clock(), requester.scope.limits
        one = Attempt.of(plan, previewed.outlook, user=press.asked_by or press.user, at=now)
        plans = self.services.store.plans
        claimed = await plans.claim(
            plan.id, one.user, press.token, now, action=one.action, subject=one.subject, since=one.since(limits),
            unless=lambda former: one.held_back(former, limits) is not None,
        )  # fmt: skip
        if claimed.outcome is ClaimOutcome.HELD_BACK:
            why = one.held_back(await plans.claimed_since(one.since(limits)), limits)
            return await self._refused(press, Denied(says=why or failures.BUSY))
        if claimed.outcome is not ClaimOutcome.OK:
            late = Reason.CONFLICT if claimed.outcome is ClaimOutcome.ALREADY else Reason.EXPIRED
            return await self._refused(press, Refusal(reason=late, says=_not_claimed(claimed)))
        await self.recorder.audit(press, "claimed", None)
        press = replace(press, stored=replace(press.stored, claimed_at=press.stored.claimed_at or now))
        await self.recorder.note(press, RemedyState.APPLYING)
        return {"goes_on": True, "tell": True, "authority": authority.as_json()}

    async def _ask_approval(self, press: Confirmation) -> Json:
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
        says = Text(en=words.APPROVABLE_UNTIL.en.format(until), zh=words.APPROVABLE_UNTIL.zh.format(until))
        await self.recorder.note(press, RemedyState.AWAITING, says, show=False)
        return {"goes_on": False, "tell": True}

    async def _refused(self, press: Confirmation, why: Denied | Refusal) -> Json:
        await self.recorder.audit(press, "pressed", why)
        await self.recorder.post_ephemeral(press, why.says)
        if isinstance(why, Denied):
            shown = RemedyShown(
                plan_id=press.plan.id, title=press.plan.title, state=RemedyState.REFUSED, who=press.user,
                at=self.services.clock(), says=why.says,
            )  # fmt: skip
            await self.recorder.auditors(press, shown)
        return _STOPS


def _not_claimed(claimed: ClaimResult) -> Text:
    return failures.PLAN_EXPIRED if claimed.outcome is ClaimOutcome.EXPIRED else failures.ALREADY_PRESSED
