"""Apply incident commands: open, resolve, reopen or dismiss the incident of a channel; and export it.

Permission was checked before the job began. The state changes first, so that no post contradicts it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

import structlog

from bot.jobs import JobRun, Json
from bot.slack.errors import SlackRefusal
from bot.store import ChannelState, IncidentChannel
from bot.workflows.chronicle.documents import ChronicleDocuments
from bot.workflows.chronicle.fact_rows import row_of
from bot.workflows.chronicle.summary_canvas import SummaryCanvas
from bot.workflows.filled_dialogs import tell_user
from bot.workflows.job_payloads import CommandJob
from bot.workflows.outages import retry_step
from bot.workflows.services import Services
from bot.workflows.single_posts import post_once
from intents.channel_commands import ChannelAction
from intents.chronicle.facts import Fact, FactKind, IncidentStatus
from intents.domain import Text
from responses.chronicle import incident_replies
from responses.slack.chronicle.announcements import dismissed, reopened
from responses.slack.message import Message
from responses.slack.notices import notice

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
    documents: ChronicleDocuments
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
        await SummaryCanvas(services=self.services).take_back(known)
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
            message = await self.documents.final(chronicle, language=language)
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
        says = Text(en=incident_replies.EXPORTED.en.format(name), zh=incident_replies.EXPORTED.zh.format(name))
        draft = await self.documents.draft(chronicle, language=payload.language)
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
        ts = known.summary_ts
        if not ts:
            return
        outbox = self.services.store.outbox
        key = await outbox.by_message(known.channel, ts) or ""
        try:
            await self.services.slack.unpin(channel=known.channel, ts=ts)
            await self.services.slack.delete(channel=known.channel, ts=ts, key=key)
        except SlackRefusal as error:
            _log.warning("summary_delete_failed", channel=known.channel, error=str(error))
        if key:
            await outbox.forget(key)

    async def _answer(self, payload: CommandJob, says: Text, key: str) -> None:
        if payload.cause:
            await tell_user(self.services, payload.channel, payload.user, says)
            return
        message = notice(says, language=payload.language)
        try:
            if address := payload.response_url:
                await self.services.slack.respond(address, message)
            else:
                there, thread = payload.channel, payload.thread_ts or ""
                await post_once(self.services, message, to=there, thread_ts=thread, key=f"{key}/answer")
        except SlackRefusal as error:
            _log.warning("command_reply_failed", error=str(error))


def _facts(payload: CommandJob, id: str) -> tuple[Fact, ...]:
    """Return the change as a fact, and the root cause that was given with it."""
    changed = _fact(payload, id)
    cause = payload.cause
    if cause is None:
        return (changed,)
    given = Fact(
        key=f"c:{id}:cause",
        kind=FactKind.ROOT_CAUSE,
        at=changed.at,
        says=cause.says,
        user=changed.user,
        state=cause.state,
        template=cause.template,
    )
    return changed, given


def _fact(payload: CommandJob, id: str) -> Fact:
    return Fact(
        key=f"c:{id}",
        kind=FactKind.STATUS,
        at=payload.at,
        says=f"/diagnose incident {payload.doing}",
        user=payload.user,
        state=_STANDINGS[_STATES[payload.doing]],
    )
