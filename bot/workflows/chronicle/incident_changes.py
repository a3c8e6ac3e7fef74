"""Apply incident commands: open, resolve after a dialog, reopen or dismiss the incident of a channel; and export it.

Permission was checked before the job began. The state changes first, so that no post contradicts it.

The dialog before a resolution keeps its state in Slack and in the chronicle: it carries its channel, and its choices
name recorded facts. So any process may take what was submitted, also after a restart.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

import structlog

from bot.jobs import JobRun
from bot.slack.errors import SlackRefusal, log_refusal
from bot.store import ChannelState, IncidentChannel
from bot.workflows.chronicle.documents import draft_of, final_of, names_of, page_of
from bot.workflows.chronicle.facts import row_of
from bot.workflows.chronicle.incident_commands import refusal_of
from bot.workflows.chronicle.pinned_summary import summary_key, take_back_canvas
from bot.workflows.dialogs import ButtonPress, DialogOutcome, DialogRefused, InvalidInput, tell_user
from bot.workflows.incident_payloads import CommandJob, GivenCause, ResolveDialogJob
from bot.workflows.message_poster import post_once, take_back
from bot.workflows.services import Services, retry_step
from intents.channel_commands import ChannelAction
from intents.chronicle.facts import LONGEST_SAYS, Fact, FactKind, IncidentStatus
from intents.chronicle.news import UNKNOWN, choice_of, resolution_of
from intents.domain import Json, Text
from responses import failures
from responses.chronicle import incident_replies, incident_words
from responses.safety import safe_line
from responses.slack.chronicle.announcements import dismissed, reopened
from responses.slack.chronicle.resolve_dialog import resolve_dialog
from responses.slack.message import Message, View
from responses.slack.notices import notice
from responses.slack.presses import Press
from responses.slack.remedy_dialogs import refusal_dialog

_log: Final = structlog.get_logger(__name__)

_STATES: Final[Mapping[ChannelAction, ChannelState]] = {
    ChannelAction.RESOLVE: ChannelState.RESOLVED,
    ChannelAction.REOPEN: ChannelState.OPEN,
    ChannelAction.OPEN: ChannelState.OPEN,
    ChannelAction.DISMISS: ChannelState.DISMISSED,
}
_STANDINGS: Final[Mapping[ChannelState, IncidentStatus]] = {
    ChannelState.RESOLVED: IncidentStatus.RESOLVED,
    ChannelState.OPEN: IncidentStatus.REOPENED,
}
# Longest wait for a summary that is being rendered while its channel is dismissed; longer than any rendering.
_ROUNDS: Final = 30
_BETWEEN_S: Final = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentChangeWorkflow:
    """The job `command`.

    `opened` is called with a channel whose history is to be read, and the id of the command.
    """

    services: Services
    opened: Callable[[str, str], Awaitable[None]]

    async def run(self, run: JobRun, payload: CommandJob) -> Json | None:
        if payload.doing is ChannelAction.EXPORT:
            await retry_step(run, "export", self.export, payload, run.id)
            return None
        if not await retry_step(run, "change", self.change, payload, run.id):
            return None
        if payload.doing is ChannelAction.DISMISS:
            for number in range(_ROUNDS):
                gone = await retry_step(run, f"take down {number}", self.take_down, payload, run.id)
                if gone and gone["done"]:
                    break
                await run.sleep(_BETWEEN_S)
        await retry_step(run, "say", self.say, payload, run.id)
        return None

    async def change(self, payload: CommandJob, id: str) -> Json | None:
        """Change the state; None if another user was faster; the requester then gets a reply."""
        channel, at, state = payload.channel, payload.at, _STATES[payload.doing]
        chronicles = self.services.store.chronicles
        await chronicles.set_state(channel, state, at)
        known = await chronicles.get(channel)
        if known is None or (known.state, known.since) != (state, at):
            await self._answer(payload, incident_replies.CHANGED_MEANWHILE, id)
            return None
        if state in _STANDINGS:
            for fact in _facts(payload, id):
                await chronicles.add(channel, row_of(fact))
        if payload.anew:
            await self.opened(channel, id)
        else:
            await self.services.changed(channel)
        return {"done": True}

    async def take_down(self, payload: CommandJob, id: str) -> Json:
        """Delete our summary and the canvas's content once no process is writing it."""
        chronicles = self.services.store.chronicles
        known = await chronicles.get(payload.channel)
        if known is None or known.state is not ChannelState.DISMISSED or known.shown >= known.revision:
            return {"done": True}
        if not await chronicles.claim_summary(known.channel, known.revision, id, self.services.clock()):
            return {"done": False}
        known = await chronicles.get(known.channel) or known
        await self._remove(known)
        await take_back_canvas(self.services, known)
        await chronicles.placed(known.channel, summary_ts="")
        await chronicles.rendered(known.channel, known.revision, id)
        return {"done": True}

    async def say(self, payload: CommandJob, id: str) -> None:
        """Announce the change in the channel, once."""
        channel, doing, language = payload.channel, payload.doing, self.services.usual_language
        if doing is ChannelAction.RESOLVE:
            chronicle = await self.services.store.chronicles.read(channel)
            if chronicle is None:
                return
            message = await final_of(self.services, chronicle, language=language)
        else:
            message = (dismissed if doing is ChannelAction.DISMISS else reopened)(payload.user, language=language)
        ts = await self._post(payload, message, to=channel, key=f"{id}/{doing}")
        if ts and doing is not ChannelAction.DISMISS:
            # The chronicle's sources are now only in Slack.
            chronicles = self.services.store.chronicles
            placed = [
                await chronicles.add(channel, row_of(replace(fact, ts=ts)), revision=1) for fact in _facts(payload, id)
            ]
            if any(placed):
                await self.services.changed(channel)

    async def export(self, payload: CommandJob, id: str) -> None:
        """Export all records as a file, to the requester or the channel."""
        chronicle = await self.services.store.chronicles.read(payload.channel)
        if chronicle is None:
            return
        name = chronicle.channel.name
        says = incident_replies.EXPORTED.filled(name)
        draft = await draft_of(self.services, chronicle, language=payload.language)
        to = payload.channel if payload.here else payload.user
        await self._post(
            payload, replace(notice(says, language=payload.language), overflow=draft), to=to, key=f"{id}/export"
        )

    async def _post(self, payload: CommandJob, message: Message, *, to: str, key: str) -> str:
        """Return the message's ts; "" if it cannot be posted; the requester then gets a reply."""
        try:
            return (await post_once(self.services, message, to=to, key=key)).ts
        except SlackRefusal as error:
            _log.warning("incident_reply_post_failed", channel=to, error=str(error))
            await self._answer(payload, error.says, key)
            return ""

    async def _remove(self, known: IncidentChannel) -> None:
        with log_refusal(_log.warning, "summary_delete_failed", channel=known.channel):
            if known.summary_ts:
                await self.services.slack.pins.remove(channel=known.channel, ts=known.summary_ts)
            await take_back(self.services, summary_key(known.channel))

    async def _answer(self, payload: CommandJob, says: Text, key: str) -> None:
        if payload.cause:
            await tell_user(self.services, payload.channel, payload.user, says)
            return
        message = notice(says, language=payload.language)
        with log_refusal(_log.warning, "command_reply_failed"):
            if address := payload.response_url:
                await self.services.slack.respond(address, message)
            else:
                there, thread = payload.channel, payload.thread_ts or ""
                await post_once(self.services, message, to=there, thread_ts=thread, key=f"{key}/answer")


