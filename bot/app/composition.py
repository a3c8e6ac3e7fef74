"""Compose the app, the same for `casebook serve` and the playground: start its parts, stop them in reverse order."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Final

import structlog
from aiohttp import web

from bot.alertmanager import Alertmanager, open_alertmanager
from bot.app.programs import program_routes
from bot.app.reload import LiveConfiguration, Readiness
from bot.app.runtime_options import DEFAULT_OPTIONS, RuntimeOptions
from bot.app.upkeep import Upkeep
from bot.app.watcher import LOOK_S, Watcher
from bot.cluster.clusters import Clusters
from bot.common.background import coalesced, in_background
from bot.diagnosing import Engine
from bot.jobs import JobIntake, JobPayload, Jobs, JobsUnavailable
from bot.metrics import Metrics
from bot.policy import Policy
from bot.policy.alert_routes import NO_ROUTES, AlertRoutes
from bot.policy.api_tokens import NO_TOKENS, ApiTokens
from bot.policy.channel_defaults import NO_DEFAULTS, ChannelDefaults
from bot.settings import Settings, variable
from bot.slack.client import Identity, Slack
from bot.slack.errors import MissingScope
from bot.slack.scopes import lacking
from bot.slack.web_client import web_client
from bot.store import Store, StoreUnavailable, open_store
from bot.surfaces.alerts_webhook import AlertCredentials, AlertsWebhook
from bot.surfaces.slack.arrivals import CountedApp, bolt_app
from bot.surfaces.slack.channel_recorder import ChannelRecorder
from bot.surfaces.slack.commands import CommandListener, ShortcutListener
from bot.surfaces.slack.gesture_intake import GestureIntake
from bot.surfaces.slack.health import MissedEvents, SlackHealth
from bot.surfaces.slack.http_routes import connected, slack_routes
from bot.surfaces.slack.message_intake import MessageIntake
from bot.surfaces.slack.press_intake import PressIntake
from bot.surfaces.slack.presses import PressListener
from bot.surfaces.slack.surface import SlackSurface
from bot.surfaces.web import Route, listen_on, web_application
from bot.telemetry import exporting
from bot.workflows.ask_dialog import AskDialog
from bot.workflows.channel_answers import ChannelAnswersWorkflow
from bot.workflows.chronicle.chronicle_jobs import ChronicleJobs
from bot.workflows.chronicle.nudges import NudgeJobs
from bot.workflows.feedback import Mutes
from bot.workflows.job_payloads import turn_of
from bot.workflows.learned_entries import LearnedEntries
from bot.workflows.registry import alert_jobs, failure_reports, incident_commands, watch_jobs, workflows
from bot.workflows.saved_incidents import LearnedCommands
from bot.workflows.services import ConcurrencyLimits, Configuration, Services
from bot.workflows.submissions import Admission, RefusalNotices, Submissions
from intents.catalog.loader import Problem

_log: Final = structlog.get_logger(__name__)

# These loggers write whole payloads at lower levels; users' messages must not be logged.
_TALKATIVE: Final = ("slack_bolt", "slack_sdk", "aiohttp.access", "dbos", "sqlalchemy")


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningApp:
    """The running app for a program that embeds it: its address, store, jobs, and a way to reload files."""

    url: str
    reload: Callable[[], None]
    identity: Identity
    store: Store
    jobs: Jobs
    learned: LearnedEntries


@asynccontextmanager
async def running(
    settings: Settings,
    *,
    engine: Engine,
    policy: Policy,
    clusters: Clusters,
    channel_defaults: ChannelDefaults = NO_DEFAULTS,
    alert_routes: AlertRoutes = NO_ROUTES,
    api_tokens: ApiTokens = NO_TOKENS,
    broken: Sequence[Problem] = (),
    options: RuntimeOptions = DEFAULT_OPTIONS,
) -> AsyncIterator[RunningApp]:
    """Serve until the context exits, then close `clusters`. `broken` lists the catalog problems that are left out.

    Raises StoreUnavailable, JobsUnavailable or SlackError at start.
    """
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
    # Intake and workers stop first; the listener keeps reporting "stopping" until they have.
    async with AsyncExitStack() as stack, AsyncExitStack() as work:
        initial = Configuration(
            engine=engine, policy=policy, defaults=channel_defaults, left_out=tuple(broken), alert_routes=alert_routes,
            api_tokens=api_tokens,
        )  # fmt: skip
        base = await _base(stack, settings, initial, clusters=clusters, options=options)
        await stack.enter_async_context(exporting(settings, base.metrics, every_s=options.telemetry_s))
        live = LiveConfiguration(settings, initial, every=options.reload_s, changed=partial(_count, base.metrics))
        alertmanager = await stack.enter_async_context(
            open_alertmanager(settings.alertmanager_url, settings.alertmanager_token.get_secret_value())
        )
        services = _services(base, settings, live, clusters=clusters, alertmanager=alertmanager)
        jobs = await _launched(work, services, base, settings)
        missed_events = MissedEvents(store=base.store, clock=options.clock)
        job_intake = base.starter.intake = JobIntake(jobs=jobs, store=base.store.accepted_jobs)
        await work.enter_async_context(job_intake.running())
        surface = _slack_surface(base, services, job_intake, settings, missed_events)
        bolt = bolt_app(
            web_client(api_url=settings.slack_api_url),
            identity=base.identity,
            signing_secret=settings.slack_signing_secret.get_secret_value(),
            delivered=base.metrics.delivered,
        )
        surface.register(bolt)
        upkeep = _upkeep(base, jobs, settings, missed_events)
        await work.enter_async_context(upkeep.running())
        keep_asking = base.health.keep_asking(base.slack.greet, every=options.slack_check_s)
        await work.enter_async_context(in_background(keep_asking))
        await work.enter_async_context(in_background(base.slack.learn_names()))
        await work.enter_async_context(in_background(live.keep_current()))
        watcher = _watcher(base, jobs, settings, clusters)
        await work.enter_async_context(in_background(watcher.run()))
        await work.enter_async_context(in_background(base.learned.keep_current(every=options.learned_s)))
        readiness = Readiness(
            watch_notes=watcher.notes,
            store=base.store,
            jobs=jobs,
            slack=base.slack,
            health=base.health,
            clusters=clusters,
            live=live,
            stopping=base.stopping.is_set,
        )
        programs = program_routes(services, settings, team=base.identity.team, stopping=base.stopping.is_set)
        further = (
            *_alerts_webhook(base, services, job_intake, settings).route(), *await work.enter_async_context(programs),
        )  # fmt: skip
        url = await listen_on(stack, _web(base, readiness, bolt, settings, further), settings.listen)
        if base.by_socket:
            client = web_client(api_url=settings.slack_api_url, token=settings.slack_app_token.get_secret_value())
            is_connected = await work.enter_async_context(connected(bolt, client, base.health))
            missed_events.connected = base.health.connected = is_connected
        work.callback(job_intake.close)
        work.callback(base.stopping.set)
        _log.info("service_started", url=url, team=base.identity.team_name, socket_mode=base.by_socket)
        yield RunningApp(
            url=url, reload=live.request, identity=base.identity, store=base.store, jobs=jobs, learned=base.learned
        )


@dataclass(slots=True)
class _JobStarter:
    """Starts jobs once the engine runs. It exists because the workflows are created before the engine."""

    jobs: Jobs | None = None
    intake: JobIntake | None = None

    async def accept(self, id: str, payload: JobPayload) -> None:
        if self.intake is None:
            raise JobsUnavailable("jobs are not launched yet")
        await self.intake.start(id, payload)

    async def start(self, id: str, payload: JobPayload) -> None:
        if self.jobs is None:
            raise JobsUnavailable("jobs are not launched yet")
        await self.jobs.start(payload.kind, id, payload.as_json())

    async def forget(self, request: str) -> bool:
        """Delete the records of a request's jobs. Return whether none is left, except for the job that asks."""
        if self.jobs is None or self.intake is None:
            raise JobsUnavailable("jobs are not launched yet")
        # Looked at first: a job is recorded by the engine before its row here is deleted. A row that is left would
        # start the job again after the next restart.
        accepted = await self.intake.has_jobs_of(request, besides="withdraw")
        return await self.jobs.forget(request, keeping="withdraw") and not accepted


