"""Answer `/diagnose learned`: list the saved incidents; share, edit and delete them by policy."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Final

from bot.jobs import StartJob
from bot.policy import ReadLevel
from bot.slack.errors import SlackUnavailable
from bot.workflows.job_payloads import SaveDialogJob
from bot.workflows.learned_entries import InForce, LearnedEntries
from bot.workflows.learned_saves import audit_learned
from bot.workflows.save_dialog import may_change
from bot.workflows.services import Requester, Services
from intents.domain import Language, Text
from intents.learned_command import LearnedAction, LearnedCommand
from responses import failures, learned_words
from responses.slack.learned import LearnedShown, all_learned, learned_notice
from responses.slack.message import Message
from responses.slack.notices import notice

# Slack waits three seconds for the response to a command.
_IDENTIFY_S: Final = 1.5


@dataclass(frozen=True, slots=True, kw_only=True)
class LearnedCommands:
    """Answers commands about saved incidents. Raises StoreUnavailable and JobsUnavailable."""

    services: Services
    start: StartJob

    async def answer(
        self, command: LearnedCommand, *, team: str, channel: str, user: str, trigger: str, language: Language
    ) -> Message:
        """List the saved incidents that may be seen here, or change one of them."""
        learned = self.services.learned
        try:
            async with asyncio.timeout(_IDENTIFY_S):
                requester = await self.services.requester(team=team, channel=channel, user=user)
        except (SlackUnavailable, TimeoutError):
            return notice(failures.BUSY, language=language)
        if learned is None or requester.scope.reading is not ReadLevel.FULL:
            return notice(requester.scope.text_only_reason or learned_words.NONE, language=language)
        if command.action is LearnedAction.LIST:
            found = learned.listed(channel, everything=requester.scope.curates)
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
