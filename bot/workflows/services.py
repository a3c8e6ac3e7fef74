"""Hold what all workflows share, and identify the requester: the one place where a request meets the policy.

A question takes a slot of its cluster; without a free one it sleeps, so that it takes none from other clusters. One
person holds at most half of a cluster's slots.

DBOS records a failed step as failed forever. So a step that hits an outage returns "again", and the job sleeps, also
across restarts, before it runs the step again.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any, Final, TypeVar
from weakref import WeakValueDictionary

import structlog

from bot.alertmanager import Alertmanager
from bot.cluster.clusters import Clusters
from bot.cluster.connection import Connection
from bot.diagnosing import DEADLINE_S, Engine
from bot.jobs import JobRun, JobsUnavailable
from bot.kube.access import NOTHING, Access
from bot.metrics import Metrics
from bot.overviews.overview import OverviewProgress, overview
from bot.policy import Actor, Policy, PolicyScope
from bot.policy.alert_routes import NO_ROUTES, AlertRoutes
from bot.policy.api_tokens import NO_TOKENS, ApiTokens
from bot.policy.channel_defaults import NO_DEFAULTS, ChannelDefaults
from bot.remedies.step_runner import LOOKS
from bot.remedies.verification import PACE, VERIFY_S, Pace
from bot.slack.client import Slack
from bot.slack.errors import SlackError, SlackUnavailable
from bot.slack.people import Membership, Person
from bot.slack.posts import PostedMessage
from bot.store import AuditEntry, Store, StoredRequest, StoreUnavailable
from bot.workflows.job_payloads import By, Payload
from bot.workflows.learned_entries import LearnedEntries
from intents.catalog.loader import Problem
from intents.domain import Json, Language, Text
from intents.languages import choose
from intents.overview import Overview
from responses.slack.message import Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """One consistent state of the files. `left_out` names the catalog files that cannot be used."""

    engine: Engine
    policy: Policy
    defaults: ChannelDefaults = NO_DEFAULTS
    left_out: tuple[Problem, ...] = ()
    alert_routes: AlertRoutes = NO_ROUTES
    api_tokens: ApiTokens = NO_TOKENS


class LimitReached(Exception):
    """Error: the cluster's concurrency limit is reached; `cluster` is its name."""

    def __init__(self, cluster: str) -> None:
        super().__init__(cluster)
        self.cluster = cluster


