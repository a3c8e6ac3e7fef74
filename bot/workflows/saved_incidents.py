"""Save incidents, and answer `/diagnose learned`: list, share, edit and delete them by policy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import structlog

from bot.jobs import JobRun, StartJob
from bot.policy import ReadLevel
from bot.slack.errors import log_refusal
from bot.store import LearnedEntry
from bot.workflows.dialogs import tell_user
from bot.workflows.job_payloads import By, SaveDialogJob, SaveJob
from bot.workflows.learned_entries import InForce, LearnedEntries
from bot.workflows.message_poster import post_once
from bot.workflows.save_dialog import may_change
from bot.workflows.services import Requester, Services, retry_step
from intents.channel_commands import LearnedAction, LearnedCommand
from intents.domain import Json, Language, Text
from responses import failures, learned_words
from responses.slack.learned import LearnedShown, all_learned, learned_notice, saved_message
from responses.slack.message import Message
from responses.slack.notices import notice

_log: Final = structlog.get_logger(__name__)


async def save_incident(services: Services, run: JobRun, payload: SaveJob) -> Json | None:
    """Run the job `save_incident`."""
    kept = await retry_step(run, "keep", _keep, services, payload)
    if kept and kept["kept"]:
        await retry_step(run, "confirm", _confirm, services, payload, run.id)
    return None


async def _keep(services: Services, payload: SaveJob) -> Json:
    """Store the version and put it in force here. A version of somebody else that came first stays."""
    at = services.clock()
    entry = LearnedEntry(
        id=payload.id,
        version=payload.version,
        yaml=payload.yaml,
        channel=payload.home,
        channel_name=payload.channel_name,
        author=payload.author,
        by=payload.by,
        at=at,
        shared=payload.shared,
    )
    saved = await services.store.learned.save(entry)
    if not saved:
        stored = await services.store.learned.versions(entry.id)
        # This step may have run before: then the stored version is this one.
        if not any((one.version, one.yaml) == (entry.version, entry.yaml) for one in stored):
            await tell_user(services, payload.channel, payload.user, learned_words.CHANGED_MEANWHILE)
            return {"kept": False}
    if services.learned is not None:
        await services.learned.refresh()
    if saved:
        await audit_learned(services, payload, "save", {"version": entry.version})
    return {"kept": True}


async def _confirm(services: Services, payload: SaveJob, job: str) -> None:
    """Post the entry in the thread it came from; an edit by command is confirmed to its user."""
    channel = payload.channel
    if not payload.thread_ts:
        form = learned_words.SAVED_SHARED if payload.shared else learned_words.SAVED
        form = learned_words.SAVED_UNSHARED if payload.unshared else form
        says = learned_notice(form, payload.title, payload.id, str(payload.version))
        await tell_user(services, channel, payload.user, says)
        return
    message = saved_message(payload.title, payload.id, payload.version, payload.yaml, language=payload.language)
    with log_refusal(_log.error, "saved_incident_not_confirmed", channel=channel, job=job):
        await post_once(services, message, to=channel, key=job, thread_ts=payload.thread_ts)


async def audit_learned(services: Services, payload: SaveJob | SaveDialogJob, outcome: str, detail: Json) -> None:
    """Add an audit entry about a saved incident. The payload names who, where, and the entry's id."""
    await services.audit(payload.sender, action="learned", target=payload.id, outcome=outcome, detail=detail)


@dataclass(frozen=True, slots=True, kw_only=True)
class LearnedCommands:
    """Answers commands about saved incidents. Raises StoreUnavailable and JobsUnavailable."""

    services: Services
    start: StartJob

    async def answer(self, command: LearnedCommand, by: By, *, trigger: str, language: Language) -> Message:
        """List the saved incidents that may be seen here, or change one of them."""
        learned = self.services.learned
        requester = await self.services.in_time(self.services.requester(**by))
        if requester is None:
            return notice(failures.BUSY, language=language)
        if learned is None or requester.scope.reading is not ReadLevel.FULL:
            return notice(requester.scope.text_only_reason or learned_words.NONE, language=language)
        if command.action is LearnedAction.LIST:
            found = learned.listed(by["channel"], everything=requester.scope.curates)
            return all_learned([_shown(one) for one in found], language=language)
        # The command may follow a save in another replica.
        await learned.refresh()
        return notice(await self._change(command, learned, requester, trigger), language=language)

    async def _change(
        self, command: LearnedCommand, learned: LearnedEntries, requester: Requester, trigger: str
    ) -> Text:
        who = requester.scope.who
        visible = learned.listed(who.channel, everything=requester.scope.curates)
        found = next((one for one in visible if one.entry.id == command.id), None)
        if found is None:
            return learned_notice(learned_words.UNKNOWN, command.id)
        entry = found.entry
        asked = SaveDialogJob(user=who.user, team=who.team, channel=who.channel, id=entry.id, trigger=trigger)
        if command.action in (LearnedAction.SHARE, LearnedAction.UNSHARE):
            if not requester.scope.curates:
                return learned_words.CURATORS_SHARE
            shared = command.action is LearnedAction.SHARE
            now = self.services.clock()
            if not await self.services.store.learned.share(entry.id, entry.version, shared=shared, now=now):
                return learned_words.CHANGED_MEANWHILE
            await learned.refresh()
            await audit_learned(self.services, asked, str(command.action), {"version": entry.version})
            form = learned_words.NOW_SHARED if shared else learned_words.NOW_OWN
            return learned_notice(form, entry.id, entry.channel_name)
        if not may_change(found, requester):
            return learned_words.NOT_YOURS
        if command.action is LearnedAction.DELETE:
            await self.services.store.learned.remove(entry.id)
            await self.services.forget(entry.id)
            await learned.refresh()
            await audit_learned(self.services, asked, "delete", {"version": entry.version})
            return learned_notice(learned_words.DELETED, entry.id)
        await self.start(f"{who.channel}.learned.{trigger}", asked)
        return learned_words.DIALOG_OPENS


def _shown(found: InForce) -> LearnedShown:
    entry = found.entry
    return LearnedShown(
        id=entry.id,
        title=found.incident.title.en,
        channel=entry.channel_name,
        by=entry.by,
        version=entry.version,
        shared=entry.shared,
    )
