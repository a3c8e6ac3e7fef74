"""Answer follow-ups in a thread: link the answer that it has, or say what changed since.

A question that names no object and no error is answered by a link. The same trouble again gets what changed; another
object gets an answer of its own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

import structlog

from bot.diagnosing import match_text
from bot.slack.errors import SlackError
from bot.store import StoredRequest, Surface
from bot.workflows.kept_answer import KeptAnswer
from bot.workflows.services import Exchange, Services
from intents.domain import Diagnosis
from intents.slash import TextQuery, parse_message
from responses.follow_ups import changes, is_same_trouble, sign
from responses.safety import SafeDiagnosis
from responses.shown import shown
from responses.slack.message import Message
from responses.slack.remedy_states import answered_above, changed_since

_log: Final = structlog.get_logger(__name__)

_IN_THREADS: Final = frozenset({Surface.MENTION, Surface.FOLLOW_UP})
# Asks for the state now, so that a link to the answer does not help.
_ASKS_AGAIN: Final = re.compile(
    r"\b(?:now|still|fixed|better|recheck|retry|(?:check|look|diagnose|try) again)\b"
    r"|再查|再看|重新|现在|好了吗|还在|恢复",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlierAnswer:
    """The newest answer in a thread, and the address of its message ("" if Slack gives none)."""

    answer: KeptAnswer
    link: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowUps:
    """Answers follow-ups in a thread that has an answer."""

    services: Services

    async def link(self, exchange: Exchange) -> Message | None:
        """Return a link to the answer above, for a mention that asks about it in words alone; else None."""
        request, original = exchange.request, exchange.request.original
        if original.origin is not Surface.MENTION or original.name or not original.thread_ts:
            return None
        own = request.parts.get(original.source_ts, "")
        query = parse_message(own)
        if not isinstance(query, TextQuery) or _ASKS_AGAIN.search(own):
            return None
        if (await match_text(query.text, engine=self.services.engine(original.channel))).hypotheses:
            return None
        earlier = await self.earlier(request)
        return answered_above(earlier.link, language=exchange.language) if earlier and earlier.link else None

    async def changes(self, exchange: Exchange, after: Diagnosis) -> Message | None:
        """Return what changed since the thread's answer about the same trouble; None if there is no such answer."""
        original = exchange.request.original
        if original.origin not in _IN_THREADS or not original.thread_ts:
            return None
        earlier = await self.earlier(exchange.request)
        if earlier is None or not is_same_trouble(earlier.answer.diagnosis, after):
            return None
        before = shown(SafeDiagnosis(earlier.answer.diagnosis))
        now = shown(SafeDiagnosis(after))
        lines = changes(before, now, exchange.language)
        return changed_since(lines, sign=sign(now), link=earlier.link, language=exchange.language)

    async def earlier(self, request: StoredRequest) -> EarlierAnswer | None:
        """Return the newest answer in the request's thread that has a diagnosis and was not deleted."""
        original, store = request.original, self.services.store
        for other in reversed(await store.requests.in_thread(original.channel, original.thread_ts)):
            if other.id == request.id or other.original.created > original.created:
                continue
            kept = await store.answers.get(other.id)
            if kept is None or not kept.message or not kept.ts:
                continue
            try:
                link = await self.services.slack.permalink(channel=kept.channel, ts=kept.ts)
            except SlackError as error:
                _log.info("earlier_answer_not_linked", error=str(error))
                link = ""
            return EarlierAnswer(answer=KeptAnswer.from_json(kept.message), link=link)
        return None