@dataclass(frozen=True, slots=True)
class ConcurrencyLimits:
    """Concurrency limits: `each` questions may be in flight per cluster; 0 means no limit."""

    each: int = 0
    _taken: Counter[str] = field(default_factory=Counter)
    _by_person: Counter[tuple[str, str]] = field(default_factory=Counter)

    @classmethod
    def of(cls, *, turns: int, clusters: int) -> ConcurrencyLimits:
        """Divide the slots among the clusters; a single cluster may have all of them."""
        return cls(max(1, turns // clusters) if clusters > 1 else 0)

    @contextmanager
    def slot(self, cluster: str, person: str = "") -> Iterator[None]:
        """Hold a slot of the cluster. Raise LimitReached at once if none is free, or the person holds half of them."""
        held = (cluster, person)
        most = max(1, self.each // 2) if person else self.each
        if self.each and (self._taken[cluster] >= self.each or self._by_person[held] >= most):
            raise LimitReached(cluster)
        self._taken[cluster] += 1
        self._by_person[held] += 1
        try:
            yield
        finally:
            self._taken[cluster] -= 1
            self._by_person[held] -= 1
            if not self._by_person[held]:
                del self._by_person[held]


T = TypeVar("T")

_log: Final = structlog.get_logger(__name__)

# An overview may take so many times the deadline of one diagnosis.
_OVERVIEW: Final = 4
# Slack waits three seconds for the response to a command or a submission.
IN_TIME_S: Final = 1.5

# About 15 minutes in total: after that the answer is no longer useful.
PAUSES_S: Final = (2.0, 5.0, 15.0, 30.0, 60.0, 120.0, 300.0, 300.0)
_AGAIN: Final = "again"


class OutageLasted(Exception):
    """Error: the outage lasted longer than all retries; `str()` says of what."""


async def retry_step(
    run: JobRun, name: str, do: Callable[..., Awaitable[Json | None]], *args: Any, pauses: Sequence[float] = PAUSES_S
) -> Json | None:
    """Run a step, and run it again after each pause during an outage. Raise OutageLasted."""

    async def attempt() -> Json | None:
        try:
            return await do(*args)
        # While the process stops no job can be started: the next process resumes this one.
        except (SlackUnavailable, StoreUnavailable, JobsUnavailable) as error:
            _log.warning("job_step_delayed", job=run.id, step=name, error=str(error))
            return {_AGAIN: str(error)}

    result = await run.step(name, attempt)
    for pause in pauses:
        if not (result and _AGAIN in result):
            return result
        await run.sleep(pause)
        result = await run.step(name, attempt)
    if result and _AGAIN in result:
        raise OutageLasted(str(result[_AGAIN]))
    return result


async def try_step(
    run: JobRun, name: str, do: Callable[..., Awaitable[Json | None]], *args: Any, pauses: Sequence[float] = PAUSES_S
) -> None:
    """Run a step that nobody waits for, as `retry_step` does; leave it out if the outage lasts."""
    try:
        await retry_step(run, name, do, *args, pauses=pauses)
    except OutageLasted as error:
        _log.warning("job_step_left_out", job=run.id, step=name, error=str(error))


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

    def access(self, cluster: str) -> Access:
        """Return what may be read for a report that nobody asked for: nothing where texts alone are answered."""
        return self.scope.access(cluster) if self.scope.text_only_reason is None else NOTHING


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
    changed: Callable[[str], Awaitable[None]]
    forget: Callable[[str], Awaitable[bool]]
    learned: LearnedEntries | None = None
    alertmanager: Alertmanager | None = None
    _turns: WeakValueDictionary[str, asyncio.Lock] = field(default_factory=WeakValueDictionary)

    @property
    def policy(self) -> Policy:
        """Return the policy in force."""
        return self.configuration().policy

    @property
    def defaults(self) -> ChannelDefaults:
        """Return the defaults of each channel from the file in force."""
        return self.configuration().defaults

    def engine(self, channel: str = "") -> Engine:
        """Return the engine for the catalog in force, with the saved entries that this channel may see."""
        base = self.configuration().engine
        return base if self.learned is None else self.learned.engine(base, channel)

    async def overview(
        self,
        namespace: str,
        connection: Connection,
        access: Access,
        *,
        channel: str = "",
        progress: Callable[[OverviewProgress], None] | None = None,
    ) -> Overview:
        """Return what is unhealthy in a namespace, "" for the whole cluster. Raise TargetNotFound, ClusterError."""
        deadline = self.deadline * _OVERVIEW
        engine = self.engine(channel)
        return await overview(
            namespace, engine=engine, connection=connection, deadline=deadline, progress=progress, access=access
        )

    def title_of(self, incident: str, channel: str) -> Text:
        """Return the title of an incident that this channel may see, else its id."""
        found = self.engine(channel).catalog.incidents.get(incident)
        return found.title if found is not None else Text.same(incident)

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
        return Requester(scope=scope, language=choose(preferred=self.language, text=text, locale=person.locale))

    @property
    def usual_language(self) -> Language:
        """Return the language for texts without an addressee."""
        return self.language or Language.EN

    async def language_of(self, user: str, *, within: float) -> Language:
        """Return the user's language if Slack returns it within this many seconds: a user waits for the dialog."""
        person = await self.in_time(self.slack.person(user), within=within)
        return choose(preferred=self.language, text="", locale=person.locale) if person else self.usual_language

    async def in_time(self, look_up: Awaitable[T], *, within: float = IN_TIME_S) -> T | None:
        """Return what Slack says if a person waits no longer for it; else, or if Slack does not say, None."""
        try:
            async with asyncio.timeout(within):
                return await look_up
        except (SlackError, TimeoutError) as error:
            _log.warning("slack_lookup_failed", error=str(error))
            return None

    async def _person(self, user: str, *, fresh: bool) -> Person:
        # An integration's message has no user: then the channel alone decides.
        return await self.slack.person(user, fresh=fresh, email=self.policy.asks_address) if user else _NOBODY

    async def _membership(self, user: str) -> Membership:
        return await self.slack.groups(user) if user and self.policy.asks_groups else Membership()

    async def once(self, key: str, *, within: timedelta = timedelta(days=1)) -> bool:
        """Tell whether nobody was told this within a time, and note that they are told now."""
        return await self.store.notices.once(key, within=within, now=self.clock())

    async def audit(
        self,
        by: By,
        *,
        action: str,
        outcome: str,
        target: str = "",
        cluster: str = "",
        detail: Mapping[str, object] = MappingProxyType({}),
        key: str = "",
    ) -> None:
        """Audit what came of what a person asked for, once per `key` if there is one."""
        entry = AuditEntry(
            at=self.clock(), actor=by["user"], team=by["team"], channel=by["channel"], action=action, target=target,
            cluster=cluster, outcome=outcome, detail=dict(detail), key=key,
        )  # fmt: skip
        await self.store.audit.append(entry)

    async def presser(self, job: Payload, *, fresh: bool = False) -> Requester:
        """Identify the person of a job."""
        return await self.requester(**job.sender, fresh=fresh)

    async def tell(self, by: By, message: Message, *, thread_ts: str = "") -> None:
        """Show a message to one person alone, where they are. Raise SlackError."""
        await self.slack.post_ephemeral(channel=by["channel"], user=by["user"], message=message, thread_ts=thread_ts)

    async def exchange(self, request_id: str) -> Exchange | None:
        """Return the exchange of a request; None for an unknown one. Raise SlackUnavailable, StoreUnavailable."""
        request = await self.store.requests.get(request_id)
        if request is None:
            return None
        sent, asked = await self.sent(post_key(request_id, ANSWER)), request.original
        requester = await self.requester(team=asked.team, channel=asked.channel, user=asked.user, text=request.text)
        return Exchange(request=request, requester=requester, sent=sent)

    async def sent(self, key: str) -> PostedMessage | None:
        """Return the message with this key, if it was posted."""
        entry = await self.store.outbox.get(key)
        return PostedMessage(channel=entry.channel, ts=entry.ts, earlier=True) if entry and entry.ts else None
