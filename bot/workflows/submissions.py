"""Record requests from any surface and start their jobs.

This module does not know Slack. A surface creates an `NewRequest` with its origin and reply address; recorded requests
survive this process.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from bot.jobs import JobIntake
from bot.metrics import Metrics
from bot.store import NewRequest, RequestState, Store, StoredRequest, standing
from bot.workflows.admission import Admission
from bot.workflows.job_payloads import AnswerJob, WithdrawJob
from intents.domain import Hypothesis
from intents.mutes import named_objects


@dataclass(frozen=True, slots=True, kw_only=True)
class Submissions:
    """Submits, changes and withdraws requests. All methods raise StoreUnavailable or JobsUnavailable."""

    store: Store
    job_intake: JobIntake
    admission: Admission
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    metrics: Metrics = field(default_factory=Metrics)

    async def submit(
        self,
        request: NewRequest,
        *,
        more: Iterable[tuple[str, str]] = (),
        integration: bool = False,
    ) -> None:
        """Record a request and start its job. `more` are further parts of its text, each with its id.

        An `integration` may send more requests than a person. Raise TooManyRequests if the person has too many
        unanswered ones.
        """
        asked = not request.origin.is_unasked
        payload = AnswerJob(request=request.id, user=request.user, asked=asked)
        with (await self.admission.admit(request, integration=integration)).reserved():
            job = self.job_intake.accepted(request.id, payload, urgent=asked)
            await self.store.requests.add(request, more=more, job=job)
        self.job_intake.take(job)

    async def resume(self, request: str) -> None:
        """Start the job of a recorded request unless it has one."""
        await self.job_intake.start(request, AnswerJob(request=request))

    async def is_muted(self, request: NewRequest, hypothesis: Hypothesis) -> bool:
        """Tell whether the incident or the object of a request is muted in its channel."""
        mutes = await self.store.mutes.list(request.channel, request.created)
        muted = standing(mutes, incident=hypothesis.incident, objects=named_objects(hypothesis)) is not None
        if muted:
            self.metrics.message_handled("muted")
        return muted

    async def is_repeated(self, request: str) -> bool:
        """Tell whether the answer to an earlier request covers this one."""
        found = await self.store.requests.get(request)
        return found is not None and found.state is RequestState.REPEATED

    async def amend(self, request: str, part: str, text: str, *, user: str) -> None:
        """Add or replace a part of a request's text for its `user`, and answer the new text."""
        revision = await self.store.requests.amend(request, part, text, self.clock())
        if revision is not None:
            payload = AnswerJob(request=request, user=user, revision=revision)
            await self.job_intake.start(f"{request}.r{revision}", payload)

    async def withdraw(self, request: str) -> None:
        """Delete the answer to a request."""
        await self.job_intake.start(f"{request}.withdrawn", WithdrawJob(request=request))

    async def of_part(self, channel: str, part: str) -> StoredRequest | None:
        """Return the request that a part belongs to."""
        found = await self.store.requests.find_part(channel, part)
        return await self.store.requests.get(found) if found else None
