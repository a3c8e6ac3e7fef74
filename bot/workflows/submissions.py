"""Record requests from any surface and start their jobs; a repeated incident is answered once.

This module does not know Slack. A surface creates an `NewRequest` with its origin and reply address; recorded requests
survive this process.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from bot.diagnosing import CarriedMatch, Engine
from bot.diagnosing.fingerprints import fingerprint
from bot.jobs import StartJob
from bot.metrics import Metrics
from bot.store import NewRequest, Store, StoredRequest
from intents.cluster_choice import marked_with
from intents.domain import Hypothesis


@dataclass(frozen=True, slots=True, kw_only=True)
class Submissions:
    """Submits, changes and withdraws requests. All methods raise StoreUnavailable or JobsUnavailable.

    `engine` is called each time, because a reloaded catalog makes a new one. Within `window` the same error in a
    channel is answered once; with `several_clusters` the same error in two of them is two.
    """

    store: Store
    start: StartJob
    engine: Callable[[], Engine]
    window: timedelta
    several_clusters: bool = False
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    metrics: Metrics = field(default_factory=Metrics)

    async def submit(
        self, request: NewRequest, *, more: Iterable[tuple[str, str]] = (), match: CarriedMatch | None = None
    ) -> None:
        """Record a request and start its job. `more` are further parts of its text, each with its id.

        The `match` of the whole text travels with the job.
        """
        await self.store.requests.add(request)
        for part, text in more:
            await self.store.requests.amend(request.id, part, text, request.created)
        payload = {"request": request.id} | ({"match": match.as_json()} if match else {})
        await self.start("answer", request.id, payload)

    async def resume(self, request: str) -> None:
        """Start the job of a recorded request unless it has one."""
        await self.start("answer", request, {"request": request})

    async def is_settled(self, request: NewRequest, hypothesis: Hypothesis) -> bool:
        """Tell whether it needs no answer: its incident is muted there, or was answered there and is now counted."""
        if await self.store.mutes.is_muted(request.channel, hypothesis.incident, request.created):
            self.metrics.message_handled("muted")
            return True
        cluster = marked_with(request.text) if self.several_clusters else ""
        about = fingerprint(self.engine().catalog.incidents[hypothesis.incident], hypothesis, cluster=cluster)
        topic = await self.store.topics.join(
            request.channel, about, request.id, now=request.created, window=self.window
        )
        if topic.leader == request.id:
            return False
        self.metrics.message_handled("repeated")
        again = {
            "request": topic.leader,
            "user": request.user,
            "channel": request.channel,
            "thread_ts": request.thread_ts if request.thread_ts != request.source_ts else "",
            "count": topic.count,
        }
        await self.start("repeat", f"{request.id}.repeat", again)
        return True

    async def amend(self, request: str, part: str, text: str) -> None:
        """Add or replace a part of a request's text, and answer the new text."""
        revision = await self.store.requests.amend(request, part, text, self.clock())
        if revision is not None:
            await self.start("answer", f"{request}.r{revision}", {"request": request})

    async def withdraw(self, request: str) -> None:
        """Delete the answer to a request."""
        await self.start("withdraw", f"{request}.withdrawn", {"request": request})

    async def of_part(self, channel: str, part: str) -> StoredRequest | None:
        """Return the request that a part belongs to."""
        found = await self.store.requests.find_part(channel, part)
        return await self.store.requests.get(found) if found else None
