"""What is written down and told of a press: in the audit, in the answer it stood in, in the thread, to the auditors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import structlog

from bot.jobs import Json
from bot.remedies.audit_entry import Denied, Result, audit_entry
from bot.remedies.contract import Plan, State
from bot.slack.errors import SlackError, SlackUnavailable
from bot.slack.pressing import shown_in
from bot.store import Answer, AuditEntry
from bot.workflows.chronicle.hearing import Hearing
from bot.workflows.desk import Desk
from bot.workflows.posting import post_once
from bot.workflows.telling import Telling
from bot.workflows.told import RemedyNote
from intents.domain import Language, Text
from responses import failures
from responses.safety import safe_value
from responses.slack.message import Message
from responses.slack.notes import not_done, told
from responses.slack.records import Record, record
from responses.slack.remedy_states import RemedyShown, RemedyState

_log: Final = structlog.get_logger(__name__)

# Where a plan keeps which plan takes it back.
UNDO: Final = "undo"
# Where a plan keeps which press has come so far as to write.
WRITING: Final = "writing"
# Where a plan keeps who has confirmed it first, where a second person has to.
APPROVAL: Final = "approval"
ENDS: Final[Mapping[State, RemedyState]] = {
    State.FIXED: RemedyState.FIXED,
    State.NOT_FIXED: RemedyState.NOT_FIXED,
    State.WORSE: RemedyState.WORSE,
    State.WAITING: RemedyState.WAITING,
    State.DONE: RemedyState.DONE,
    State.NOT_DONE: RemedyState.NOT_DONE,
}
_SAID_ONCE: Final = timedelta(hours=24)
# Before the outcome is known nobody is led to take back what may be about to help.
_OVER: Final = frozenset({*ENDS.values(), RemedyState.PARTLY, RemedyState.UNKNOWN})


@dataclass(frozen=True, slots=True, kw_only=True)
class Press:
    """Who confirmed which plan, below which answer, in which dialog. `token` names it in the claim and the audit.

    `asked_by` is who has confirmed it before, where this one approves it.
    """

    plan: Plan
    answer: Answer
    user: str
    team: str
    token: str
    view: str = ""
    asked_by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    desk: Desk
    telling: Telling
    hearing: Hearing

    async def press(self, payload: Json, token: str) -> Press | None:
        """The press that a job was started for; None if what it was about is thrown away."""
        stored = await self.desk.store.plans.get(str(payload["plan"]))
        answer = await self.desk.store.answers.get(stored.request_id) if stored else None
        if stored is None or answer is None:
            return None
        user = str(payload["user"])
        asked_by = str((stored.document.get(APPROVAL) or {}).get("by", ""))
        view = str(payload.get("view", ""))
        shown = shown_in(stored, view)
        return Press(
            plan=Plan.from_json(stored.document["plan"]).answered(shown.answers if shown else {}),
            answer=answer,
            user=user,
            team=str(payload["team"]),
            token=token,
            view=view,
            asked_by=asked_by if asked_by != user else "",
        )

    async def note(self, press: Press, state: RemedyState, says: Text | None = None, *, show: bool = True) -> None:
        """Keep how far it is, and `show` it. That Slack is out of reach stops no remedy: the note is kept."""
        store, plan = self.desk.store, press.plan
        stored = await store.plans.get(plan.id)
        first = stored.claimed_at if stored and stored.claimed_at else self.desk.clock()
        shown = RemedyShown(
            plan_id=plan.id,
            title=safe_value(plan.title),
            state=RemedyState.UNDONE if plan.undoes and state is RemedyState.DONE else state,
            who=press.asked_by or press.user,
            approver=press.user if press.asked_by else "",
            at=self.desk.clock(),
            says=safe_value(says),
            undo=str(stored.document.get(UNDO, "")) if stored and state in _OVER else "",
            cluster=safe_value(plan.cluster),
        )
        note = RemedyNote(first=first, shown=shown)
        async with self.desk.turn(press.answer.request_id):
            await store.answers.note(press.answer.request_id, {note.key: note.as_json()})
            if show:
                try:
                    await self._show(press)
                except SlackError as error:
                    _log.warning("what became of a remedy is not shown yet", plan=plan.id, error=str(error))
        await self.hearing.remedied(press.answer, plan, shown)

    async def tell(self, press: Press) -> None:
        """Show what was noted last, and say it in the thread and to the auditors: each once, however often it is run.

        Raises SlackUnavailable, to be asked again.
        """
        answer = await self.desk.store.answers.get(press.answer.request_id)
        note = (answer.shown if answer else {}).get(RemedyNote.key_of(press.plan.id))
        if answer is None or note is None:
            return
        shown = RemedyNote.from_json(note).shown
        try:
            async with self.desk.turn(answer.request_id):
                await self._show(press)
        finally:
            # A message that cannot be edited any more keeps nobody from being told.
            await self._say(press, shown)

    async def _show(self, press: Press) -> None:
        request = await self.desk.store.requests.get(press.answer.request_id)
        if request is not None:
            await self.telling.show(request)

    async def _say(self, press: Press, shown: RemedyShown) -> None:
        request = await self.desk.store.requests.get(press.answer.request_id)
        plan, answer = press.plan, press.answer
        said = Record(shown=shown, cluster=plan.cluster, target=plan.target)
        if request is not None:
            language = Language(answer.message.get("language") or Language.EN)
            line = record(said, language=language)
            if not await self._post(press, answer.channel, request.asked.thread_ts, line, shown):
                # The thread was deleted, or we were sent out of the channel: whoever confirmed it has to know.
                await self._post(press, press.user, "", line, shown)
        if self.desk.audit_channel:
            await self.auditors(press, shown)

    async def auditors(self, press: Press, shown: RemedyShown) -> None:
        """A line in the audit channel, if there is one, with the way to the answer."""
        if not self.desk.audit_channel:
            return
        try:
            link = await self.desk.slack.permalink(press.answer.channel, press.answer.ts)
        except SlackUnavailable:
            raise
        except SlackError:
            link = ""
        said = Record(shown=shown, cluster=press.plan.cluster, target=press.plan.target, link=link)
        message = record(said, language=self.desk.usual_language)
        if await self._post(press, self.desk.audit_channel, "", message, shown):
            return
        if await self.desk.store.notices.once("audit channel", within=_SAID_ONCE, now=self.desk.clock()):
            await self._whisper(press, told(failures.AUDITORS_UNTOLD, language=await self._language(press)))

    async def _post(self, press: Press, channel: str, thread_ts: str, message: Message, shown: RemedyShown) -> bool:
        """Once for each press and state; whether it stands there. Raises SlackUnavailable."""
        key = f"{press.token}/{shown.state}/{channel}"
        try:
            await post_once(self.desk, message, to=channel, thread_ts=thread_ts, key=key)
        except SlackUnavailable:
            raise
        except SlackError as error:
            _log.error("what became of a remedy could not be told", channel=channel, error=str(error))
            return False
        return True

    async def audit(self, press: Press, step: str, result: Result | None) -> None:
        fields = audit_entry(
            press.plan, step=step, actor=press.user, at=self.desk.clock(), team=press.team,
            channel=press.answer.channel, result=result, token=press.token, requested_by=press.asked_by,
        )  # fmt: skip
        await self.desk.store.audit.append(AuditEntry(**fields))
        denied = isinstance(result, Denied)
        self.desk.metrics.remedied(press.plan.action, step, str(fields["outcome"]), denied=denied)

    async def whisper(self, press: Press, says: Text) -> None:
        """To whoever pressed, and nobody else: why nothing came of it."""
        await self._whisper(press, not_done(says, language=await self._language(press)))

    async def _language(self, press: Press) -> Language:
        return (await self.desk.asker(team=press.team, channel=press.answer.channel, user=press.user)).language

    async def _whisper(self, press: Press, message: Message) -> None:
        try:
            await self.desk.slack.whisper(channel=press.answer.channel, user=press.user, message=message)
        except SlackError as error:
            _log.warning("whoever pressed could not be told", error=str(error))
