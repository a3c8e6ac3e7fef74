"""Stage the demo's incident channel: half an hour of messages before the app is invited.

Only messages of people and alerts are staged. The summary and the answers come from the app itself.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any, Final

from bot.playground.kubernetes import SimulatedCluster
from bot.playground.page import StagedEvent
from bot.playground.slack import SimulatedSlack

NAME: Final = "inc-142-checkout"
# The sample that the messages are about; their wording fits no other sample.
INCIDENT: Final = "image-pull-failed"
POD: Final = "checkout-6f4d8b7c5-kz9wp"

_ALERTS: Final = "alertmanager"
# Invites the app and pastes a moment later.
_INVITER: Final = "dan"
_TYPING_S: Final = 1.5


@dataclass(slots=True)
class BackdatedClock:
    """A workspace clock in epoch seconds that runs behind the real one while earlier messages are written."""

    behind: float = 0.0

    def __call__(self) -> float:
        return time.time() - self.behind


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatLine:
    """A message, `ago` minutes before the demo starts; `{name}` mentions a person.

    A reply goes below the line named `below`; people in `eyes` react with eyes.
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
    ChatLine(ago=27, by="mira", says="checkout is throwing 503s for about one customer in three, opening this channel"),
    ChatLine(ago=26.7, by=_ALERTS, says=""),
    ChatLine(ago=26.2, by="jonas", says="o/"),
    ChatLine(ago=26, by="dan", says="looking"),
    ChatLine(ago=25.1, by="priya", says="I'll take IC on this one"),
    ChatLine(ago=24.9, by="mira", says="thank you!!"),
    ChatLine(ago=24.2, by="priya", says="do we know when exactly it started? did anything go out today?"),
    ChatLine(ago=23.6, by="jonas", says="4.1.0 of checkout went out on Friday, nothing since afaik"),
    ChatLine(
        ago=23, by="jonas", says="my bet: it's 4.1.0, somebody probably overwrote the tag over the weekend",
        called="tag", eyes=("mira", "priya"),
    ),
    ChatLine(ago=22.1, by="dan", says="two of three pods run 4.1.0 just fine, same digest", below="tag"),
    ChatLine(ago=21.6, by="jonas", says="ok fair", below="tag"),
    ChatLine(ago=21.2, by="dan", says="so it's not the tag, only worker-b is affected", below="tag"),
    ChatLine(ago=20.3, by="mira", says="dashboard: https://grafana.acme.io/d/ab12cd/checkout-overview?from=now-1h&to=now"),
    ChatLine(ago=19.2, by="jonas", says="coffee machine is down as well, coincidence?"),
    ChatLine(ago=19.1, by="dan", says="lol"),
    ChatLine(ago=18.4, by="priya", says="{mira} can you be comms lead please? status page + the account managers"),
    ChatLine(ago=18, by="mira", says="yep I've got comms"),
    ChatLine(
        ago=17.2, by="priya",
        says="Status: investigating, one of three checkout pods can't pull its image, cart and login are fine",
    ),
    ChatLine(
        ago=13.6, by="lin",
        says="I suspect the firewall change from this morning, CHG-8812: it touched the segment of the registry",
        called="firewall",
    ),
    ChatLine(ago=13.1, by="lin", says="https://jira.acme.io/browse/CHG-8812", below="firewall"),
    ChatLine(ago=12.5, by="dan", says="that would explain the timeouts", below="firewall"),
    ChatLine(
        ago=11.2, by="priya", says="ok decision: {lin} reverts CHG-8812, nobody touches the deployment until then",
    ),
    ChatLine(ago=11, by="lin", says="doing"),
    ChatLine(ago=5.8, by="lin", says="revert of CHG-8812 is applied, worker-b reaches the registry again"),
    ChatLine(ago=5, by="mira", says="hm, still 503s"),
    ChatLine(ago=4.4, by="dan", says="the pod is still in back-off, of course"),
    ChatLine(ago=3.1, by="priya", says="can we make it pull now instead of waiting for the back-off?"),
    ChatLine(ago=1.4, by=_INVITER, says="casebook may have a button for that, inviting it"),
)  # fmt: skip


@dataclass(slots=True, kw_only=True)
class StagedIncident:
    """The channel `channel` of `slack` with the clock `clock`; `paste` is the text about the broken pod."""

    slack: SimulatedSlack
    clock: BackdatedClock
    channel: str
    paste: str
    people: dict[str, str] = field(default_factory=dict)
    _goes_on: bool = False

    @classmethod
    async def create(
        cls, slack: SimulatedSlack, clock: BackdatedClock, *, people: Mapping[str, str], paste: str
    ) -> StagedIncident:
        """Write all earlier messages; `people` maps names to existing ids, others are added."""
        clock.behind = _BEFORE[0].ago * 60 + 30
        channel = slack.add_channel(NAME, bot=False)
        ids = dict(people)
        for line in _BEFORE:
            if line.by not in ids:
                ids[line.by] = slack.add_user(line.by)
        staged = cls(slack=slack, clock=clock, channel=channel, paste=paste, people=ids)
        posted: dict[str, str] = {}
        for line in _BEFORE:
            clock.behind = line.ago * 60
            ts = await staged._say(line, thread_ts=posted.get(line.below, ""))
            if line.called:
                posted[line.called] = ts
            for each in line.eyes:
                await slack.marks.react(ids[each], channel, ts, "eyes")
        clock.behind = 0
        return staged

    async def opened(self, channel: str) -> None:
        """Continue the incident when somebody opens this channel for the first time.

        So neither the start of the demo nor a visitor of another channel waits for it.
        """
        if channel != self.channel or self._goes_on:
            return
        self._goes_on = True
        inviter = self.people[_INVITER]
        await self.slack.channel_actions.invite(inviter, channel)
        await asyncio.sleep(_TYPING_S)
        await self.slack.say(inviter, channel, self.paste)

    async def _say(self, line: ChatLine, *, thread_ts: str) -> str:
        alert = line.by == _ALERTS
        mentions = {name: f"<@{user}>" for name, user in self.people.items()}
        attachments: tuple[dict[str, Any], ...] = (_ALERT,) if alert else ()
        return await self.slack.say(
            self.people[line.by], self.channel, line.says.format_map(mentions), thread_ts=thread_ts, bot=alert,
            attachments=attachments,
        )  # fmt: skip