@dataclass(frozen=True, slots=True, kw_only=True)
class _Base:
    """The parts that everything else is built from."""

    store: Store
    slack: Slack
    identity: Identity
    metrics: Metrics
    health: SlackHealth
    starter: _JobStarter
    learned: LearnedEntries
    chronicles: ChronicleJobs
    options: RuntimeOptions
    by_socket: bool
    stopping: asyncio.Event


def _count(metrics: Metrics, configuration: Configuration) -> None:
    """Show the size of a new catalog in the metrics."""
    incidents = len(configuration.engine.catalog.incidents)
    metrics.catalog_loaded(incidents=incidents, problems=len(configuration.left_out))


async def _base(
    stack: AsyncExitStack, settings: Settings, initial: Configuration, *, clusters: Clusters, options: RuntimeOptions
) -> _Base:
    """Open the store and identify the bot in Slack."""
    if not settings.database_url.get_secret_value():
        _make(settings.data.expanduser())
    store = await stack.enter_async_context(open_store(settings.store_url))
    stack.push_async_callback(clusters.aclose)
    metrics = Metrics(interruptions=(JobsUnavailable,))
    _count(metrics, initial)
    clusters.watched_by(metrics.kubernetes_called)
    by_socket = bool(settings.slack_app_token.get_secret_value())
    health = SlackHealth(metrics=metrics, by_http=not by_socket, clock=options.clock)
    client = web_client(api_url=settings.slack_api_url, token=settings.slack_bot_token.get_secret_value())
    slack = await stack.enter_async_context(
        Slack(client, limits=options.slack_limits, watch=health, lists=True, kept=store.directory)
    )
    identity = await _identified(slack)
    learned = LearnedEntries(store=store, metrics=metrics)
    await learned.refresh()
    starter = _JobStarter()
    chronicles = ChronicleJobs(
        store=store,
        start=starter.start,
        accept=starter.accept,
        patterns=settings.incident_channels,
        clock=options.clock,
        slot_s=options.summary_slot_s,
    )
    return _Base(
        store=store,
        slack=slack,
        identity=identity,
        metrics=metrics,
        health=health,
        starter=starter,
        learned=learned,
        chronicles=chronicles,
        options=options,
        by_socket=by_socket,
        stopping=asyncio.Event(),
    )


