"""Recognise what was asked before: repeats of an answered error, and texts that no entry explains.

Requests join a topic after the policy was asked, so that a request without an answer silences nobody. An answer stands
while it is posted, not withdrawn, and still about this error.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import StrEnum
from typing import Final

import structlog

from bot.common.recent import remember
from bot.diagnosing import CarriedMatch
from bot.diagnosing.fingerprints import fingerprint
from bot.jobs import JobRun
from bot.slack.errors import MessageGone, SlackError, SlackRefusal, log_refusal
from bot.store import RequestState, StoredRequest, Surface
from bot.workflows.kept_answer import KeptAnswer
from bot.workflows.message_poster import MessagePoster
from bot.workflows.reply import Reply
from bot.workflows.services import ANSWER, Exchange, Services, retry_step, try_step
from intents.cluster_choice import marked_with
from intents.domain import Json
from intents.feedback import UnknownPaste
from responses.paste_templates import paste_template
from responses.slack.notices import answered_before

_log: Final = structlog.get_logger(__name__)

# A user who repeats the same error gets the link at most this often.
_SAID_ONCE: Final = timedelta(minutes=10)
# Pauses while the first request is being answered; longer than its retries during an outage.
_PAUSES_S: Final = (0.5, 0.7, 1.0, 1.0, 1.5, 2.0, 2.0, 3.0, 3.0, *([5.0] * 10), *([30.0] * 40))

# Links to later answers about the same fault in one answer.
_LINKED: Final = 3
# Number of shown counts that are remembered.
_REMEMBERED: Final = 500


class _Role(StrEnum):
    LEADS = "leads"
    WAITS = "waits"
    REPEATS = "repeats"


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeats:
    """Finds out whether a request repeats one whose answer stands."""

    services: Services
    poster: MessagePoster
    # How much of what only grows an answer shows: its count by the request, its links by the request and "links".
    _shown: OrderedDict[str, int] = field(default_factory=OrderedDict)

    def topic_of(self, exchange: Exchange, match: CarriedMatch | None) -> str:
        """Return the fingerprint of a request's topic; "" for a request that is answered in any case."""
        request = exchange.request
        if request.original.origin is not Surface.MESSAGE or match is None or not match.matching.hypotheses:
            return ""
        first, names = match.matching.hypotheses[0], self.services.clusters.names
        incident = self.services.engine(request.original.channel).catalog.incidents.get(first.incident)
        if incident is None:
            return ""
        cluster = marked_with(request.text) if len(names) > 1 else ""
        audience = exchange.scope.audience(names)
        return fingerprint(incident, first, text=request.text, cluster=cluster, audience=audience)

    async def is_repeat(self, run: JobRun, request_id: str, topic: str) -> bool:
        """Join the topic; link and count a repeat. Wait while the first request is being answered."""
        for pause in (*_PAUSES_S, None):
            joined = await retry_step(run, "join", self.join, request_id, topic)
            if not joined or joined["role"] == _Role.LEADS:
                return False
            if joined["role"] == _Role.REPEATS:
                leader = str(joined["leader"])
                stands = await retry_step(run, "point", self.point, request_id, leader, int(joined["count"]))
                if stands and stands["stands"]:
                    await try_step(run, "count", self.count, leader)
                    return True
            elif pause is None:
                break
            else:
                await run.sleep(pause)
        return False

    async def join(self, request_id: str, about: str) -> Json | None:
        """Join the topic and return the role in it; for a repeat also the `leader`, and the `count` of pastes."""
        services, store = self.services, self.services.store
        request = await store.requests.get(request_id)
        if request is None:
            return None
        channel, now = request.original.channel, request.original.created
        topic = await store.topics.joined(channel, about, request_id)
        if topic is None:
            if request.revision > 1:
                # The text was edited: its answer does not count for the former error any more.
                await store.topics.end(request_id, other_than=about)
            window = services.repeat_window
            topic = await store.topics.join(channel, about, request_id, now=now, window=window)
        if topic.leader == request_id or await self.poster.sent(request, step=ANSWER):
            return {"role": _Role.LEADS.value}
        leader = await store.requests.get(topic.leader)
        if leader is not None and leader.state is RequestState.OPEN:
            return {"role": _Role.WAITS.value}
        if not await self._stands(leader):
            taken = await store.topics.take_over(channel, about, leader=topic.leader, request_id=request_id, now=now)
            return {"role": (_Role.LEADS if taken else _Role.WAITS).value}
        await store.requests.set_state(request_id, RequestState.REPEATED)
        services.metrics.request_handled(request.original.origin, "explain", "repeated")
        return {"role": _Role.REPEATS.value, "leader": topic.leader, "count": topic.count}

    async def point(self, request_id: str, leader_id: str, count: int) -> Json:
        """Send the requester the link to the answer, at most once in ten minutes. Return whether the answer is there.

        The topic has counted the repeat, so an answer in flight shows it anyway.
        """
        services = self.services
        repeat, leader = await services.exchange(request_id), await services.store.requests.get(leader_id)
        sent = leader and await self.poster.sent(leader, step=ANSWER)
        if repeat is None or leader is None or not sent:
            return {"stands": False}
        try:
            link = await services.slack.permalink(channel=sent.channel, ts=sent.ts)
        except MessageGone:
            await services.store.topics.end(leader.id)
            return {"stands": False}
        except SlackRefusal as error:
            _log.info("repeat_notice_failed", error=str(error))
            return {"stands": True}
        asked = repeat.request.original
        once = f"repeat/{leader.id}/{asked.user}"
        if not asked.user or not await services.once(once, within=_SAID_ONCE):
            return {"stands": True}
        with log_refusal(_log.info, "repeat_notice_failed", of=SlackError):
            message = answered_before(link, count=count, language=repeat.language, anyway_value=repeat.id)
            thread_ts = asked.thread_ts if asked.thread_ts != asked.source_ts else ""
            await services.slack.post_ephemeral(
                channel=asked.channel, user=asked.user, message=message, thread_ts=thread_ts
            )
        return {"stands": True}

    async def count(self, leader_id: str) -> None:
        """Update the count in the answer. Raise SlackUnavailable to be retried: one edit then shows many repeats."""
        request = await self.services.store.requests.get(leader_id)
        if request is None:
            return
        async with self.services.turn(request.id):
            topic = await self.services.store.topics.led_by(request.id)
            count = topic.count if topic else 0
            stands = self._shown.get(request.id, 0) >= count > 0 or await self.poster.refresh(request)
            remember(self._shown, request.id, count, most=_REMEMBERED)
        if not stands:
            self._shown.pop(request.id, None)
            await self.services.store.topics.end(request.id)

    async def with_earlier(self, request: StoredRequest, answer: KeptAnswer, fault: str) -> KeptAnswer:
        """Return the answer with a link to the first one in this channel with the same incident and object at fault."""
        services, store = self.services, self.services.store
        now, window = request.original.created, services.repeat_window
        topic = await store.topics.join(request.original.channel, fault, request.id, now=now, window=window)
        leader = await store.requests.get(topic.leader) if topic.leader != request.id else None
        sent = leader and await self.poster.sent(leader, step=ANSWER)
        if leader is None or not sent or not await self._stands(leader):
            return answer
        with log_refusal(_log.info, "earlier_answer_not_linked", of=SlackError):
            return replace(answer, same_as=await services.slack.permalink(channel=sent.channel, ts=sent.ts))
        return answer

    async def first_about(self, request: StoredRequest, fault: str) -> str:
        """Return the request whose answer was the first one with this incident and object at fault; "" if this one."""
        topic = await self.services.store.topics.joined(request.original.channel, fault, request.id) if fault else None
        return topic.leader if topic and topic.leader != request.id else ""

    async def link_back(self, request_id: str, first: str) -> None:
        """Add a link to this answer to the `first` one about its fault. Raise SlackUnavailable to be retried."""
        services = self.services
        request, leader = await services.store.requests.get(request_id), await services.store.requests.get(first)
        sent = request and await self.poster.sent(request, step=ANSWER)
        if leader is None or not sent or not await self._stands(leader):
            return
        try:
            link = await services.slack.permalink(channel=sent.channel, ts=sent.ts)
        except SlackRefusal as error:
            _log.info("later_answer_not_linked", error=str(error))
            return
        async with services.turn(leader.id):
            stored = await services.store.answers.get(leader.id)
            known = tuple(stored.shown.get("again", ())) if stored else ()
            if link not in known:
                if len(known) >= _LINKED:
                    return
                known = (*known, link)
                await services.store.answers.note(leader.id, {"again": [*known]})
            key = f"{leader.id}/links"
            if self._shown.get(key, 0) < len(known):
                await self.poster.refresh(leader)
                remember(self._shown, key, len(known), most=_REMEMBERED)

    async def _stands(self, leader: StoredRequest | None) -> bool:
        if leader is None or leader.state is not RequestState.ANSWERED:
            return False
        return await self.poster.sent(leader, step=ANSWER) is not None


async def record_unknown(services: Services, request: StoredRequest, reply: Reply) -> None:
    """Count the text of an answered request, or drop what an earlier answer counted if it is known now."""
    pastes = services.store.unknown_pastes
    found = await asyncio.to_thread(paste_template, request.text) if _is_unknown(reply) else None
    if found is None:
        if request.revision > 1:
            await pastes.forget(request.id)
        return
    paste = UnknownPaste(
        request=request.id,
        channel=request.original.channel,
        template=found.template,
        example=found.example,
        at=request.original.created,
    )
    if await pastes.add(paste):
        services.metrics.unknown_pasted()


def _is_unknown(reply: Reply) -> bool:
    return reply.answer is not None and reply.answer.of_text and not reply.answer.diagnosis.hypotheses