ALERTED: Final = "tickets"
WATCHED: Final = "parcels"

_IMAGE: Final = "registry.acme.io/tickets/booking"
_RELEASE: Final = "Deployment/tickets/booking"
_RELEASED: Final = "booking-5b8c7d9f64-wq8zt"
_EARLIER: Final[dict[str, Any]] = {"containers": {"booking": f"{_IMAGE}:3.1.0"}}
_NO_TAG: Final = (
    f'rpc error: code = NotFound desc = failed to pull and unpack image "{_IMAGE}:3.2.0": failed to resolve reference '
    f'"{_IMAGE}:3.2.0": {_IMAGE}:3.2.0: not found'
)
_RUNNING: Final = {"booking-7c6d5f4b89-4hk2m": "worker-a", "booking-7c6d5f4b89-m9x7c": "worker-b"}
_RELEASE_WELL: Final[dict[str, Any]] = {"scene": {_RELEASE: {**_EARLIER, "pods": _RUNNING}}}
_RELEASE_BROKEN: Final[dict[str, Any]] = {
    "scene": {
        _RELEASE: {
            "replicas": 2,
            "containers": {"booking": f"{_IMAGE}:3.2.0"},
            "pods": {_RELEASED: "worker-c"},
            "before": {**_EARLIER, "pods": list(_RUNNING)},
            "rolled": "6m",
        }
    },
    "faults": {f"Pod/tickets/{_RELEASED}": {"pull_error": _NO_TAG}},
}

_TRACKER: Final[dict[str, Any]] = {
    "containers": {
        "tracker": {
            "image": "registry.acme.io/parcels/tracker:12",
            "envFrom": [{"configMapRef": {"name": "tracker-routes"}}],
        }
    },
}
_STARTED: Final = {"tracker-6d5b9c8f47-j2v6p": "worker-a", "tracker-6d5b9c8f47-t7n4x": "worker-b"}
# The pods of a node that was drained, say: their successors need the ConfigMap that somebody deleted.
_RESTARTED: Final = ("tracker-6d5b9c8f47-b8z2r", "tracker-6d5b9c8f47-x5q9d")
_BROKEN_FOR: Final = "4m"
_CONFIG_WELL: Final[dict[str, Any]] = {
    "scene": {
        "Deployment/parcels/tracker": {**_TRACKER, "pods": _STARTED},
        "ConfigMap/parcels/tracker-routes": {"data": {"REGION": "eu"}},
    }
}
_NO_CONFIG: Final = {"waiting": "CreateContainerConfigError", "message": 'configmap "tracker-routes" not found'}
_CONFIG_BROKEN: Final[dict[str, Any]] = {
    "scene": {
        "Deployment/parcels/tracker": {**_TRACKER, "pods": {pod: {"age": _BROKEN_FOR} for pod in _RESTARTED}},
    },
    "faults": {f"Pod/parcels/{pod}": _NO_CONFIG for pod in _RESTARTED},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class StagedTrouble:
    """A namespace that is well or in trouble."""

    cluster: SimulatedCluster
    namespace: str
    well: Mapping[str, Any]
    broken: Mapping[str, Any]

    def begin(self) -> None:
        """Break the workload."""
        self._become(self.broken)

    def end(self) -> None:
        """Repair it."""
        self._become(self.well)

    def lasts(self) -> bool:
        """Tell whether a pod of the namespace is not ready."""
        return bool(self.cluster.unready_pods(self.namespace))

    def _become(self, world: Mapping[str, Any]) -> None:
        # What a button of the app made, such as the pods of another revision, must not stay beside it.
        self.cluster.clear(self.namespace)
        self.cluster.load(deepcopy(world))


def staged_events(cluster: SimulatedCluster, *, channel: str) -> tuple[StagedEvent, ...]:
    """Add both workloads to a cluster, well, and return what a visitor may let happen to them.

    The posts come to `channel`. Raise WorldError if the cluster has objects that contradict them.
    """
    release = StagedTrouble(cluster=cluster, namespace=ALERTED, well=_RELEASE_WELL, broken=_RELEASE_BROKEN)
    config = StagedTrouble(cluster=cluster, namespace=WATCHED, well=_CONFIG_WELL, broken=_CONFIG_BROKEN)
    release.end()
    config.end()
    return (
        StagedEvent(
            name="alert",
            title="An alert fires",
            ending="Roll the release back",
            note=f"a bad release in {ALERTED}: Alertmanager calls the bot, which posts the cause and follows the alert",
            channel=channel,
            trouble=release,
        ),
        StagedEvent(
            name="watch",
            title="Something breaks by itself",
            ending="Restore the ConfigMap",
            note=f"nobody asks: the bot watches {WATCHED}. Its three minutes pass in a few seconds here",
            channel=channel,
            trouble=config,
        ),
    )
