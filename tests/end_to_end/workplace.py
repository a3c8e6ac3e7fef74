"""Run the whole app between a simulated Slack and a simulated Kubernetes API."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import urlencode

from bot.app import RunningApp, RuntimeOptions, running
from bot.app.runtime_options import DEFAULT_OPTIONS
from bot.app.upkeep import BEAT_S
from bot.cli.rehearsal import full_world_of, stage
from bot.cluster.clusters import Clusters
from bot.diagnosing import Engine
from bot.playground.kubernetes import RecordedRequest, SimulatedCluster
from bot.playground.slack import AppResponse, Delivery, RecordedCall, SimulatedSlack
from bot.playground.slack.delivery import signed_headers
from bot.policy import Policy
from bot.policy.alert_routes import NO_ROUTES, AlertRoutes
from bot.policy.api_tokens import NO_TOKENS, load_api_tokens
from bot.policy.channel_defaults import NO_DEFAULTS, ChannelDefaults
from bot.remedies.verification import Pace
from bot.settings import Settings
from bot.slack.pacer import Limits, Rate
from bot.slack.scopes import SCOPES
from bot.store import AuditEntry
from bot.surfaces.slack.health import CHECK_S
from bot.surfaces.slack.manifest import events
from bot.workflows.chronicle.chronicle_jobs import SLOT_S
from bot.workflows.services import Configuration
from bot.workflows.submissions import PERSON_REQUESTS
from intents.catalog.cases import ask_of
from intents.catalog.loader import Problem
from intents.chronicle.news import UNKNOWN
from intents.domain import Verdict
from responses import words
from responses.slack.as_text import as_text
from responses.slack.presses import Press
from tests.databases import lay_out

# A write triggers the simulated controllers at once, so that the first verification is reliable.
HASTY = Pace(every=0.02, well=0.0, failing=0.0)

# Neither rate limits nor pauses, for which most tests would wait longest; and time for a busy machine.
_AT_ONCE = Rate(every=1e-6, burst=10_000)
UNPACED = Limits(
    methods={}, other=_AT_ONCE, channel=_AT_ONCE, call=15.0, patience=60.0, trigger=30.0, between_edits=0.0,
    first_pause=0.01,
)  # fmt: skip
_PRESSES: Final = 5
# Failures are reported at once.
UNPACED_ONCE = replace(UNPACED, settling=0.01, repetitions=0)

# Grants only what the manifest requests: other methods are refused, other events not delivered.
LOADING = (words.LOADING.en, words.LOADING.zh)
HEARD = tuple(events())
GRANTED = tuple(scope.name for scope in SCOPES)
Worlds = Sequence[Mapping[str, Any]]
NO_OTHERS: Mapping[str, SimulatedCluster] = MappingProxyType({})
NO_ADDRESSES: Mapping[str, str] = MappingProxyType({})


@dataclass(slots=True, kw_only=True)
class Clock:
    """The app's clock, which tests can advance."""

    ahead: timedelta = timedelta()

    def advance(self, by: timedelta) -> None:
        self.ahead += by

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@dataclass(slots=True)
class Workplace:
    """A channel with members, a cluster, and the app between them. `url` is the app's address."""

    slack: SimulatedSlack
    cluster: SimulatedCluster
    app: RunningApp
    settings: Settings
    channel: str
    alex: str
    bo: str
    guest: str
    clock: Clock
    # The requests, calls and deliveries of others before a room was made.
    _earlier: tuple[int, int, int] = (0, 0, 0)

    def room(self) -> Workplace:
        """Return the same app in a channel with people of its own, without the traffic and audit entries of others."""
        number = len(self.slack.users())
        return replace(
            self,
            alex=self.slack.add_user(f"alex-{number}"),
            bo=self.slack.add_user(f"bo-{number}"),
            channel=self.slack.add_channel(f"room-{number}"),
            guest=self.slack.add_user(f"gast-{number}", guest=True),
            _earlier=(len(self.cluster.requests), len(self.slack.calls), len(self.slack.deliveries)),
        )

    @property
    def requests(self) -> list[RecordedRequest]:
        """Return the requests to the cluster."""
        return self.cluster.requests[self._earlier[0] :]

    @property
    def calls(self) -> list[RecordedCall]:
        """Return the app's calls to Slack."""
        return self.slack.calls[self._earlier[1] :]

    @property
    def deliveries(self) -> list[Delivery]:
        """Return what Slack delivered."""
        return self.slack.deliveries[self._earlier[2] :]

    def writes(self) -> list[tuple[str, str]]:
        """Return method and path of the write requests, without Events."""
        written = [(sent.method, sent.path) for sent in self.requests if sent.writes]
        return [(method, path) for method, path in written if not path.endswith("/events")]

    async def send(self, payload: Mapping[str, Any], *, secret: str = "") -> AppResponse:
        """Send any interaction payload as Slack would, signed with another secret if given."""
        body = urlencode({"payload": json.dumps(payload)}).encode()
        headers = signed_headers(body, secret=secret, timestamp=int(time.time())) if secret else self.slack.sign(body)
        return await self.slack.send_raw(body, headers | {"Content-Type": "application/x-www-form-urlencoded"})

    async def dialog(self, user: str, answer: Mapping[str, Any], channel: str = "") -> dict[str, Any]:
        """Press an answer's first remedy and return the filled modal."""
        channel = channel or self.channel
        open_before = {view["id"] for view in self.slack.views(user)}
        action = pressable(answer, Press.REMEDY)["action_id"]

        def filled() -> list[dict[str, Any]]:
            opened = (view for view in self.slack.views(user) if view["id"] not in open_before)
            return [view for view in opened if "⏳" not in words_of(view["blocks"])]

        async def press() -> list[dict[str, Any]]:
            told = len(self.slack.ephemerals(user))
            await self.slack.click(user, channel, answer["ts"], action)
            await self.slack.wait_for(lambda: bool(filled()) or len(self.slack.ephemerals(user)) > told)
            return filled()

        for _ in range(_PRESSES):
            if views := await press():
                return views[-1]
            # On a busy machine the answer is not stored yet: the note says so, and a person presses again.
            await self.settled()
        raise AssertionError(self.slack.ephemerals(user)[-1])

    async def resolution(self, user: str, channel: str) -> dict[str, Any]:
        """Type the command to resolve an incident and return the filled dialog."""
        before = {view["id"] for view in self.slack.views(user)}
        await self.slack.slash(user, channel, "incident resolve")
        return await self.opened(user, before)

    async def opened(self, user: str, before: Collection[str] = ()) -> dict[str, Any]:
        """Wait for a dialog that was not open `before`, and that is filled, and return it."""
        filled = await self.slack.wait_for(
            lambda: [
                view
                for view in self.slack.views(user)
                if view["id"] not in before and not any(each in words_of(view["blocks"]) for each in LOADING)
            ]
        )
        return filled[-1]

    async def resolve(self, user: str, channel: str, *, cause: str = UNKNOWN, typed: str = "") -> AppResponse:
        """Resolve an incident by its dialog, with a root cause chosen by its value or typed."""
        view = await self.resolution(user, channel)
        return await self.submit(user, view["id"], root_cause(cause, typed))

    async def confirm(self, user: str, answer: Mapping[str, Any]) -> None:
        """Press an answer's first remedy and submit its modal."""
        await self.submit(user, (await self.dialog(user, answer))["id"])

    async def submit(
        self, user: str, view_id: str, values: Mapping[str, Mapping[str, Any]] | None = None
    ) -> AppResponse:
        return await submitted(self.slack, user, view_id, values)

    async def audited(self, *, since: timedelta = timedelta(hours=1)) -> list[AuditEntry]:
        """Return the audit entries, oldest first."""
        entries = await self.app.store.audit.entries(since=datetime.now(UTC) - since, limit=200)
        here = {self.channel, self.alex, self.bo, self.guest}
        return [one for one in reversed(entries) if not any(self._earlier) or {one.channel, one.actor} & here]

    def ours(self, channel: str = "") -> list[dict[str, Any]]:
        """Return the app's messages in a channel."""
        return [one for one in self.slack.messages(channel or self.channel) if one.get("bot_id") == self.slack.bot_id]

    async def settled(self) -> None:
        """Wait until no work is in flight."""
        assert await self.app.jobs.idle(20)

    def answers(self, thread_ts: str, channel: str = "") -> list[dict[str, Any]]:
        """Return the app's messages in a thread."""
        said = self.slack.messages(channel or self.channel, thread_ts=thread_ts)
        return [message for message in said if message.get("bot_id") == self.slack.bot_id]

    async def answer(self, thread_ts: str, channel: str = "") -> dict[str, Any]:
        """Wait for the final answer in a message's thread and return it."""
        finals = await self.slack.wait_for(lambda: [one for one in self.answers(thread_ts, channel) if is_final(one)])
        return finals[0]


