"""What every workflow works with, and who asked: the one place where a request meets the policy."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final
from weakref import WeakValueDictionary

from bot.channels import NO_DEFAULTS, ChannelDefaults
from bot.clusters import Clusters
from bot.diagnosing import DEADLINE_S, Engine
from bot.metrics import Metrics
from bot.policy import Policy, Reading, Scope, Who
from bot.remedies.step_runner import LOOKS
from bot.remedies.verification import PACE, VERIFY_S, Pace
from bot.slack.client import Slack
from bot.slack.errors import SlackError, SlackUnavailable
from bot.slack.groups import Membership
from bot.slack.people import Person
from bot.store import Request, Store, Surface
from bot.workflows.sharing import Shares
from intents.domain import Language
from responses.language import choose

# How a message of ours is found again: the request, and which of its messages this is.
ANSWER: Final = "answer"
FILE: Final = "file"
# Nobody asked: it is answered only if there is something to say.
UNASKED: Final = frozenset({Surface.MESSAGE, Surface.FOLLOW_UP})


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """Who asks, what they may see, and in which language they are answered.

    `less_than_others`: they may see less here than other people of the channel.
    """

    scope: Scope
    language: Language
    less_than_others: bool = False


async def _nobody_is_told(_channel: str) -> None:
    return


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """`changed` is told of each incident channel of which there is more to show now.

    `defaults` say which cluster and namespace a channel is about, `shares` how much of the work a cluster may take.
    """

    store: Store
    slack: Slack
    clusters: Clusters
    policy: Policy
    engine: Callable[[], Engine]
    defaults: ChannelDefaults = NO_DEFAULTS
    shares: Shares = field(default_factory=Shares)
    metrics: Metrics = field(default_factory=Metrics)
    language: Language | None = None
    audit_channel: str = ""
    deadline: float = DEADLINE_S
    verify_within: float = VERIFY_S
    verify_pace: Pace = PACE
    looks: Sequence[float] = LOOKS
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    changed: Callable[[str], Awaitable[None]] = _nobody_is_told
    _turns: WeakValueDictionary[str, asyncio.Lock] = field(default_factory=WeakValueDictionary)

    @asynccontextmanager
    async def turn(self, request: str) -> AsyncIterator[None]:
        """One at a time for each request: an edit and its first answer must not both post."""
        lock = self._turns.setdefault(request, asyncio.Lock())
        async with lock:
            yield

    async def asker(self, *, team: str, channel: str, user: str, text: str = "") -> Asker:
        """Raises SlackUnavailable when Slack does not answer; what it will not tell counts as least privilege.

        Who is in which user group is asked only of a policy that names one; not told, nobody is in any.
        """
        person, place, member = await asyncio.gather(
            self._person(user), self.slack.place(channel), self._membership(user)
        )
        if place.unreached or (person is not None and person.unreached):
            raise SlackUnavailable(method="users.info", detail="who asks, and where, cannot be told now")
        who = Who(
            team=team,
            channel=channel,
            channel_name=place.name,
            user=user,
            guest=person is not None and (person.guest or person.unknown),
            external=place.external or place.unknown or (person is not None and person.foreign),
            foreign=person is not None and person.foreign,
            bot=person is not None and person.bot,
            direct=place.direct,
            groups=member.groups,
            groups_unread=member.unread,
            email=person.email if person is not None and self.policy.asks_address else "",
        )
        language = choose(told=self.language, text=text, locale=person.locale if person else "")
        scope = self.policy.scope(who)
        outsider = person is not None and (person.guest or person.unknown or person.foreign)
        less = outsider and not (place.external or place.unknown) and scope.reading is not Reading.FULL
        return Asker(scope=scope, language=language, less_than_others=less)

    @property
    def usual_language(self) -> Language:
        """What is spoken where nobody in particular is spoken to."""
        return self.language or Language.EN

    async def language_of(self, user: str, *, within: float) -> Language:
        """A person's own, as long as Slack tells it within so many seconds: who waits for a dialog waits no longer."""
        try:
            async with asyncio.timeout(within):
                person = await self.slack.person(user)
        except (SlackError, TimeoutError):
            return self.usual_language
        return choose(told=self.language, text="", locale=person.locale)

    async def _person(self, user: str) -> Person | None:
        # An integration's message has no user: then the channel alone decides what may be said there.
        return await self.slack.person(user) if user else None

    async def _membership(self, user: str) -> Membership:
        return await self.slack.groups(user) if user and self.policy.asks_groups else Membership()

    async def asker_of(self, request: Request) -> Asker:
        asked = request.asked
        return await self.asker(team=asked.team, channel=asked.channel, user=asked.user, text=request.text)
