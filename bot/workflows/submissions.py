"""Accept requests within each person's limit, and withdraw those whose paste was deleted.

This module does not know Slack. A surface creates an `NewRequest` with its origin and reply address; recorded requests
survive this process.

An answer below which a remedy was applied stays as its record when the paste is deleted.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter, OrderedDict
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

import structlog

from bot.common.recent import remember
from bot.jobs import JobIntake, JobRun
from bot.slack.errors import SlackError
from bot.store import NewRequest, RequestState, Store, StoredRequest, StoreUnavailable, standing
from bot.workflows.chronicle.facts import record_withdrawal
from bot.workflows.job_payloads import AnswerJob, WithdrawJob
from bot.workflows.kept_answer import AnswerNotes
from bot.workflows.message_poster import MessagePoster
from bot.workflows.services import Services, retry_step
from intents.domain import Hypothesis, Json
from intents.mutes import named_objects
from responses import failures
from responses.slack.notices import notice

_log: Final = structlog.get_logger(__name__)

PERSON_REQUESTS: Final = 30
# An integration posts for a whole system, and its alerts are not sent again.
_INTEGRATION_FACTOR: Final = 10
# Older open requests do not count: their jobs have failed without a report.
_COUNTED_FOR: Final = timedelta(hours=1)
# A burst ends when nothing was refused for so long.
_BURST_S: Final = 60.0
_BURST: Final = timedelta(seconds=_BURST_S)
# A person over the limit is refused without a look into the store for so long.
_FULL_S: Final = 0.5
_REMEMBERED: Final = 2_000


class TooManyRequests(Exception):
    """Error: the person has `limit` unanswered requests; this one was not kept."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"{limit} requests are unanswered")
        self.limit = limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """Admits requests up to `limit` unanswered ones per person."""

    store: Store
    limit: int = PERSON_REQUESTS
    _recording: Counter[str] = field(default_factory=Counter)
    _full: OrderedDict[str, float] = field(default_factory=OrderedDict)

    @asynccontextmanager
    async def admit(self, asked: NewRequest, *, integration: bool) -> AsyncIterator[None]:
        """Hold a place for a request while it is recorded: then the store counts it.

        Raise TooManyRequests or StoreUnavailable.
        """
        person = asked.user or asked.channel
        limit = self.limit * (_INTEGRATION_FACTOR if integration else 1)
        if self.is_full(person) or self._recording[person] >= limit:
            raise TooManyRequests(limit)
        # Reserved before the store is asked: requests that arrive together must not all find the same free place.
        self._recording[person] += 1
        try:
            unanswered = await self.store.requests.count_open(
                user=asked.user, channel=asked.channel, since=asked.created - _COUNTED_FOR
            )
            if unanswered + self._recording[person] > limit:
                remember(self._full, person, time.monotonic() + _FULL_S, most=_REMEMBERED)
                raise TooManyRequests(limit)
            yield
        finally:
            self._recording[person] -= 1
            if self._recording[person] <= 0:
                del self._recording[person]

    def is_full(self, person: str) -> bool:
        """Tell whether the person was just found to be over the limit."""
        return self._full.get(person, 0.0) > time.monotonic()


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusalNotices:
    """Tells people that a message was not kept: privately, once per burst and not per message."""

    services: Services
    _refused: OrderedDict[str, float] = field(default_factory=OrderedDict)
    _telling: set[asyncio.Task[None]] = field(default_factory=set)

    def refused(self, asked: NewRequest, limit: int) -> None:
        """Tell the requester in the background: the event is acknowledged at once."""
        self.services.metrics.request_handled(asked.origin, "explain", "too_many")
        person, now = asked.user or asked.channel, time.monotonic()
        before = self._refused.get(person)
        remember(self._refused, person, now, most=_REMEMBERED)
        if before is not None and now - before < _BURST_S:
            return
        _log.warning("requests_refused", user=asked.user, channel=asked.channel, limit=limit)
        if asked.user:
            task = asyncio.create_task(self._tell(asked, limit))
            self._telling.add(task)
            task.add_done_callback(self._telling.discard)

    async def _tell(self, asked: NewRequest, limit: int) -> None:
        services = self.services
        try:
            # Another replica may have told them.
            if await services.once(f"too-many/{asked.user}", within=_BURST):
                language = await services.language_of(asked.user, within=_BURST_S)
                message = notice(failures.too_many_requests(limit), language=language)
                await services.slack.post_ephemeral(
                    channel=asked.channel, user=asked.user, message=message, thread_ts=asked.thread_ts
                )
        except (SlackError, StoreUnavailable) as error:
            _log.info("refusal_notice_failed", error=str(error))


