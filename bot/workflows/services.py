"""Hold what all workflows share, and identify the requester: the one place where a request meets the policy."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Final
from weakref import WeakValueDictionary

from bot.alertmanager import Alertmanager
from bot.cluster.clusters import Clusters
from bot.diagnosing import DEADLINE_S, Engine
from bot.metrics import Metrics
from bot.policy import Actor, Policy, PolicyScope
from bot.policy.channel_defaults import ChannelDefaults
from bot.remedies.step_runner import LOOKS
from bot.remedies.verification import PACE, VERIFY_S, Pace
from bot.slack.client import Slack
from bot.slack.errors import SlackError, SlackUnavailable
from bot.slack.groups import Membership
from bot.slack.people import Person
from bot.slack.posts import PostedMessage
from bot.store import AuditEntry, Store, StoredRequest
from bot.workflows.concurrency import ConcurrencyLimits
from bot.workflows.configuration import Configuration
from bot.workflows.job_payloads import Payload
from bot.workflows.learned_entries import LearnedEntries
from intents.domain import Language
from responses.language import choose

# Key of our messages: the request, and the step that posted the message.
ANSWER: Final = "answer"
FILE: Final = "file"


def post_key(request: str, step: str) -> str:
    """Return the key of a message in the outbox and in Slack."""
    return f"{request}/{step}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Requester:
    """The requester, what they may see, and the language of their answers."""

    scope: PolicyScope
    language: Language


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


_NOBODY: Final = Person(id="")


async def _ignore_change(_channel: str) -> None:
    return


async def _no_jobs(_request: str) -> bool:
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Shared dependencies of the workflows: store, Slack, clusters, policy, engine and options.

    `changed` is called with each incident channel whose summary is out of date. `forget` deletes the records of a
    request's jobs, and returns whether none of them is left.

    `configuration` is called each time, because files are reloaded. `concurrency` limits the questions per cluster.
    Within `repeat_window` the same error in a channel is answered once per audience.
    """

    store: Store
    slack: Slack
    clusters: Clusters
    configuration: Callable[[], Configuration]
    concurrency: ConcurrencyLimits = field(default_factory=ConcurrencyLimits)
    metrics: Metrics = field(default_factory=Metrics)
    language: Language | None = None
    audit_channel: str = ""
    repeat_window: timedelta = timedelta(minutes=30)
    deadline: float = DEADLINE_S
    verify_within: float = VERIFY_S
    verify_pace: Pace = PACE
    looks: Sequence[float] = LOOKS
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    changed: Callable[[str], Awaitable[None]] = _ignore_change
    forget: Callable[[str], Awaitable[bool]] = _no_jobs
    learned: LearnedEntries | None = None
    alertmanager: Alertmanager | None = None
    _turns: WeakValueDictionary[str, asyncio.Lock] = field(default_factory=WeakValueDictionary)

    @property
    def policy(self) -> Policy:
        """Return the policy in force."""
        return self.configuration().policy

    @property
    def defaults(self) -> ChannelDefaults:
        """Return the cluster and namespace of each channel from the file in force."""
        return self.configuration().defaults

    def engine(self, channel: str = "") -> Engine:
        """Return the engine for the catalog in force, with the saved entries that this channel may see."""
        base = self.configuration().engine
        return base if self.learned is None else self.learned.engine(base, channel)

    @asynccontextmanager
    async def turn(self, request: str) -> AsyncIterator[None]:
        """Lock one request: an edit and its first answer must not both post."""
        lock = self._turns.setdefault(request, asyncio.Lock())
        async with lock:
            yield

    async def requester(self, *, team: str, channel: str, user: str, text: str = "", fresh: bool = False) -> Requester:
        """Identify the requester. Raise SlackUnavailable; anything Slack does not return gets least privilege.

        With `fresh`, by what Slack returned within ten minutes: for changes to a cluster. User groups are read only if
        the policy names one; if unknown, the user is in none.
        """
        person, place, member = await asyncio.gather(
            self._person(user, fresh=fresh), self.slack.place(channel), self._membership(user)
        )
        if place.unreached or person.unreached:
            raise SlackUnavailable(method="users.info", detail="the requester or the channel could not be identified")
        shared = place.external or place.unknown
        who = Actor(
            team=team,
            channel=channel,
            channel_name=place.name,
            user=user,
            guest=person.guest or person.unknown,
            external=shared or person.foreign,
            foreign=person.foreign,
            bot=person.bot,
            direct=place.direct,
            groups=member.groups,
            groups_unread=member.unread,
            email=person.email if self.policy.asks_address else "",
        )
        scope = self.policy.scope(who)
        return Requester(
            scope=scope,
            language=choose(preferred=self.language, text=text, locale=person.locale),
        )

    @property
    def usual_language(self) -> Language:
        """Return the language for texts without an addressee."""
        return self.language or Language.EN

    async def language_of(self, user: str, *, within: float) -> Language:
        """Return the user's language if Slack returns it within this many seconds: a user waits for the dialog."""
        try:
            async with asyncio.timeout(within):
                person = await self.slack.person(user)
        except (SlackError, TimeoutError):
            return self.usual_language
        return choose(preferred=self.language, text="", locale=person.locale)

    async def _person(self, user: str, *, fresh: bool) -> Person:
        # An integration's message has no user: then the channel alone decides.
        return await self.slack.person(user, fresh=fresh, email=self.policy.asks_address) if user else _NOBODY

    async def _membership(self, user: str) -> Membership:
        return await self.slack.groups(user) if user and self.policy.asks_groups else Membership()

    async def once(self, key: str, *, within: timedelta) -> bool:
        """Tell whether nobody was told this within a time, and note that they are told now."""
        return await self.store.notices.once(key, within=within, now=self.clock())

    async def audit(
        self,
        by: Payload,
        *,
        action: str,
        outcome: str,
        target: str = "",
        cluster: str = "",
        detail: Mapping[str, object] = MappingProxyType({}),
        key: str = "",
    ) -> None:
        """Audit what came of the job of a person, once per `key` if there is one."""
        entry = AuditEntry(
            at=self.clock(), actor=by.user, team=by.team, channel=by.channel, action=action, target=target,
            cluster=cluster, outcome=outcome, detail=dict(detail), key=key,
        )  # fmt: skip
        await self.store.audit.append(entry)

    async def presser(self, job: Payload, *, fresh: bool = False) -> Requester:
        """Identify the person of a job."""
        return await self.requester(team=job.team, channel=job.channel, user=job.user, fresh=fresh)

    async def requester_of(self, request: StoredRequest) -> Requester:
        original = request.original
        return await self.requester(team=original.team, channel=original.channel, user=original.user, text=request.text)

    async def exchange(self, request_id: str) -> Exchange | None:
        """Return the exchange of a request; None for an unknown one. Raise SlackUnavailable, StoreUnavailable."""
        request = await self.store.requests.get(request_id)
        if request is None:
            return None
        sent = await self.sent(post_key(request_id, ANSWER))
        return Exchange(request=request, requester=await self.requester_of(request), sent=sent)

    async def sent(self, key: str) -> PostedMessage | None:
        """Return the message with this key, if it was posted."""
        entry = await self.store.outbox.get(key)
        return PostedMessage(channel=entry.channel, ts=entry.ts, earlier=True) if entry and entry.ts else None
