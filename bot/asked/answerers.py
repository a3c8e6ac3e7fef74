"""List the answerer of each request that needs no verdict."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bot.asked.contract import Answerer
from bot.asked.events import events
from intents.talk.asks import Ask

ANSWERERS: Final[Mapping[Ask, Answerer]] = {Ask.EVENTS: events}