@dataclass(frozen=True, slots=True, kw_only=True)
class Submissions:
    """Submits, changes and withdraws requests. All methods raise StoreUnavailable or JobsUnavailable."""

    services: Services
    job_intake: JobIntake
    admission: Admission

    async def submit(
        self, request: NewRequest, *, more: Iterable[tuple[str, str]] = (), integration: bool = False
    ) -> None:
        """Record a request and start its job. `more` are further parts of its text, each with its id.

        An `integration` may send more requests than a person. Raise TooManyRequests if the person has too many
        unanswered ones.
        """
        asked = not request.origin.is_unasked
        payload = AnswerJob(request=request.id, user=request.user, asked=asked)
        async with self.admission.admit(request, integration=integration):
            job = self.job_intake.accepted(request.id, payload, urgent=asked)
            await self.services.store.requests.add(request, more=more, job=job)
        self.job_intake.take(job)

    async def resume(self, request: str) -> None:
        """Start the job of a recorded request unless it has one."""
        await self.job_intake.start(request, AnswerJob(request=request))

    async def is_muted(self, request: NewRequest, hypothesis: Hypothesis) -> bool:
        """Tell whether the incident or the object of a request is muted in its channel."""
        mutes = await self.services.store.mutes.list(request.channel, request.created)
        muted = standing(mutes, incident=hypothesis.incident, objects=named_objects(hypothesis)) is not None
        if muted:
            self.services.metrics.message_handled("muted")
        return muted

    async def is_repeated(self, request: str) -> bool:
        """Tell whether the answer to an earlier request covers this one."""
        found = await self.services.store.requests.get(request)
        return found is not None and found.state is RequestState.REPEATED

    async def amend(
        self, request: str, part: str, text: str, *, user: str, beside: Iterable[tuple[str, str]] = ()
    ) -> None:
        """Add or replace a part of a request's text for its `user`, and answer the new text.

        `beside` are its other parts, each with its id: of a text without an answer nothing was kept.
        """
        revision = await self.services.store.requests.amend(request, part, text, self.services.clock(), beside=beside)
        if revision is not None:
            payload = AnswerJob(request=request, user=user, revision=revision)
            await self.job_intake.start(f"{request}.r{revision}", payload)

    async def withdraw(self, request: str) -> None:
        """Delete the answer to a request."""
        await self.job_intake.start(f"{request}.withdrawn", WithdrawJob(request=request))

    async def of_part(self, channel: str, part: str) -> StoredRequest | None:
        """Return the request that a part belongs to."""
        found = await self.services.store.requests.find_part(channel, part)
        return await self.services.store.requests.get(found) if found else None


_PAUSES_S: Final = (1.0, 5.0, 30.0, 120.0)


async def withdraw_answer(services: Services, run: JobRun, payload: WithdrawJob) -> Json | None:
    """Run the job `withdraw`."""
    request = payload.request
    await retry_step(run, "withdraw", _withdraw, services, request)
    for pause in (*_PAUSES_S, None):
        forgotten = await run.step("forget", _forget, services, request)
        if pause is None or (forgotten and forgotten["all"]):
            break
        # A job of the request is still running, and its record would be written after this.
        await run.sleep(pause)
    return None


async def _forget(services: Services, request_id: str) -> Json:
    return {"all": await services.forget(request_id)}


async def _withdraw(services: Services, request_id: str) -> None:
    store = services.store
    async with services.turn(request_id):
        await store.requests.withdraw(request_id)
        await store.topics.end(request_id)
        await store.standing_alerts.end(request_id)
        await store.unknown_pastes.forget(request_id)
        await store.corrections.forget(request_id)
        answer = await store.answers.get(request_id)
        if answer is not None and AnswerNotes.from_notes(answer.shown).remedies:
            # Users may wait for the remedy's result, and later readers need the record.
            return
        await store.plans.clear_open(request_id)
        if request := await store.requests.get(request_id):
            await record_withdrawal(services, request)
            await MessagePoster(services=services).take_back(request)