def root_cause(chosen: str = "", typed: str = "") -> dict[str, dict[str, str]]:
    """Return the values of the dialog that resolves an incident."""
    values = {Press.ROOT_CAUSE: chosen, Press.ROOT_CAUSE_TEXT: typed}
    return {str(block): {str(block): value} for block, value in values.items() if value}


def is_final(message: Mapping[str, Any]) -> bool:
    return not message["text"].startswith("⏳")


def words_of(value: Any) -> str:
    """Return all readable text of a message or view."""
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


def lines_of(shown: Mapping[str, Any]) -> list[str]:
    """Return the lines of a message or view as its reader sees them, without buttons."""
    return [line for line in as_text(shown["blocks"]).splitlines() if line.strip()]


def buttons_of(value: Any) -> list[dict[str, Any]]:
    """Return every interactive element of a message."""
    if isinstance(value, list):
        return [button for each in value for button in buttons_of(each)]
    if isinstance(value, Mapping):
        own = [dict(value)] if "action_id" in value else []
        return own + [button for inner in value.values() for button in buttons_of(inner)]
    return []


async def submitted(
    slack: SimulatedSlack, user: str, view_id: str, values: Mapping[str, Mapping[str, Any]] | None = None
) -> AppResponse:
    """Submit a modal, and confirm again if it warns that the change will be reverted."""
    delivered = await slack.submit(user, view_id, values)
    for view in slack.views(user):
        if view["id"] == view_id and view["callback_id"] == Press.CONFIRM_AGAIN:
            return await slack.submit(user, view_id)
    return delivered


