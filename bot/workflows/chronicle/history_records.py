"""Record messages and pins from a channel's history as if their events had arrived."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.slack.channel_events import moment_of
from bot.slack.message_events import ReceivedMessage, read_event
from bot.store import IncidentChannel, RecordedMessage
from bot.workflows.chronicle.message_facts import pinned_by, pinned_fact, recorded_message
from bot.workflows.chronicle.summary_page import forbidden
from bot.workflows.services import Services


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryRecorder:
    """Records messages that were read from a channel's history."""

    services: Services

    async def found(
        self, known: IncidentChannel, messages: Sequence[Mapping[str, Any]], *, gone: Collection[str], since: str
    ) -> bool:
        """Record these messages and the deletion of those in `gone`; return whether anything changed.

        `since`, a ts, is the start of the gap, "" if unknown. Raises SlackUnavailable.
        """
        changed = await self.services.store.chronicles.reread(
            known.channel, await self._recorded(known, messages), gone=gone
        )
        for message in messages:
            for user in pinned_by(message):
                changed |= await self._pinned(known, message, user, since=since)
        return changed

    async def _recorded(self, known: IncidentChannel, messages: Sequence[Mapping[str, Any]]) -> list[RecordedMessage]:
        identity = await self.services.slack.identify()

        def recorded() -> Iterator[RecordedMessage]:
            for each in messages:
                raw = {**each, "channel": known.channel}
                event = read_event(raw, team=identity.team, us=identity.user, our_bot=identity.bot_id)
                if isinstance(event, ReceivedMessage):
                    yield recorded_message(raw, version=_edited_at(each))

        # An edited message may have had other facts before.
        return [one for one in recorded() if one.facts or one.version]

    async def _pinned(self, known: IncidentChannel, message: Mapping[str, Any], user: str, *, since: str) -> bool:
        """Return when a message was pinned. Slack does not say: after it was written, and during the gap."""
        identity = await self.services.slack.identify()
        if user == identity.user:
            return False
        requester = await self.services.requester(team=known.team, channel=known.channel, user=user)
        if forbidden(requester, changes=True):
            return False
        ts = str(message.get("ts") or "")
        at = moment_of(max(ts, since))
        return await self.services.store.chronicles.pin(
            known.channel, ts, by=user, at=at, fact=pinned_fact({**message, "channel": known.channel}), found=True
        )


def _edited_at(message: Mapping[str, Any]) -> str:
    """Return the ts of a message's last edit, "" for none."""
    edited = message.get("edited")
    return str(edited.get("ts") or "") if isinstance(edited, Mapping) else ""
