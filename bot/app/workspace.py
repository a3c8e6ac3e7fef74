"""Compose what serves one workspace: its store, its Slack, its workflows, listeners and upkeep.

A process serves one workspace whose token it was given, or all that installed the app. They share clusters, catalog and
job engine (`SharedParts`), and nothing else: no part of one workspace can name a part of another.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from typing import Final

from aiohttp import web

from bot.alertmanager import Alertmanager
from bot.app.programs import program_routes
from bot.app.reload import LiveConfiguration
from bot.app.runtime_options import RuntimeOptions
from bot.app.upkeep import Upkeep
from bot.app.watcher import Watcher
from bot.cluster.clusters import Clusters
from bot.common.background import in_background
from bot.jobs import SWEEP_EVERY_S, JobHandlers, JobIntake, JobPayload, Jobs, ScopedJobs
from bot.metrics import Metrics
from bot.settings import Settings
from bot.slack.client import Identity, Slack
from bot.slack.errors import SlackError
from bot.slack.web_client import web_client
from bot.store import Store
from bot.surfaces.alerts_webhook import AlertCredentials, AlertsWebhook
from bot.surfaces.slack.arrivals import CountedApp, bolt_app
from bot.surfaces.slack.channel_recorder import ChannelRecorder
from bot.surfaces.slack.commands import CommandListener, ShortcutListener
from bot.surfaces.slack.gesture_intake import GestureIntake
from bot.surfaces.slack.health import MissedEvents, SlackHealth
from bot.surfaces.slack.message_intake import MessageIntake
from bot.surfaces.slack.press_intake import PressIntake
from bot.surfaces.slack.presses import PressListener
from bot.surfaces.slack.surface import SlackSurface
from bot.surfaces.web import Route
from bot.workflows.ask_dialog import AskDialog
from bot.workflows.channel_answers import ChannelAnswersWorkflow
from bot.workflows.chronicle.chronicle_jobs import ChronicleJobs
from bot.workflows.chronicle.nudges import NudgeJobs
from bot.workflows.feedback import Mutes
from bot.workflows.learned_entries import LearnedEntries
from bot.workflows.registry import alert_jobs, failure_reports, incident_commands, watch_jobs, workflows
from bot.workflows.saved_incidents import LearnedCommands
from bot.workflows.services import ConcurrencyLimits, Services
from bot.workflows.submissions import Admission, RefusalNotices, Submissions

# Each of several workspaces asks Slack this many times less often whether its token is valid.
_ASKED_LESS: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedParts:
    """The parts that all workspaces of a process share. `jobs` may not be launched yet."""

    options: RuntimeOptions
    clusters: Clusters
    metrics: Metrics
    jobs: Jobs
    alertmanager: Alertmanager | None
    concurrency: ConcurrencyLimits
    by_socket: bool
    stopping: asyncio.Event = field(default_factory=asyncio.Event)


class WorkspaceApp:
    """The app in one workspace, or in one organisation that installed it for all of its workspaces.

    Create it before the job engine is launched, which takes recovered jobs to its `handlers`; enter `serving` after.
    """

    def __init__(
        self,
        shared: SharedParts,
        settings: Settings,
        live: LiveConfiguration,
        *,
        store: Store,
        slack: Slack,
        identity: Identity,
        health: SlackHealth,
        learned: LearnedEntries,
        id: str = "",
        removed: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        """Compose the parts. `id` names it among several, "" for the only one; `removed` is called when Slack says that
        the app was uninstalled.
        """
        self.id = id
        self._removed = removed
        self.live, self.store, self.slack, self.identity = live, store, slack, identity
        self.health, self.learned = health, learned
        self.jobs = ScopedJobs(shared.jobs, id)
        self._shared, self._settings = shared, settings
        self.intake = JobIntake(jobs=self.jobs, store=store.accepted_jobs, sweep_every_s=None if id else SWEEP_EVERY_S)
        self._missed_events = MissedEvents(store=store, clock=shared.options.clock)
        self._chronicles = ChronicleJobs(
            store=store,
            start=self._start,
            accept=self.intake.start,
            patterns=settings.incident_channels,
            clock=shared.options.clock,
            slot_s=shared.options.summary_slot_s,
        )
        self._services = self._composed_services()
        self.handlers = self._composed_handlers()
        self.watcher = self._composed_watcher()
        self.upkeep = self._composed_upkeep()
        self._used = asyncio.Event()
        # Where Alertmanager and programs ask, while it serves.
        self.routes: tuple[Route, ...] = ()

    def connected_by(self, connected: Callable[[], Awaitable[bool]]) -> None:
        """Note how to ask whether Socket Mode is connected."""
        self._missed_events.connected = self.health.connected = connected

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        """Start jobs, upkeep and watches in the background of the block. Among several, `TakenInTurn` does upkeep."""
        options = self._shared.options
        async with AsyncExitStack() as work:
            work.callback(self.jobs.close)
            await work.enter_async_context(self.intake.running())
            if self.id:
                work.callback(self.upkeep.forget)
            else:
                await work.enter_async_context(self.upkeep.running())
                await work.enter_async_context(in_background(self.learned.keep_current(every=options.learned_s)))
                self._used.set()
            keep_asking = self.health.keep_asking(self.slack.greet, every=self._asked_every_s)
            await work.enter_async_context(in_background(keep_asking))
            await work.enter_async_context(in_background(self._learn_names()))
            await work.enter_async_context(in_background(self.watcher.run()))
            programs = program_routes(
                self._services, self._settings, team=self.identity.team, stopping=self._shared.stopping.is_set
            )
            self.routes = (*self._composed_alerts().route(), *await work.enter_async_context(programs))
            yield

    async def is_refused(self) -> bool:
        """Tell whether Slack refuses the token."""
        with suppress(SlackError):
            await self.slack.greet()
        return self.slack.token_refused

    async def answer(self, request: web.Request, *, path: str) -> web.StreamResponse:
        """Answer what Alertmanager or a program asks at a path. Raise HTTPNotFound."""
        within = request.clone(rel_url=request.rel_url.with_path(path, keep_query=True))
        for route in self.routes:
            if route.takes(within):
                return await route.handle(within)
        raise web.HTTPNotFound(text="not found")

    @cached_property
    def bolt(self) -> CountedApp:
        """Return Bolt's app with all listeners."""
        bolt = bolt_app(
            web_client(api_url=self._settings.slack_api_url),
            identity=self.identity,
            signing_secret=self._settings.slack_signing_secret.get_secret_value(),
            delivered=self._shared.metrics.delivered,
        )
        self._composed_surface().register(bolt)
        self._used.set()
        return bolt

    async def _learn_names(self) -> None:
        """List people and channels, among several workspaces once somebody uses the app there."""
        await self._used.wait()
        await self.slack.learn_names()

    @property
    def _asked_every_s(self) -> float:
        every = self._shared.options.slack_check_s
        # Not all of them at the same time.
        return every * _ASKED_LESS * random.uniform(0.75, 1.25) if self.id else every

    def _composed_alerts(self) -> AlertsWebhook:
        settings, services = self._settings, self._services
        return AlertsWebhook(
            credentials=AlertCredentials(
                token=settings.alerts_token.get_secret_value(),
                user=settings.alerts_user,
                password=settings.alerts_password.get_secret_value(),
            ),
            routes=lambda: services.configuration().alert_routes,
            clusters=frozenset(services.clusters.names),
            store=self.store,
            intake=self.intake,
            metrics=self._shared.metrics,
            clock=services.clock,
            stopping=self._shared.stopping.is_set,
        )

    async def _revoked(self) -> None:
        if self._removed is None:
            self.health.revoked()
        else:
            await self._removed()

    async def _start(self, id: str, payload: JobPayload) -> None:
        await self.jobs.start(payload.kind, id, payload.as_json())

    async def _forget(self, request: str) -> bool:
        """Delete the records of a request's jobs. Return whether none is left, except for the job that asks."""
        # Looked at first: a job is recorded by the engine before its row here is deleted. A row that is left would
        # start the job again after the next restart.
        accepted = await self.store.accepted_jobs.has_jobs_of(request, besides="withdraw")
        return await self.jobs.forget(request, keeping="withdraw") and not accepted

    def _composed_services(self) -> Services:
        settings, shared, options = self._settings, self._shared, self._shared.options
        return Services(
            store=self.store,
            forget=self._forget,
            slack=self.slack,
            clusters=shared.clusters,
            configuration=lambda: self.live.current,
            concurrency=shared.concurrency,
            metrics=shared.metrics,
            language=settings.lang,
            audit_channel=settings.audit_channel,
            repeat_window=timedelta(minutes=settings.incident_window),
            deadline=settings.deadline,
            verify_pace=options.verify_pace,
            verify_within=options.verify_within,
            looks=options.looks,
            clock=options.clock,
            changed=self._chronicles.changed,
            learned=self.learned,
            alertmanager=shared.alertmanager,
        )

    def _composed_handlers(self) -> JobHandlers:
        services, start, options = self._services, self._start, self._shared.options
        reports = failure_reports(services, start)
        alerts = alert_jobs(services, start, window_s=options.alert_window_s, update_s=options.alert_update_s)
        watch = watch_jobs(services, posts_per_hour=self._settings.watch_posts_per_hour)
        return JobHandlers(
            workflows=workflows(services, self._chronicles, reports, alerts, watch), failed=reports.report
        )

    def _composed_surface(self) -> SlackSurface:
        services, settings = self._services, self._settings
        start, start_now = self._start, self.intake.start_now
        submissions = Submissions(
            store=self.store,
            job_intake=self.intake,
            admission=Admission(store=self.store, limit=self._shared.options.person_requests),
            clock=services.clock,
            metrics=services.metrics,
        )
        gestures = GestureIntake(store=self.store, identity=self.identity, start=start)
        form = AskDialog(services=services)
        return SlackSurface(
            identity=self.identity,
            intake=MessageIntake(
                store=self.store,
                start=start_now,
                submissions=submissions,
                engine=services.engine,
                notices=RefusalNotices(services=services),
                clock=services.clock,
                metrics=services.metrics,
            ),
            recorder=ChannelRecorder(store=self.store, jobs=self._chronicles, identity=self.identity),
            commands=CommandListener(
                submissions=submissions,
                mutes=Mutes(services=services),
                incidents=incident_commands(services, self._chronicles),
                learned=LearnedCommands(services=services, start=start),
                channels=ChannelAnswersWorkflow(services=services),
                form=form,
                language=settings.lang,
            ),
            shortcuts=ShortcutListener(
                submissions=submissions,
                gestures=gestures,
                start=start,
                slack=self.slack,
                identity=self.identity,
                language=settings.lang,
            ),
            gestures=gestures,
            start=start_now,
            presses=PressListener(
                PressIntake(
                    services=services, start=start_now, identity=self.identity, submissions=submissions, form=form
                )
            ),
            revoked=self._revoked,
            missed_events=self._missed_events,
        )

    def _composed_upkeep(self) -> Upkeep:
        settings, shared = self._settings, self._shared
        return Upkeep(
            store=self.store,
            jobs=self.jobs,
            start=self._start,
            chronicles=self._chronicles,
            nudges=NudgeJobs(store=self.store, start=self._start, patterns=settings.nudges, clock=shared.options.clock),
            missed_events=self._missed_events,
            kept=timedelta(days=settings.retention_days),
            beat_s=shared.options.beat_s,
            metrics=shared.metrics,
            reports=settings.schedules,
            feedback=settings.feedback_schedule,
            team=self.identity.team,
            clock=shared.options.clock,
        )

    def _composed_watcher(self) -> Watcher:
        settings, options = self._settings, self._shared.options
        return Watcher(
            store=self.store,
            start=self._start,
            clusters=self._shared.clusters,
            places=settings.watched,
            executor=settings.replica,
            team=self.identity.team,
            clock=options.clock,
            lasting=timedelta(minutes=settings.watch_after),
            lease=options.watch_lease,
            well=options.watch_well,
            every=options.watch_look_s,
            count=self._shared.metrics.watch_changed,
        )