def _services(
    base: _Base, settings: Settings, live: LiveConfiguration, *, clusters: Clusters, alertmanager: Alertmanager | None
) -> Services:
    options = base.options
    return Services(
        store=base.store,
        forget=base.starter.forget,
        slack=base.slack,
        clusters=clusters,
        configuration=lambda: live.current,
        concurrency=ConcurrencyLimits.of(turns=settings.jobs_concurrency, clusters=len(clusters.names)),
        metrics=base.metrics,
        language=settings.lang,
        audit_channel=settings.audit_channel,
        repeat_window=timedelta(minutes=settings.incident_window),
        deadline=settings.deadline,
        verify_pace=options.verify_pace,
        verify_within=options.verify_within,
        looks=options.looks,
        clock=options.clock,
        changed=base.chronicles.changed,
        learned=base.learned,
        alertmanager=alertmanager,
    )


async def _launched(work: AsyncExitStack, services: Services, base: _Base, settings: Settings) -> Jobs:
    """Start the job engine; it recovers this replica's unfinished jobs at once."""
    reports = failure_reports(services, base.starter.start)
    options = base.options
    alerts = alert_jobs(services, base.starter.start, window_s=options.alert_window_s, update_s=options.alert_update_s)
    watch = watch_jobs(services, posts_per_hour=settings.watch_posts_per_hour)
    jobs = Jobs(
        url=settings.jobs_url,
        executor=settings.replica,
        version=base.options.jobs_version,
        workflows=workflows(services, base.chronicles, reports, alerts, watch),
        concurrency=settings.jobs_concurrency,
        failed=reports.report,
        watch=base.metrics.job,
        turn_of=turn_of,
    )
    base.starter.jobs = jobs
    await jobs.launch()
    work.push_async_callback(jobs.close, drain=settings.drain)
    return jobs


