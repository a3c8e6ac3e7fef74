"""The whole app between two far ends: a Slack on loopback that signs and delivers, a Kubernetes API that answers."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bot.app import RunningApp, running
from bot.clusters import Clusters
from bot.diagnosing import Engine
from bot.playground.kubernetes import SimulatedCluster
from bot.playground.slack import SimulatedSlack
from bot.policy import Policy
from bot.rehearsing import stage
from bot.settings import Settings
from intents.catalog.cases import ask_of, world_of
from intents.domain import Verdict
from responses.slack.presses import Press


@dataclass(slots=True)
class Clock:
    """The app's clock, which can be put forward."""

    ahead: timedelta = timedelta()

    def advance(self, by: timedelta) -> None:
        self.ahead += by

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@dataclass(slots=True)
class Workplace:
    """A channel with people in it, a cluster, and the app between them. `url` is where the app listens."""

    slack: SimulatedSlack
    cluster: SimulatedCluster
    app: RunningApp
    settings: Settings
    channel: str
    alex: str
    bo: str
    guest: str
    clock: Clock

    def ours(self, channel: str = "") -> list[dict[str, Any]]:
        """Everything the app has posted in a channel."""
        return [one for one in self.slack.messages(channel or self.channel) if one.get("bot_id") == self.slack.bot_id]

    async def settled(self) -> None:
        """Nothing is under way any more."""
        assert await self.app.jobs.idle(10)

    def answers(self, thread_ts: str, channel: str = "") -> list[dict[str, Any]]:
        """What the app said below a message."""
        said = self.slack.messages(channel or self.channel, thread_ts=thread_ts)
        return [message for message in said if message.get("bot_id") == self.slack.bot_id]

    async def answer(self, thread_ts: str, channel: str = "") -> dict[str, Any]:
        """The answer below a message, once it is no placeholder any more."""
        finals = await self.slack.wait_for(lambda: [one for one in self.answers(thread_ts, channel) if is_final(one)])
        return finals[0]


def is_final(message: Mapping[str, Any]) -> bool:
    return not message["text"].startswith("⏳")


def words_of(value: Any) -> str:
    """Everything that can be read in a message or view."""
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        shown = [value[key] for key in ("text", "fallback", "title", "label") if key in value]
        rest = [inner for key, inner in value.items() if isinstance(inner, list)]
        rest += [value[key] for key in ("element", "accessory", "submit", "confirm") if key in value]
        return "\n".join(words_of(each) for each in [*shown, *rest])
    if isinstance(value, list):
        return "\n".join(map(words_of, value))
    return ""


def buttons_of(value: Any) -> list[dict[str, Any]]:
    """Every interactive element of a message."""
    if isinstance(value, list):
        return [button for each in value for button in buttons_of(each)]
    if isinstance(value, Mapping):
        own = [dict(value)] if "action_id" in value else []
        return own + [button for inner in value.values() for button in buttons_of(inner)]
    return []


def pressable(message: Mapping[str, Any], press: Press) -> dict[str, Any]:
    return next(button for button in buttons_of(message["blocks"]) if button["action_id"].startswith(str(press)))


@asynccontextmanager
async def workplace(
    tmp_path: Path, engine: Engine, *worlds: Mapping[str, Any], policy: Policy | None = None, **options: Any
) -> AsyncIterator[Workplace]:
    """Everything running; `options` are settings."""
    async with AsyncExitStack() as stack:
        cluster = stage(*worlds)
        await cluster.start()
        stack.push_async_callback(cluster.stop)
        slack = SimulatedSlack()
        await slack.start()
        stack.push_async_callback(slack.stop)
        kubeconfig = tmp_path / "kubeconfig"
        kubeconfig.write_text(json.dumps(cluster.kubeconfig()), encoding="utf-8")
        settings = settings_for(slack, tmp_path, **options)
        people = {name: slack.add_user(name) for name in ("alex", "bo")}
        guest = slack.add_user("gast", guest=True)
        channel = slack.add_channel("general")
        clock = Clock()
        app = await stack.enter_async_context(
            running(
                settings,
                engine=engine,
                policy=policy or Policy.playground(),
                clusters=Clusters.of(settings, kubeconfig=kubeconfig),
                clock=clock,
            )
        )
        slack.deliver_to(f"{app.url}/slack/events")
        yield Workplace(
            slack=slack,
            cluster=cluster,
            app=app,
            settings=settings,
            channel=channel,
            guest=guest,
            clock=clock,
            **people,
        )


def settings_for(slack: SimulatedSlack, data: Path, **options: Any) -> Settings:
    return Settings.model_validate(
        {
            "slack_bot_token": slack.bot_token,
            "slack_signing_secret": slack.signing_secret,
            "slack_api_url": slack.api_url,
            "listen": "127.0.0.1:0",
            "data": data / "data",
            "replica": "test",
            **options,
        }
    )


@dataclass(frozen=True, slots=True)
class Broken:
    """A catalog case that is there: its world, and what somebody would paste."""

    incident: str
    world: Mapping[str, Any]
    text: str


def broken_of(engine: Engine, incident_id: str) -> Broken:
    incident = engine.catalog.incidents[incident_id]
    case = next(case for case in incident.cases if case.then is Verdict.CONFIRMED and not case.healthy)
    text = ask_of(incident, case).text or incident.examples.match[0]
    return Broken(incident=incident_id, world=world_of(incident, case), text=text)
