"""List the answerer of each request that needs no verdict."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bot.asked.callers import callers
from bot.asked.changes import changes
from bot.asked.contract import Answerer
from bot.asked.events import events
from bot.asked.logs import logs
from bot.asked.revisions import revisions
from bot.asked.where import where
from intents.talk.asks import Ask

ANSWERERS: Final[Mapping[Ask, Answerer]] = {
    Ask.CALLERS: callers,
    Ask.CHANGES: changes,
    Ask.EVENTS: events,
    Ask.LOGS: logs,
    Ask.REVISIONS: revisions,
    Ask.WHERE: where,
}
