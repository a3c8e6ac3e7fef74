"""Compose the app, the same for `casebook serve` and the playground: start its parts, stop them in reverse order."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

import structlog

from bot.alertmanager import open_alertmanager
from bot.app.configured_files import WorkspaceFiles
from bot.app.reload import LiveConfiguration, Readiness
from bot.app.runtime_options import DEFAULT_OPTIONS, RuntimeOptions
from bot.app.upkeep import ReplicaUpkeep
from bot.app.workspace import SharedParts, WorkspaceApp
from bot.cluster.clusters import Clusters
from bot.common.background import coalesced, in_background
from bot.common.encryption import Encryption
from bot.jobs import JobHandlers, JobRouter, Jobs, JobsUnavailable
from bot.metrics import Metrics
from bot.settings import Settings, variable
from bot.slack.client import Identity, Slack
from bot.slack.errors import MissingScope
from bot.slack.scopes import lacking
from bot.slack.web_client import web_client
from bot.store import Store, StoreUnavailable, open_store
from bot.surfaces.slack.health import SlackHealth
from bot.surfaces.slack.http_routes import Dispatch, slack_routes
from bot.surfaces.web import Route, listen_on, web_application
from bot.telemetry import exporting
from bot.workflows.job_payloads import kinds, turn_of
from bot.workflows.learned_entries import LearnedEntries
from bot.workflows.services import ConcurrencyLimits, Configuration

if TYPE_CHECKING:
    from bot.app.workspaces import Workspaces

_log: Final = structlog.get_logger(__name__)

# These loggers write whole payloads at lower levels; users' messages must not be logged.
_TALKATIVE: Final = ("slack_bolt", "slack_sdk", "aiohttp.access", "dbos", "sqlalchemy")


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningApp:
    """The running app for a program that embeds it: its address, store, jobs, and a way to reload files.

    `workspace` is the only one that it serves, None if it serves those that installed it.
    """

    url: str
    reload: Callable[[], None]
    store: Store
    jobs: Jobs
    workspace: WorkspaceApp | None
    workspaces: Workspaces | None

    @property
    def identity(self) -> Identity:
        """Return the identity in the only workspace."""
        assert self.workspace is not None
        return self.workspace.identity

    @property
    def learned(self) -> LearnedEntries:
        """Return the saved incidents of the only workspace."""
        assert self.workspace is not None
        return self.workspace.learned


@asynccontextmanager
async def running(
    settings: Settings, initial: Configuration, *, clusters: Clusters, options: RuntimeOptions = DEFAULT_OPTIONS
) -> AsyncIterator[RunningApp]:
    """Serve until the context exits, then close `clusters`. Files that change later replace parts of `initial`.

    Raises StoreUnavailable, JobsUnavailable or SlackError at start.
    """
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
    # Intake and workers stop first; the listener keeps reporting "stopping" until they have.
    async with AsyncExitStack() as stack, AsyncExitStack() as work:
        if not settings.database_url.get_secret_value():
            _make(settings.data.expanduser())
        store = await stack.enter_async_context(open_store(settings.store_url))
        stack.push_async_callback(clusters.aclose)
        metrics = Metrics(interruptions=(JobsUnavailable,))
        _count(metrics, initial)
        clusters.watched_by(metrics.kubernetes_called)
        await stack.enter_async_context(exporting(settings, metrics, every_s=options.telemetry_s))
        live = LiveConfiguration(settings, initial, every=options.reload_s, changed=partial(_count, metrics))
        serving: _Only | Workspaces | None = None

        async def handlers(workspace: str) -> JobHandlers | None:
            return await serving.handlers(workspace) if serving else None

        shared = SharedParts(
            options=options,
            clusters=clusters,
            metrics=metrics,
            jobs=_jobs(settings, options, metrics, JobRouter(handlers)),
            alertmanager=await stack.enter_async_context(
                open_alertmanager(settings.alertmanager_url, settings.alertmanager_token.get_secret_value())
            ),
            concurrency=ConcurrencyLimits.of(turns=settings.jobs_concurrency, clusters=len(clusters.names)),
            by_socket=bool(settings.slack_app_token.get_secret_value()),
        )
        compose = _all_installed if settings.slack_client_id else _only_one
        serving = await compose(stack, settings, shared, store, live)
        await shared.jobs.launch()
        work.push_async_callback(shared.jobs.close, drain=settings.drain)
        work.push_async_callback(serving.stop)
        await serving.launched()
        await work.enter_async_context(in_background(live.keep_current()))
        await work.enter_async_context(in_background(serving.keep_current()))
        replica = ReplicaUpkeep(
            store=store,
            jobs=shared.jobs,
            executor=settings.replica,
            version=options.jobs_version,
            kept=timedelta(days=settings.retention_days),
            beat_s=options.beat_s,
        )
        await work.enter_async_context(replica.running())
        readiness = Readiness(
            store=store,
            jobs=shared.jobs,
            health=serving.health,
            slack=serving.app.slack if serving.app else None,
            clusters=clusters,
            live=live,
            stopping=shared.stopping.is_set,
            notes=serving.notes,
        )
        application = web_application(
            ready=coalesced(readiness.look), measured=metrics.exposed, routes=_routes(serving, settings, shared)
        )
        url = await listen_on(stack, application, settings.listen)
        if shared.by_socket:
            from bot.surfaces.slack.socket_mode import connected  # noqa: PLC0415 - HTTP needs none of its libraries

            client = web_client(api_url=settings.slack_api_url, token=settings.slack_app_token.get_secret_value())
            serving.connected_by(await work.enter_async_context(connected(serving.dispatch, client, serving.health)))
        work.callback(serving.close_intake)
        work.callback(shared.stopping.set)
        team = serving.app.identity.team_name if serving.app else ""
        _log.info("service_started", url=url, team=team, socket_mode=shared.by_socket)
        yield RunningApp(
            url=url,
            reload=serving.request_reload,
            store=store,
            jobs=shared.jobs,
            workspace=serving.app,
            workspaces=None if isinstance(serving, _Only) else serving,
        )


@dataclass(slots=True, kw_only=True)
class _Only:
    """Serves the one workspace whose token is in the settings."""

    app: WorkspaceApp
    work: AsyncExitStack = field(default_factory=AsyncExitStack)

    @property
    def health(self) -> SlackHealth:
        return self.app.health

    @property
    def dispatch(self) -> Dispatch:
        return self.app.bolt.async_dispatch

    @property
    def routes(self) -> tuple[Route, ...]:
        return self.app.routes

    @property
    def close_intake(self) -> Callable[[], None]:
        return self.app.intake.close

    def notes(self) -> Mapping[str, str]:
        return self.app.watcher.notes

    def connected_by(self, is_connected: Callable[[], Awaitable[bool]]) -> None:
        self.app.connected_by(is_connected)

    async def handlers(self, workspace: str) -> JobHandlers | None:
        """Return the handlers; a job of another workspace was started when this process served several."""
        return None if workspace else self.app.handlers

    async def launched(self) -> None:
        await self.work.enter_async_context(self.app.serving())

    async def keep_current(self) -> None:
        return

    def request_reload(self) -> None:
        self.app.live.request()

    async def stop(self) -> None:
        await self.work.aclose()


async def _only_one(
    stack: AsyncExitStack, settings: Settings, shared: SharedParts, store: Store, live: LiveConfiguration
) -> _Only:
    """Identify the bot in its workspace and compose what serves it. Raise SlackError."""
    health = SlackHealth(metrics=shared.metrics, by_http=not shared.by_socket, clock=shared.options.clock)
    client = web_client(api_url=settings.slack_api_url, token=settings.slack_bot_token.get_secret_value())
    slack = await stack.enter_async_context(
        Slack(client, limits=shared.options.slack_limits, watch=health, lists=True, kept=store.directory)
    )
    identity = await _identified(slack)
    learned = LearnedEntries(store=store, metrics=shared.metrics)
    await learned.refresh()
    app = WorkspaceApp(
        shared, settings, live, store=store, slack=slack, identity=identity, health=health, learned=learned
    )
    return _Only(app=app)


async def _all_installed(
    stack: AsyncExitStack, settings: Settings, shared: SharedParts, store: Store, live: LiveConfiguration
) -> Workspaces:
    """Open the workspaces that installed the app."""
    from bot.app.workspaces import Workspaces  # noqa: PLC0415 - a bot of one workspace needs none of it

    assert settings.workspaces is not None
    serving = Workspaces(
        settings=settings,
        shared=shared,
        main=store,
        live=live,
        files=WorkspaceFiles(directory=settings.workspaces),
        encryption=Encryption(settings.keys),
        health=SlackHealth(metrics=shared.metrics, by_http=not shared.by_socket, clock=shared.options.clock),
    )
    stack.push_async_callback(serving.close)
    await serving.open()
    return serving


def _jobs(settings: Settings, options: RuntimeOptions, metrics: Metrics, router: JobRouter) -> Jobs:
    """Return the job engine; it recovers this replica's unfinished jobs as soon as it is launched."""
    metrics.job_kinds(kinds())
    return Jobs(
        url=settings.jobs_url,
        executor=settings.replica,
        version=options.jobs_version,
        workflows={kind: router.workflow(kind) for kind in kinds()},
        concurrency=settings.jobs_concurrency,
        failed=router.failed,
        watch=metrics.job,
        turn_of=turn_of,
    )


def _routes(serving: _Only | Workspaces, settings: Settings, shared: SharedParts) -> Iterable[Route]:
    """Return the routes; in Socket Mode there are none for Slack's payloads."""
    if not shared.by_socket:
        secret = settings.slack_signing_secret.get_secret_value()
        yield from slack_routes(
            serving.dispatch, arrivals=serving.health, signing_secret=secret, stopping=shared.stopping.is_set
        )
    yield from serving.routes


def _count(metrics: Metrics, configuration: Configuration) -> None:
    """Show the size of a new catalog in the metrics."""
    incidents = len(configuration.engine.catalog.incidents)
    metrics.catalog_loaded(incidents=incidents, problems=len(configuration.left_out))


async def _identified(slack: Slack) -> Identity:
    """Identify the bot in Slack. Raise SlackError, also if the token lacks a required scope."""
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
