"""List the incidents that a person may know of: open ones and those resolved lately, with their channels.

A private channel is named only in itself, and a channel that is shared with others names none but itself.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from bot.policy import ReadLevel
from bot.store import ChannelState, IncidentChannel
from bot.workflows.chronicle.facts import address_of, facts_of_chronicle, may_be_named
from bot.workflows.services import Exchange, Services
from intents.chronicle.facts import IncidentStatus
from intents.chronicle.summary import summary_of
from responses.slack.chronicle.incident_list import IncidentRow, incident_list_message
from responses.slack.message import Message

_LATELY: Final = timedelta(days=3)
_SHOWN: Final = 8
_MOST: Final = 30


async def incident_list(services: Services, exchange: Exchange) -> Message:
    """Return the incidents as the asker may see them, open ones first. Raise StoreUnavailable, SlackUnavailable."""
    now = services.clock()
    known = await services.store.chronicles.list_live(now - _LATELY)
    seen = [one for one in known[:_MOST] if await _may_see(services, exchange, one)]
    seen.sort(key=lambda one: one.state is not ChannelState.OPEN)
    rows = [await _row(services, one, now=now) for one in seen[:_SHOWN]]
    return incident_list_message(rows, left=max(0, len(seen) - _SHOWN), language=exchange.language)


async def _may_see(services: Services, exchange: Exchange, incident: IncidentChannel) -> bool:
    """Return whether the asker may know of an incident: by the policy there, and because its channel is public."""
    who, channel = exchange.scope.who, incident.channel
    if channel == who.channel:
        return exchange.scope.reading is ReadLevel.FULL
    if who.guest or who.foreign or who.external or not await may_be_named(services, channel):
        return False
    there = await services.requester(team=who.team, channel=channel, user=who.user)
    return there.scope.reading is ReadLevel.FULL


async def _row(services: Services, incident: IncidentChannel, *, now: datetime) -> IncidentRow:
    """Return the row, with its status as the summary of the channel has it."""
    chronicle = await services.store.chronicles.read(incident.channel)
    facts = await facts_of_chronicle(chronicle) if chronicle else ()
    summary = summary_of(facts, name=incident.name, opened=incident.opened, now=now)
    is_open = incident.state is ChannelState.OPEN
    return IncidentRow(
        name=incident.name,
        address=await address_of(services, incident.channel),
        status=summary.status if is_open else IncidentStatus.RESOLVED,
        ago=now - (incident.opened if is_open else incident.since),
    )
