"""The running app: everything is made here, started in order, and stopped in reverse.

`casebook serve` and the playground run this same app; they differ in the addresses and the policy they give.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import aiohttp
import structlog
from aiohttp import web
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.logger.messages import warning_client_prioritized_and_token_skipped
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.background import in_background
from bot.channels import NO_DEFAULTS, ChannelDefaults
from bot.clusters import Clusters
from bot.diagnosing import Engine
from bot.jobs import JOBS_VERSION, Jobs, JobsUnavailable, Json
from bot.metrics import Metrics
from bot.policy import Policy
from bot.readiness import Readiness
from bot.remedies.step_runner import LOOKS
from bot.remedies.verification import PACE, VERIFY_S, Pace
from bot.settings import Settings, variable
from bot.slack.api import retry_after
from bot.slack.asking import ChannelAsking
from bot.slack.chronicling import SLOT_S, Chronicling, Start
from bot.slack.client import Identity, Slack
from bot.slack.dispatching import CountedApp
from bot.slack.errors import MissingScope, SlackUnavailable, refusal
from bot.slack.health import CHECK_S, SlackHealth
from bot.slack.intake import Intake
from bot.slack.limits import Limits
from bot.slack.listeners import channels, commands, lifecycle, messages, presses, reactions, shortcuts, strangers
from bot.slack.listening import Listening
from bot.slack.pinning import ByHand
from bot.slack.pressing import Presses
from bot.slack.scopes import lacking
from bot.slack.sharing import together
from bot.slack.web import web_application
from bot.store import Store, StoreUnavailable, open_store
from bot.upkeep import BEAT_S, Upkeep
from bot.workflows.all import workflows
from bot.workflows.chronicle.catching_up import CatchingUp
from bot.workflows.chronicle.hearing import Hearing
from bot.workflows.chronicle.telling import ChronicleTelling
from bot.workflows.desk import Desk
from bot.workflows.failing import Failing
from bot.workflows.recording import Recording
from bot.workflows.sharing import Shares
from bot.workflows.telling import Telling
from intents.catalog.loader import Problem

_log: Final = structlog.get_logger(__name__)

# They log whole payloads at lower levels: what people write is nobody's to log.
_TALKATIVE: Final = ("slack_bolt", "slack_sdk", "aiohttp.access", "aiosqlite", "dbos", "sqlalchemy")
_CONNECT: Final = "apps.connections.open"
_CALL_TIMEOUT_S: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningApp:
    """`url` is where it listens. `store` and `jobs` are there for whoever embeds the app."""

    url: str
    identity: Identity
    store: Store
    jobs: Jobs


@asynccontextmanager
async def running(
    settings: Settings,
    *,
    engine: Engine,
    policy: Policy,
    clusters: Clusters,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    jobs_version: str = JOBS_VERSION,
    verify_pace: Pace = PACE,
    verify_within: float = VERIFY_S,
    looks: Sequence[float] = LOOKS,
    slack_limits: Limits | None = None,
    summary_slot_s: float = SLOT_S,
    channel_defaults: ChannelDefaults = NO_DEFAULTS,
    beat_s: float = BEAT_S,
    slack_check_s: float = CHECK_S,
    broken: Sequence[Problem] = (),
) -> AsyncIterator[RunningApp]:
    """Serve until left; `clusters` are closed then. Raises StoreUnavailable, JobsUnavailable or SlackError at start.

    Unfinished jobs that another `jobs_version` left are begun anew. `verify_pace` says when a remedy is believed,
    and within `verify_within` seconds it is said whether it has helped; `looks` are the seconds before each look for a
    write whose answer was lost; `slack_limits` how fast Slack may be spoken to; within `summary_slot_s` seconds all
    that changes in an incident channel is shown by one edit; each `beat_s` it is looked what else is to be done. Slack
    is asked whether it is there after `slack_check_s` of silence. `broken` is what the engine's catalog leaves out.
    """
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
    stopping = asyncio.Event()
    # What takes work in and carries it out ends first; the listener goes on telling until then that this is the end.
    async with AsyncExitStack() as stack, AsyncExitStack() as work:
        if not settings.database_url.get_secret_value():
            _make(settings.data.expanduser())
        store = await stack.enter_async_context(open_store(settings.store_url))
        stack.push_async_callback(clusters.aclose)
        metrics = Metrics(incidents=len(engine.catalog.incidents), problems=len(broken))
        clusters.watched_by(metrics.kubernetes_called)
        socket_mode = bool(settings.slack_app_token.get_secret_value())
        health = SlackHealth(metrics=metrics, by_http=not socket_mode, clock=clock)
        client = _client(settings.slack_bot_token.get_secret_value(), settings)
        slack = await stack.enter_async_context(Slack(client, limits=slack_limits, watch=health))
        identity = await _identified(slack)

        async def start(kind: str, id: str, payload: Json) -> None:
            await jobs.start(kind, id, payload)

        chronicling = Chronicling(
            store=store,
            start=start,
            identity=identity,
            patterns=settings.incident_channels,
            clock=clock,
            slot_s=summary_slot_s,
        )
        desk = Desk(
            store=store,
            slack=slack,
            clusters=clusters,
            policy=policy,
            engine=lambda: engine,
            defaults=channel_defaults,
            shares=Shares.of(turns=settings.jobs_concurrency, clusters=len(clusters.names)),
            metrics=metrics,
            language=settings.lang,
            audit_channel=settings.audit_channel,
            deadline=settings.deadline,
            verify_pace=verify_pace,
            verify_within=verify_within,
            looks=looks,
            clock=clock,
            changed=chronicling.changed,
        )
        telling = Telling(desk=desk)
        recording = Recording(desk=desk, telling=telling, hearing=Hearing(desk=desk))
        jobs = Jobs(
            url=settings.jobs_url,
            executor=settings.replica,
            version=jobs_version,
            workflows=workflows(desk, chronicling),
            concurrency=settings.jobs_concurrency,
            kept_days=settings.retention_days,
            failed=Failing(desk=desk, telling=telling, recording=recording).told,
            watch=metrics.job,
        )
        await jobs.launch()
        work.push_async_callback(jobs.close, drain=settings.drain)
        intake = Intake(
            store=store,
            jobs=jobs,
            engine=lambda: engine,
            window=timedelta(minutes=settings.incident_window),
            several_clusters=len(clusters.names) > 1,
            clock=clock,
            metrics=metrics,
        )
        bolt = _bolt(identity, settings, metrics)
        strangers.register(bolt, identity)
        messages.register(bolt, intake, chronicling, identity)
        channels.register(bolt, chronicling, identity)
        by_hand = ByHand(store=store, identity=identity, start=start)
        commands.register(bolt, intake, _asking(desk, start), language=settings.lang)
        shortcuts.register(bolt, intake, by_hand, identity, slack=slack, language=settings.lang)
        reactions.register(bolt, by_hand, identity)
        presses.register(bolt, Presses(desk=desk, jobs=jobs, identity=identity))
        listening = Listening(store=store, clock=clock)
        lifecycle.register(bolt, health, listening)

        readiness = Readiness(
            store=store,
            jobs=jobs,
            slack=slack,
            health=health,
            clusters=clusters,
            engine=lambda: engine,
            broken=broken,
            stopping=stopping.is_set,
        )
        upkeep = Upkeep(
            store=store,
            jobs=jobs,
            chronicling=chronicling,
            listening=listening,
            executor=settings.replica,
            version=jobs_version,
            kept=timedelta(days=settings.retention_days),
            beat_s=beat_s,
            metrics=metrics,
        )
        await work.enter_async_context(upkeep.going_on())
        await work.enter_async_context(in_background(health.keep_asking(slack.greet, every=slack_check_s)))
        application = web_application(
            None if socket_mode else bolt,
            ready=together(readiness.look),
            measured=metrics.exposed,
            arrivals=health,
            signing_secret=settings.slack_signing_secret.get_secret_value(),
            stopping=stopping.is_set,
        )
        url = await _listen(stack, application, settings.listen)
        if socket_mode:
            token = settings.slack_app_token.get_secret_value()
            handler = AsyncSocketModeHandler(bolt, token, web_client=_client(token, settings))
            await _connect(work, handler)
            listening.connected = health.connected = handler.client.is_connected
        work.callback(stopping.set)
        _log.info("serving", url=url, team=identity.team_name, socket_mode=socket_mode)
        yield RunningApp(url=url, identity=identity, store=store, jobs=jobs)


def _asking(desk: Desk, start: Start) -> ChannelAsking:
    return ChannelAsking(desk=desk, catching_up=CatchingUp(desk=desk), telling=ChronicleTelling(desk=desk), start=start)


async def _identified(slack: Slack) -> Identity:
    """Who we are. Raises SlackError, also where the token lacks what nothing works without."""
    identity = await slack.identify()
    if missing := lacking(identity.scopes):
        raise MissingScope(code="missing_scope", needed=", ".join(missing))
    return identity


def _make(directory: Path) -> None:
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        reason = f"{directory} cannot hold the databases ({error.strerror}): set {variable('data')} to a directory"
        raise StoreUnavailable(reason) from error


def _client(token: str, settings: Settings) -> AsyncWebClient:
    return AsyncWebClient(token=token, base_url=settings.slack_api_url, timeout=_CALL_TIMEOUT_S)


def _bolt(identity: Identity, settings: Settings, metrics: Metrics) -> AsyncApp:
    async def authorize() -> AuthorizeResult:
        # Bolt would ask Slack who we are before the first event, and acknowledge and drop it if Slack does not answer.
        return AuthorizeResult(
            enterprise_id=None, team_id=identity.team, bot_id=identity.bot_id, bot_user_id=identity.user
        )

    # Without it, Bolt's own loggers take the root's level.
    logger = logging.getLogger("slack_bolt")
    # Bolt finds SLACK_BOT_TOKEN in the environment as well, and would warn at each start that it does not use it.
    logger.addFilter(_is_news)
    bolt = CountedApp(
        delivered=metrics.delivered,
        # Without a name Bolt looks for one in the source files of the whole call stack.
        name="casebook",
        logger=logger,
        client=AsyncWebClient(base_url=settings.slack_api_url, timeout=_CALL_TIMEOUT_S),
        authorize=authorize,
        signing_secret=settings.slack_signing_secret.get_secret_value(),
        # A listener runs before the acknowledgement: what is not recorded is not acknowledged.
        process_before_response=True,
        raise_error_for_unhandled_request=False,
    )

    @bolt.error
    async def failed(error: Exception) -> None:
        if isinstance(error, StoreUnavailable | JobsUnavailable):
            _log.error("not acknowledged: nothing could be recorded", error=str(error))
        else:
            _log.error("a listener failed", error=type(error).__name__, exc_info=error)

    return bolt


def _is_news(record: logging.LogRecord) -> bool:
    return record.getMessage() != warning_client_prioritized_and_token_skipped()


async def _connect(stack: AsyncExitStack, handler: AsyncSocketModeHandler) -> None:
    """Raises SlackError when Slack does not let us connect now; later the client connects again by itself."""
    stack.push_async_callback(handler.close_async)
    client = handler.client
    try:
        # Left to itself the client tries a token that Slack does not take for ever, and says so to nobody.
        opened = await client.web_client.apps_connections_open(app_token=str(client.app_token))
        client.wss_uri = str(opened["url"])
    except SlackApiError as error:
        answer = error.response if isinstance(error.response, AsyncSlackResponse) else None
        told = answer.data if answer and isinstance(answer.data, dict) else {}
        if told.get("error") != "ratelimited":
            raise refusal(_CONNECT, told) from None
        wait = retry_after(answer.headers) if answer else 0.0
        _log.warning("Slack opens no connection yet: it was asked too often", waiting_s=wait)
        # It waits as long as Slack says.
        client.wss_uri = await client.issue_new_wss_url()
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise SlackUnavailable(method=_CONNECT, detail="no connection to Slack") from error
    await handler.connect_async()  # type: ignore[no-untyped-call]


async def _listen(stack: AsyncExitStack, application: web.Application, listen: str) -> str:
    host, _, port = listen.rpartition(":")
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=3)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    await web.TCPSite(runner, host.strip("[]") or None, int(port)).start()
    address = runner.addresses[0]
    return f"http://{address[0]}:{address[1]}"
