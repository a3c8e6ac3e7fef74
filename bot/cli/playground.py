"""Run `casebook demo` in the browser: a channel next to a broken cluster, with the real app between them.

The app is `bot.app.running`, the one that `casebook serve` runs. Only Slack and the cluster are simulated, on loopback.
"""

from __future__ import annotations

import secrets
import sys
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from bot.app import RuntimeOptions, running
from bot.cli.console import note
from bot.cli.errors import CommandError
from bot.cli.process import stop_event
from bot.cli.rehearsal import REHEARSAL_TIME, reachable
from bot.cli.showcase import Showcase
from bot.cli.staged_scenes import ALERTED, INCIDENT, NAME, POD, WATCHED, BackdatedClock, StagedIncident, staged_events
from bot.cluster.clusters import Clusters
from bot.common.background import in_background
from bot.diagnosing import Engine
from bot.playground.alertmanager import SimulatedAlertmanager, SimulatedSilences
from bot.playground.page import ListedChannel, MessageShortcut, PasteSample, Person, PlaygroundPage, SlashCommand, Usage
from bot.playground.slack import CHANNEL_EVENTS, SimulatedSlack
from bot.policy import Policy
from bot.policy.alert_routes import AlertRoute, AlertRoutes
from bot.remedies.verification import Pace
from bot.settings import Settings
from bot.settings.prometheus import ETCD_JOB
from bot.surfaces.slack.manifest import COMMAND, SHORTCUTS
from bot.workflows.services import Configuration
from intents.domain import Language

# Simulated pods become ready, or fail again, at once, so they need not be watched as long as real ones.
_PACE: Final = Pace(every=1.0, well=3.0, failing=5.0)
# A single viewer can get summary edits at a faster pace than a busy channel.
_SLOT_S: Final = 3.0
# The same holds for alerts and the watch: what takes minutes elsewhere takes seconds here.
_OPTIONS: Final = RuntimeOptions(
    verify_pace=_PACE,
    summary_slot_s=_SLOT_S,
    alert_window_s=1.0,
    alert_update_s=2.0,
    watch_well=timedelta(seconds=2),
    beat_s=2.0,
    watch_look_s=2.0,
)
_WATCH_AFTER_S: Final = 3.0
_ALERTS: Final = "alerts"
# No entry of the catalog knows it. The bot answers unknown text only if it is mentioned.
_UNKNOWN: Final = "acme-ledger: settlement cursor stuck at batch 4711, waiting for shard 7"
# Samples that everybody knows come before it.
_FAMILIAR: Final = 4


async def play(engine: Engine, showcase: Showcase, *, language: Language | None, port: int) -> None:
    """Start the playground and run it until it is stopped."""
    stop = stop_event()
    try:
        async with playground(engine, showcase, language=language, port=port) as address:
            note("the playground runs at the address below; press Ctrl-C to stop it")
            sys.stdout.write(f"{address}\n")
            sys.stdout.flush()
            await stop.wait()
    except OSError as error:
        raise CommandError(f"port {port} cannot be used: {error.strerror}; choose one with --port") from error


@asynccontextmanager
async def playground(
    engine: Engine, showcase: Showcase, *, language: Language | None = None, port: int = 0
) -> AsyncIterator[str]:
    """Run the playground and yield the address of its page. Raise OSError for a port that cannot be used."""
    async with AsyncExitStack() as stack:
        directory = Path(stack.enter_context(TemporaryDirectory(prefix="casebook-playground-")))
        kubeconfig = await stack.enter_async_context(reachable(showcase.cluster))
        clock = BackdatedClock()
        slack = SimulatedSlack(
            clock=clock,
            signature_clock=time.time,
            events=("app_home_opened", "app_mention", "message", *CHANNEL_EVENTS),
        )
        await slack.start()
        stack.push_async_callback(slack.stop)
        people = _people(slack)
        alerts = slack.add_channel(_ALERTS)
        page = await _page(slack, showcase, clock, people, alerts=alerts)
        silences = SimulatedSilences()
        await silences.start()
        stack.push_async_callback(silences.stop)
        own = _settings(
            slack,
            data=directory / "data",
            lang=language,
            prometheus_url=showcase.cluster.prometheus.url,
            watch=f"{alerts} {WATCHED}",
            alertmanager_url=silences.url,
        )
        clusters = Clusters.of(own, kubeconfig=kubeconfig)
        app = await stack.enter_async_context(
            running(
                own,
                Configuration(
                    engine=engine,
                    policy=Policy.playground(acting=[each.id for each in people if each.acts]),
                    alert_routes=AlertRoutes(routes=(AlertRoute(channel=alerts, cluster=clusters.names[0]),)),
                ),
                clusters=clusters,
                options=_OPTIONS,
            )
        )
        slack.deliver_to(f"{app.url}/slack/events")
        alertmanager = SimulatedAlertmanager(
            cluster=showcase.cluster,
            namespace=ALERTED,
            url=f"{app.url}/alerts",
            token=own.alerts_token.get_secret_value(),
            silences=silences,
        )
        await stack.enter_async_context(in_background(alertmanager.run()))
        address = await page.start(port=port)
        stack.push_async_callback(page.stop)
        yield address