def pressable(message: Mapping[str, Any], press: Press) -> dict[str, Any]:
    return next(button for button in buttons_of(message["blocks"]) if button["action_id"].startswith(str(press)))


@asynccontextmanager
async def workplace(
    tmp_path: Path,
    engine: Engine,
    *worlds: Mapping[str, Any],
    policy: Policy | None = None,
    others: Mapping[str, SimulatedCluster] = NO_OTHERS,
    socket_mode: bool = False,
    slack_limits: Limits | None = UNPACED,
    slack: SimulatedSlack | None = None,
    clock: Clock | None = None,
    summary_slot_s: float = SLOT_S,
    beat_s: float = BEAT_S,
    watch_look_s: float = DEFAULT_OPTIONS.watch_look_s,
    slack_check_s: float = CHECK_S,
    verify_within: float = 0.2,
    person_requests: int = PERSON_REQUESTS,
    broken: Sequence[Problem] = (),
    channel_defaults: ChannelDefaults = NO_DEFAULTS,
    alert_routes: AlertRoutes = NO_ROUTES,
    tokens: Path | None = None,
    alert_window_s: float = 0.2,
    alert_update_s: float = 0.2,
    addresses: Mapping[str, str] = NO_ADDRESSES,
    **options: Any,
) -> AsyncIterator[Workplace]:
    """Run everything; `others` are further clusters by name, not started; `options` are settings.

    `addresses` are URLs of further clusters of the app; `tokens` is the file with those of the HTTP API.

    `slack_limits` replace the client's limits, and the simulated Slack then applies none; with None both keep Slack's
    rate limits. Tests with their own time pass `slack` (not started) and `clock`; `summary_slot_s`, `beat_s`,
    `watch_look_s`, `slack_check_s` and `person_requests` are those of `RuntimeOptions`, `broken` that of `running`.
    """
    async with AsyncExitStack() as stack:
        cluster = stage(*worlds)
        for each in (cluster, *others.values()):
            await each.start()
            stack.push_async_callback(each.stop)
        # Slack documents one connection a minute and allows a few; the simulated one allows one.
        slack = slack or SimulatedSlack(paced=not socket_mode and slack_limits is None, events=HEARD, scopes=GRANTED)
        await slack.start()
        stack.push_async_callback(slack.stop)
        kubeconfig = tmp_path / "kubeconfig"
        addresses = {**{name: other.url for name, other in others.items()}, **addresses}
        kubeconfig.write_text(json.dumps(_kubeconfig(cluster, addresses)), encoding="utf-8")
        if addresses:
            options["contexts"] = ("simulated", *addresses)
        if socket_mode:
            options.setdefault("slack_app_token", slack.app_token)
        sources = [f"{name}={other.prometheus.url}" for name, other in others.items() if other.prometheus.url]
        options.setdefault("prometheus_url", ",".join(filter(None, (cluster.prometheus.url, *sources))))
        settings = settings_for(slack, tmp_path, api_tokens=tokens, **options)
        if not settings.database_url.get_secret_value():
            lay_out(settings.data)
        alex, bo = slack.add_user("alex"), slack.add_user("bo")
        guest = slack.add_user("gast", guest=True)
        channel = slack.add_channel("general")
        clock = clock or Clock()
        app = await stack.enter_async_context(
            running(
                settings,
                Configuration(
                    engine=engine,
                    policy=policy or Policy.playground(),
                    defaults=channel_defaults,
                    alert_routes=alert_routes,
                    api_tokens=load_api_tokens(tokens) if tokens else NO_TOKENS,
                    left_out=tuple(broken),
                ),
                clusters=Clusters.of(settings, kubeconfig=kubeconfig),
                options=RuntimeOptions(
                    clock=clock,
                    verify_pace=HASTY,
                    verify_within=verify_within,
                    looks=(0.0, 0.02),
                    slack_limits=slack_limits,
                    summary_slot_s=summary_slot_s,
                    beat_s=beat_s,
                    watch_look_s=watch_look_s,
                    slack_check_s=slack_check_s,
                    person_requests=person_requests,
                    alert_window_s=alert_window_s,
                    alert_update_s=alert_update_s,
                ),
            )
        )
        # Otherwise asyncio leaks a connection that is made while the app closes its socket.
        stack.push_async_callback(slack.sender.close)
        slack.deliver_to(None if socket_mode else f"{app.url}/slack/events")
        yield Workplace(
            slack=slack,
            cluster=cluster,
            app=app,
            settings=settings,
            channel=channel,
            guest=guest,
            clock=clock,
            alex=alex,
            bo=bo,
        )


def _kubeconfig(cluster: SimulatedCluster, addresses: Mapping[str, str]) -> dict[str, Any]:
    config = cluster.kubeconfig()
    for name, address in addresses.items():
        server = {"server": address}
        config["clusters"].append({"name": name, "cluster": server})
        config["contexts"].append({"name": name, "context": {"cluster": name, "user": "casebook"}})
    return config


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
    """A catalog case: its world and the text that a user pastes."""

    incident: str
    world: Mapping[str, Any]
    text: str


def broken_case(engine: Engine, incident_id: str, name: str) -> Broken:
    """Return the case with this name."""
    incident = engine.catalog.incidents[incident_id]
    case = next(case for case in incident.cases if case.name == name)
    return Broken(incident=incident_id, world=full_world_of(incident, case), text=ask_of(incident, case).text)


def broken_of(engine: Engine, incident_id: str) -> Broken:
    incident = engine.catalog.incidents[incident_id]
    case = next(case for case in incident.cases if case.then is Verdict.CONFIRMED and not case.healthy)
    text = ask_of(incident, case).text or incident.examples.match[0]
    return Broken(incident=incident_id, world=full_world_of(incident, case), text=text)
