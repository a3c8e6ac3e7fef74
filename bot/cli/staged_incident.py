"""The demo's incident channel: half an hour of talk that nobody has told the app of, until it is invited.

Only what people and their alerts say is staged. What the app makes of it (the pinned summary, the answer) is its own.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from bot.playground.slack import SimulatedSlack

NAME: Final = "inc-142-checkout"
# The sample that the talk is about: what is broken is said in words that fit no other.
INCIDENT: Final = "image-pull-failed"
POD: Final = "checkout-6f4d8b7c5-kz9wp"

_ALERTS: Final = "alertmanager"
# Who asks the app to come, pastes a moment later.
_INVITER: Final = "dan"
_TYPING_S: Final = 1.5


@dataclass(slots=True)
class Hindsight:
    """A clock for a workspace, epoch seconds: behind the real one while what was said before is written."""

    behind: float = 0.0

    def __call__(self) -> float:
        return time.time() - self.behind


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Something said `ago` minutes before the demo starts; `{name}` mentions somebody.

    A reply stands below the line called `below`; those in `eyes` look into it.
    """

    ago: float
    by: str
    says: str
    called: str = ""
    below: str = ""
    eyes: tuple[str, ...] = ()


_ALERT: Final = {
    "color": "danger",
    "title": "[FIRING:1] KubeDeploymentReplicasMismatch (front checkout critical)",
    "title_link": "https://alerts.acme.io/#/alerts?receiver=inc",
    "text": "Deployment front/checkout has not matched the expected number of replicas for longer than 5 minutes.",
    "fallback": "[FIRING:1] KubeDeploymentReplicasMismatch (front checkout critical)",
}
_BEFORE: Final = (
    Line(ago=27, by="mira", says="checkout is throwing 503s for about one customer in three, opening this channel"),
    Line(ago=26.7, by=_ALERTS, says=""),
    Line(ago=26.2, by="jonas", says="o/"),
    Line(ago=26, by="dan", says="looking"),
    Line(ago=25.1, by="priya", says="I'll take IC on this one"),
    Line(ago=24.9, by="mira", says="thank you!!"),
    Line(ago=24.2, by="priya", says="do we know when exactly it started? did anything go out today?"),
    Line(ago=23.6, by="jonas", says="4.1.0 of checkout went out on Friday, nothing since afaik"),
    Line(
        ago=23, by="jonas", says="my bet: it's 4.1.0, somebody probably overwrote the tag over the weekend",
        called="tag", eyes=("mira", "priya"),
    ),
    Line(ago=22.1, by="dan", says="two of three pods run 4.1.0 just fine, same digest", below="tag"),
    Line(ago=21.6, by="jonas", says="ok fair", below="tag"),
    Line(ago=21.2, by="dan", says="so it's not the tag, only worker-b is affected", below="tag"),
    Line(ago=20.3, by="mira", says="dashboard: https://grafana.acme.io/d/ab12cd/checkout-overview?from=now-1h&to=now"),
    Line(ago=19.2, by="jonas", says="coffee machine is down as well, coincidence?"),
    Line(ago=19.1, by="dan", says="lol"),
    Line(ago=18.4, by="priya", says="{mira} can you be comms lead please? status page + the account managers"),
    Line(ago=18, by="mira", says="yep I've got comms"),
    Line(
        ago=17.2, by="priya",
        says="Status: investigating, one of three checkout pods can't pull its image, cart and login are fine",
    ),
    Line(
        ago=13.6, by="lin",
        says="I suspect the firewall change from this morning, CHG-8812: it touched the segment of the registry",
        called="firewall",
    ),
    Line(ago=13.1, by="lin", says="https://jira.acme.io/browse/CHG-8812", below="firewall"),
    Line(ago=12.5, by="dan", says="that would explain the timeouts", below="firewall"),
    Line(ago=11.2, by="priya", says="ok decision: {lin} reverts CHG-8812, nobody touches the deployment until then"),
    Line(ago=11, by="lin", says="doing"),
    Line(ago=5.8, by="lin", says="revert of CHG-8812 is applied, worker-b reaches the registry again"),
    Line(ago=5, by="mira", says="hm, still 503s"),
    Line(ago=4.4, by="dan", says="the pod is still in back-off, of course"),
    Line(ago=3.1, by="priya", says="can we make it pull now instead of waiting for the back-off?"),
    Line(ago=1.4, by=_INVITER, says="casebook may have a button for that, inviting it"),
)  # fmt: skip


@dataclass(slots=True, kw_only=True)
class StagedIncident:
    """The channel `channel` of `slack`, whose clock is `clock`; `paste` is what its people see of the broken pod."""

    slack: SimulatedSlack
    clock: Hindsight
    channel: str
    paste: str
    people: dict[str, str] = field(default_factory=dict)
    _goes_on: bool = False

    @classmethod
    async def told(
        cls, slack: SimulatedSlack, clock: Hindsight, *, people: Mapping[str, str], paste: str
    ) -> StagedIncident:
        """What was said so far; `people` are ids by name of those who are there, the others are added."""
        clock.behind = _BEFORE[0].ago * 60 + 30
        channel = slack.add_channel(NAME, bot=False)
        ids = dict(people)
        for line in _BEFORE:
            if line.by not in ids:
                ids[line.by] = slack.add_user(line.by)
        staged = cls(slack=slack, clock=clock, channel=channel, paste=paste, people=ids)
        said: dict[str, str] = {}
        for line in _BEFORE:
            clock.behind = line.ago * 60
            ts = await staged._say(line, thread_ts=said.get(line.below, ""))
            if line.called:
                said[line.called] = ts
            for each in line.eyes:
                await slack.marks.react(ids[each], channel, ts, "eyes")
        clock.behind = 0
        return staged

    async def opened(self, channel: str) -> None:
        """Somebody looks at a channel: if it is this one for the first time, then what comes now happens before them.

        So neither the start of the demo nor a visitor who stays elsewhere waits for it.
        """
        if channel != self.channel or self._goes_on:
            return
        self._goes_on = True
        inviter = self.people[_INVITER]
        await self.slack.channel_actions.invite(inviter, channel)
        await asyncio.sleep(_TYPING_S)
        await self.slack.say(inviter, channel, self.paste)

    async def _say(self, line: Line, *, thread_ts: str) -> str:
        alert = line.by == _ALERTS
        mentions = {name: f"<@{user}>" for name, user in self.people.items()}
        attachments: tuple[dict[str, Any], ...] = (_ALERT,) if alert else ()
        return await self.slack.say(
            self.people[line.by], self.channel, line.says.format_map(mentions), thread_ts=thread_ts, bot=alert,
            attachments=attachments,
        )  # fmt: skip
