"""A remedy was confirmed: may it be, does it take a second person, is it not one too many? Then it is claimed, once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC
from typing import Final

from bot.jobs import Json
from bot.remedies.audit_entry import Denied
from bot.remedies.contract import Preview, Reason, Refusal
from bot.slack.pressing import shown_in
from bot.store import Claim, Claimed
from bot.store import Plan as StoredPlan
from bot.workflows.authorising import Authorising, Authority
from bot.workflows.desk import Asker, Desk
from bot.workflows.pacing import Try
from bot.workflows.recording import APPROVAL, Press, Recording
from intents.domain import Text
from responses import failures, words
from responses.slack.remedy_states import RemedyShown, RemedyState

_STOPS: Final[Json] = {"goes_on": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class Claiming:
    desk: Desk
    recording: Recording
    authorising: Authorising

    async def claim(self, payload: Json, token: str) -> Json:
        """Whether this press is the one that carries the plan out, and what it may do then (`Authority`).

        `tell`: whether what became of it is to be told to others than whoever pressed.
        """
        press = await self.recording.press(payload, token)
        stored = await self.desk.store.plans.get(press.plan.id) if press else None
        if press is None or stored is None:
            return _STOPS
        asker = await self.desk.asker(team=press.team, channel=press.answer.channel, user=press.user)
        seen = shown_in(stored, press.view)
        previewed = seen.preview if seen else Preview(steps=())
        authority = await self.authorising.of(press.plan, asker, steps=previewed.steps, asked_by=press.asked_by)
        if not isinstance(authority, Authority):
            return await self._refused(press, authority)
        if press.asked_by and (seen is None or seen.approves != press.asked_by):
            # Whoever confirmed before the other did has seen another dialog, perhaps with other values.
            return await self._refused(press, Denied(says=failures.ASKED_MEANWHILE))
        if authority.approval and not stored.claimed_by:
            return await self._ask_approval(press, stored)
        return await self._claimed(press, asker, authority, previewed)

    async def _claimed(self, press: Press, asker: Asker, authority: Authority, previewed: Preview) -> Json:
        plan, now, limits = press.plan, self.desk.clock(), asker.scope.limits
        one = Try.of(plan, previewed.outlook, user=press.asked_by or press.user, at=now)
        plans = self.desk.store.plans
        claimed = await plans.claim(
            plan.id, one.user, press.token, now, action=one.action, subject=one.subject, since=one.since(limits),
            unless=lambda former: one.held_back(former, limits) is not None,
        )  # fmt: skip
        if claimed.outcome is Claim.HELD_BACK:
            why = one.held_back(await plans.claimed_since(one.since(limits)), limits)
            return await self._refused(press, Denied(says=why or failures.BUSY))
        if claimed.outcome is not Claim.OK:
            late = Reason.CONFLICT if claimed.outcome is Claim.ALREADY else Reason.EXPIRED
            return await self._refused(press, Refusal(reason=late, says=_not_claimed(claimed)))
        await self.recording.audit(press, "claimed", None)
        await self.recording.note(press, RemedyState.APPLYING)
        return {"goes_on": True, "tell": True, "authority": authority.as_json()}

    async def _ask_approval(self, press: Press, stored: StoredPlan) -> Json:
        """The first of two has confirmed. Of two at once one asks, and the other is told to look again."""
        now = self.desk.clock()
        if now >= stored.expires:
            return await self._refused(press, Refusal(reason=Reason.EXPIRED, says=failures.PLAN_EXPIRED))
        asked = {"by": press.user, "at": now.isoformat(), "token": press.token, "view": press.view}
        kept = await self.desk.store.plans.note_once(press.plan.id, APPROVAL, asked)
        if kept is None or kept["by"] != press.user:
            return await self._refused(press, Denied(says=failures.ASKED_MEANWHILE))
        if kept["token"] != press.token:
            return await self._refused(press, Denied(says=failures.ASKED_ALREADY))
        await self.recording.audit(press, "approval asked", None)
        until = f"{stored.expires.astimezone(UTC):%H:%M} UTC"
        says = Text(en=words.APPROVABLE_UNTIL.en.format(until), zh=words.APPROVABLE_UNTIL.zh.format(until))
        await self.recording.note(press, RemedyState.AWAITING, says, show=False)
        return {"goes_on": False, "tell": True}

    async def _refused(self, press: Press, why: Denied | Refusal) -> Json:
        await self.recording.audit(press, "pressed", why)
        await self.recording.whisper(press, why.says)
        if isinstance(why, Denied):
            shown = RemedyShown(
                plan_id=press.plan.id, title=press.plan.title, state=RemedyState.REFUSED, who=press.user,
                at=self.desk.clock(), says=why.says,
            )  # fmt: skip
            await self.recording.auditors(press, shown)
        return _STOPS


def _not_claimed(claimed: Claimed) -> Text:
    return failures.PLAN_EXPIRED if claimed.outcome is Claim.EXPIRED else failures.PRESS_REPEATED
