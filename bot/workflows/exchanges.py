"""Load what a step must know of a request: its text as it is now, who reads the answer, and what was posted."""

from __future__ import annotations

from dataclasses import dataclass

from bot.policy import PolicyScope
from bot.slack.posts import PostedMessage
from bot.store import StoredRequest
from bot.workflows.services import ANSWER, Requester, Services, post_key
from intents.domain import Language


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """A request, the person who reads its answer, and the message that shows it. A step loads it once, at its start."""

    request: StoredRequest
    requester: Requester
    sent: PostedMessage | None = None

    @property
    def id(self) -> str:
        return self.request.id

    @property
    def scope(self) -> PolicyScope:
        return self.requester.scope

    @property
    def language(self) -> Language:
        return self.requester.language


async def load_exchange(services: Services, request_id: str) -> Exchange | None:
    """Return the exchange of a request; None for an unknown one. Raise SlackUnavailable, StoreUnavailable."""
    request = await services.store.requests.get(request_id)
    if request is None:
        return None
    entry = await services.store.outbox.get(post_key(request_id, ANSWER))
    sent = PostedMessage(channel=entry.channel, ts=entry.ts, earlier=True) if entry and entry.ts else None
    return Exchange(request=request, requester=await services.requester_of(request), sent=sent)