def _slack_surface(
    base: _Base, services: Services, job_intake: JobIntake, settings: Settings, missed_events: MissedEvents
) -> SlackSurface:
    submissions = Submissions(
        store=base.store,
        job_intake=job_intake,
        admission=Admission(store=base.store, limit=base.options.person_requests),
        clock=services.clock,
        metrics=base.metrics,
    )
    start = base.starter.start
    gestures = GestureIntake(store=base.store, identity=base.identity, start=start)
    form = AskDialog(services=services)
    return SlackSurface(
        identity=base.identity,
        intake=MessageIntake(
            store=base.store,
            start=job_intake.start_now,
            submissions=submissions,
            engine=services.engine,
            notices=RefusalNotices(services=services),
            clock=services.clock,
            metrics=base.metrics,
        ),
        recorder=ChannelRecorder(store=base.store, jobs=base.chronicles, identity=base.identity),
        commands=CommandListener(
            submissions=submissions,
            mutes=Mutes(services=services),
            incidents=incident_commands(services, base.chronicles),
            learned=LearnedCommands(services=services, start=start),
            channels=ChannelAnswersWorkflow(services=services),
            form=form,
            language=settings.lang,
        ),
        shortcuts=ShortcutListener(
            submissions=submissions,
            gestures=gestures,
            start=start,
            slack=base.slack,
            identity=base.identity,
            language=settings.lang,
        ),
        gestures=gestures,
        start=job_intake.start_now,
        presses=PressListener(
            PressIntake(
                services=services,
                start=job_intake.start_now,
                identity=base.identity,
                submissions=submissions,
                form=form,
            )
        ),
        health=base.health,
        missed_events=missed_events,
    )


def _upkeep(base: _Base, jobs: Jobs, settings: Settings, missed_events: MissedEvents) -> Upkeep:
    return Upkeep(
        store=base.store,
        jobs=jobs,
        start=base.starter.start,
        chronicles=base.chronicles,
        nudges=NudgeJobs(
            store=base.store, start=base.starter.start, patterns=settings.nudges, clock=base.options.clock
        ),
        missed_events=missed_events,
        executor=settings.replica,
        version=base.options.jobs_version,
        kept=timedelta(days=settings.retention_days),
        beat_s=base.options.beat_s,
        metrics=base.metrics,
        reports=settings.schedules,
        feedback=settings.feedback_schedule,
        team=base.identity.team,
        clock=base.options.clock,
    )


def _alerts_webhook(base: _Base, services: Services, intake: JobIntake, settings: Settings) -> AlertsWebhook:
    return AlertsWebhook(
        credentials=AlertCredentials(
            token=settings.alerts_token.get_secret_value(),
            user=settings.alerts_user,
            password=settings.alerts_password.get_secret_value(),
        ),
        routes=lambda: services.configuration().alert_routes,
        clusters=frozenset(services.clusters.names),
        store=base.store,
        intake=intake,
        metrics=base.metrics,
        clock=services.clock,
        stopping=base.stopping.is_set,
    )


def _watcher(base: _Base, jobs: Jobs, settings: Settings, clusters: Clusters) -> Watcher:
    return Watcher(
        store=base.store,
        start=base.starter.start,
        clusters=clusters,
        places=settings.watched,
        executor=settings.replica,
        team=base.identity.team,
        clock=base.options.clock,
        lasting=timedelta(minutes=settings.watch_after),
        lease=base.options.watch_lease,
        well=base.options.watch_well,
        every=min(base.options.beat_s, LOOK_S),
        count=base.metrics.watch_changed,
    )


def _web(
    base: _Base, readiness: Readiness, bolt: CountedApp, settings: Settings, further: Sequence[Route]
) -> web.Application:
    """Return the HTTP application; in Socket Mode it has no Slack routes."""
    routes = (
        ()
        if base.by_socket
        else slack_routes(
            bolt,
            arrivals=base.health,
            signing_secret=settings.slack_signing_secret.get_secret_value(),
            stopping=base.stopping.is_set,
        )
    )
    return web_application(ready=coalesced(readiness.look), measured=base.metrics.exposed, routes=(*routes, *further))


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