def _people(slack: SimulatedSlack) -> tuple[Person, ...]:
    return (
        Person(id=slack.add_user("alex"), title="on call"),
        Person(id=slack.add_user("priya"), title="a colleague"),
        Person(id=slack.add_user("lin", locale="zh-CN"), title="中文"),
        Person(id=slack.add_user("sam"), title="may read, not act", acts=False),
        Person(id=slack.add_user("guest", guest=True), title="a guest", acts=False),
    )


async def _page(
    slack: SimulatedSlack, showcase: Showcase, clock: BackdatedClock, users: tuple[Person, ...], *, alerts: str
) -> PlaygroundPage:
    general = ListedChannel(id=slack.add_channel("general"), topic="Paste an error; the answer comes in its thread")
    staged = await _staged(slack, showcase, clock)
    incident = ListedChannel(id=staged.channel if staged else slack.add_channel(NAME), topic="An incident channel")
    for user in users:
        slack.open_im(user.id)
    samples = [PasteSample(title=sample.title.en, text=sample.text, note=sample.note) for sample in showcase.samples]
    samples.insert(_FAMILIAR, _unknown(slack))
    return PlaygroundPage(
        slack=slack,
        cluster=showcase.cluster,
        samples=samples,
        events=staged_events(showcase.cluster, channel=alerts),
        users=users,
        channels=(general, incident, ListedChannel(id=alerts, topic="Alerts, and what the bot notices by itself")),
        commands=(_command(showcase),),
        shortcuts=tuple(MessageShortcut(callback_id=each.callback_id, title=each.name) for each in SHORTCUTS),
        # The simulated cluster's clock stands still, so that its logs and events are always recent.
        clock=lambda: REHEARSAL_TIME,
        channel_opened=staged.opened if staged else None,
    )


def _unknown(slack: SimulatedSlack) -> PasteSample:
    bot = next(each["name"] for each in slack.users() if each["id"] == slack.bot_user_id)
    return PasteSample(
        title="An error of your own application",
        text=f"@{bot} {_UNKNOWN}",
        note="nothing knows it: reply with the cause, choose “Save as incident” in its menu, send it again",
    )


async def _staged(slack: SimulatedSlack, showcase: Showcase, clock: BackdatedClock) -> StagedIncident | None:
    """Return the prepared incident, or None if the object it is about is not broken."""
    paste = next((each.text for each in showcase.samples if each.incident == INCIDENT and POD in each.text), "")
    if not paste:
        return None
    people = {each["name"]: each["id"] for each in slack.users()}
    return await StagedIncident.create(slack, clock, people=people, paste=paste)


def _command(showcase: Showcase) -> SlashCommand:
    pod = showcase.pods[0] if showcase.pods else "shop/api-0"
    return SlashCommand(
        command=COMMAND,
        description="Find out why something is broken",
        usages=(
            Usage(text=f"pod {pod}", description="diagnose a pod"),
            Usage(text="explain", description="explain a pasted error"),
            Usage(text="summary", description="what I missed in this incident channel"),
            Usage(text="incident status", description="state of the incident"),
            Usage(text="incident timeline", description="timeline of the incident"),
            Usage(text="incident export", description="the whole chronicle as a Markdown file"),
            Usage(
                text="incident resolve", description="resolve the incident: final summary and draft of the postmortem"
            ),
            Usage(text="incident reopen", description="reopen the incident"),
            Usage(text="incident dismiss", description="dismiss: this channel is not an incident"),
            Usage(text="help", description="list all commands"),
        ),
    )


def _settings(slack: SimulatedSlack, **given: Any) -> Settings:
    """Return settings that are complete, so that none come from a real workspace or cluster in the environment."""
    return Settings.model_validate(
        {
            **given,
            "slack_bot_token": slack.bot_token,
            "slack_signing_secret": slack.signing_secret,
            "slack_app_token": "",
            "slack_api_url": slack.api_url,
            "listen": "127.0.0.1:0",
            "database_url": "",
            "context": "",
            "contexts": (),
            "prometheus_token": "",
            "prometheus_etcd_job": ETCD_JOB,
            "replica": "playground",
            "incident_channels": (NAME,),
            "alert_routes": None,
            "alertmanager_token": "",
            "feedback_report": "",
            "alerts_token": secrets.token_urlsafe(),
            "alerts_user": "",
            "alerts_password": "",
            "watch_after": _WATCH_AFTER_S / 60,
            # A visitor lets the same trouble happen again and again.
            "watch_posts_per_hour": 60,
        }
    )