def _facts(payload: CommandJob, id: str) -> tuple[Fact, ...]:
    """Return the change as a fact, and the root cause that was given with it."""
    at, user, cause = payload.at, payload.user, payload.cause
    says, state = f"/diagnose incident {payload.doing}", _STANDINGS[_STATES[payload.doing]]
    changed = Fact(key=f"c:{id}", kind=FactKind.STATUS, at=at, says=says, user=user, state=state)
    if cause is None:
        return (changed,)
    given = Fact(
        key=f"c:{id}:cause",
        kind=FactKind.ROOT_CAUSE,
        at=at,
        says=cause.says,
        user=user,
        state=cause.state,
        about=cause.template,
    )
    return changed, given


async def resolution_view(services: Services, job: ResolveDialogJob, _view: str) -> View:
    """Return what is open and the causes to choose from, or the refusal."""
    channel = job.channel
    requester, place = await services.presser(job), await services.slack.place(channel)
    chronicle = await services.store.chronicles.read(channel)
    known = chronicle.channel if chronicle else None
    refused = refusal_of(ChannelAction.RESOLVE, known, place, requester)
    if refused or chronicle is None:
        return refusal_dialog(refused or incident_replies.NO_INCIDENT, language=requester.language)
    page = await page_of(services, chronicle)
    return resolve_dialog(
        page.summary,
        resolution_of(page.summary),
        names=await names_of(services, page.summary.people),
        channel=channel,
        language=requester.language,
        permalink=page.permalink,
    )


async def check_resolution(services: Services, dialog: ButtonPress) -> DialogOutcome:
    """Check a submitted dialog: permission, state of the channel, root cause. Raise StoreUnavailable."""
    channel = dialog.value
    asked_by = services.requester(**dialog.by_in(channel))
    found = await services.in_time(asyncio.gather(services.slack.place(channel), asked_by))
    if found is None:
        raise DialogRefused(failures.BUSY)
    place, requester = found
    chronicle = await services.store.chronicles.read(channel)
    known = chronicle.channel if chronicle else None
    refused = refusal_of(ChannelAction.RESOLVE, known, place, requester)
    if refused or chronicle is None:
        raise DialogRefused(refused or incident_replies.NO_INCIDENT)
    text = safe_line(dialog.entered(Press.ROOT_CAUSE_TEXT), limit=LONGEST_SAYS)
    choice = dialog.entered(Press.ROOT_CAUSE)
    if text:
        cause = GivenCause(says=text)
    elif choice == UNKNOWN:
        cause = GivenCause(says=incident_words.NOT_KNOWN_YET.in_(services.usual_language), state=UNKNOWN)
    elif not choice:
        raise InvalidInput({str(Press.ROOT_CAUSE): incident_replies.CHOOSE_OR_TYPE})
    else:
        page = await page_of(services, chronicle)
        chosen = next((fact for fact in page.facts if choice_of(fact) == choice and not fact.removed), None)
        if chosen is None:
            raise InvalidInput({str(Press.ROOT_CAUSE): incident_replies.CHOICE_GONE})
        says = chosen.title.in_(services.usual_language) if chosen.title else chosen.says
        cause = GivenCause(says=safe_line(says, limit=LONGEST_SAYS), template=chosen.key)
    job = CommandJob(
        doing=ChannelAction.RESOLVE,
        at=services.clock(),
        language=requester.language,
        cause=cause,
        **dialog.by_in(channel),
    )
    return f"{channel}.resolved.{dialog.view}", job
