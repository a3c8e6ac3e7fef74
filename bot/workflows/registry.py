"""Give every kind of job its workflow."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from itertools import chain
from typing import TypeVar

from bot.jobs import JobPayload, JobRun, StartJob, Workflow
from bot.workflows import incident_payloads as incidents
from bot.workflows import job_payloads as jobs
from bot.workflows.alert_groups import AlertGroupWorkflow
from bot.workflows.alert_posts import AlertPostWorkflow, run_alert_over
from bot.workflows.answer import AnswerWorkflow, PickWorkflow
from bot.workflows.channel_answers import take_channel_answers
from bot.workflows.chronicle.backfill import BackfillWorkflow
from bot.workflows.chronicle.chronicle_jobs import ChronicleJobs, IncidentStartWorkflow, tell_archiver, tell_remover
from bot.workflows.chronicle.documents import catch_up
from bot.workflows.chronicle.gestures import correct_fact, mark_message, mark_view
from bot.workflows.chronicle.incident_changes import IncidentChangeWorkflow, resolution_view
from bot.workflows.chronicle.incident_commands import IncidentCommands
from bot.workflows.chronicle.nudges import run_nudge
from bot.workflows.chronicle.pinned_summary import SummaryWorkflow
from bot.workflows.cluster_choice import ClusterChooser
from bot.workflows.dialogs import fill_dialog
from bot.workflows.failure_reports import FailureReports
from bot.workflows.feedback import take_correction, take_opinion
from bot.workflows.health_now import HealthNow, fill_page
from bot.workflows.home import HomeWorkflow
from bot.workflows.message_poster import MessagePoster
from bot.workflows.pane import PaneWorkflow
from bot.workflows.press_records import PlanClaims, PressRecorder
from bot.workflows.remedy import RemedyWorkflow, preview_view
from bot.workflows.repeats import Repeats
from bot.workflows.replies import Replies
from bot.workflows.reports import post_report, report_feedback
from bot.workflows.save_dialog import save_view
from bot.workflows.saved_incidents import save_incident
from bot.workflows.services import Services, retry_step
from bot.workflows.silences import SilenceWorkflow
from bot.workflows.submissions import withdraw_answer
from bot.workflows.watch import WatchWorkflow
from bot.workflows.watch_display import WatchDisplay, WatchPressWorkflow
from intents.domain import Json

P = TypeVar("P", bound=JobPayload)
# The name of each kind of job, and its workflow for a recorded payload.
_Kinds = tuple[tuple[str, Workflow], ...]


def _job(of: type[P], run: Callable[[JobRun, P], Awaitable[Json | None]]) -> tuple[str, Workflow]:
    async def workflow(job_run: JobRun, kept: Json) -> Json | None:
        return await run(job_run, of.from_json(kept))

    return of.kind, workflow


def _step(of: type[P], name: str, do: Callable[[P], Awaitable[Json | None]]) -> tuple[str, Workflow]:
    """Return a kind of job that is one step."""
    return _job(of, lambda run, payload: retry_step(run, name, do, payload))


def _named_step(of: type[P], name: str, do: Callable[[P, str], Awaitable[Json | None]]) -> tuple[str, Workflow]:
    """Return a kind of job that is one step, which gets the job's id too: what it posts is named after it."""
    return _job(of, lambda run, payload: retry_step(run, name, do, payload, run.id))


def alert_jobs(services: Services, start: StartJob, *, window_s: float, update_s: float) -> _Kinds:
    """Return the jobs of alerts from Alertmanager."""
    silences = SilenceWorkflow(services=services, start=start)
    return (
        _job(jobs.SilenceJob, silences.silence),
        _job(jobs.SilenceDialogJob, silences.dialog),
        _job(jobs.SilenceEndJob, silences.end),
        _job(jobs.AlertGroupJob, AlertGroupWorkflow(services=services, start=start, window_s=window_s).run),
        _job(jobs.AlertPostJob, AlertPostWorkflow(services=services, start=start, every_s=update_s).run),
    )


def watch_jobs(services: Services, *, posts_per_hour: int) -> _Kinds:
    """Return the jobs of the watch."""
    display = WatchDisplay(services=services, budget=posts_per_hour)
    watch = WatchWorkflow(services=services, display=display)
    return (
        _step(jobs.WatchJob, "look", watch.look),
        _step(jobs.WatchOverJob, "over", watch.over),
        _step(jobs.WatchPressJob, "take", WatchPressWorkflow(services=services, display=display).take),
    )


def incident_commands(services: Services, chronicles: ChronicleJobs) -> IncidentCommands:
    """Return the handler of incident commands, for the surface and for mentions."""
    return IncidentCommands(services=services, start=chronicles.start)


def failure_reports(services: Services, start: StartJob) -> FailureReports:
    """Return the reporter of jobs that failed for good."""
    poster = MessagePoster(services=services)
    recorder = PressRecorder(services=services, poster=poster)
    return FailureReports(services=services, poster=poster, recorder=recorder, start=start)


def workflows(
    services: Services, chronicles: ChronicleJobs, reports: FailureReports, *configured: _Kinds
) -> Mapping[str, Workflow]:
    """Return every kind of job with its workflow; `configured` are those with options of their own."""
    poster, health = MessagePoster(services=services), HealthNow(services=services)
    home, pane = HomeWorkflow(services=services, health=health), PaneWorkflow(services=services, health=health)
    return dict((
        _job(jobs.FailureJob, reports.run),
        _named_step(jobs.FeedbackReportJob, "report", partial(report_feedback, services)),
        _job(jobs.HomeJob, partial(fill_page, services, "publish", home.publish)),
        _job(jobs.PaneJob, partial(fill_page, services, "suggest", pane.suggest)),
        _job(jobs.ReportJob, partial(post_report, services)),
        _job(jobs.SaveDialogJob, partial(fill_dialog, services, partial(save_view, services))),
        _job(jobs.SaveJob, partial(save_incident, services)),
        *_answers(services, poster),
        *_remedies(services, poster),
        *_channels(services, chronicles),
        *chain.from_iterable(configured),
    ))  # fmt: skip


def _answers(services: Services, poster: MessagePoster) -> _Kinds:
    answers = AnswerWorkflow(
        services=services,
        poster=poster,
        repeats=Repeats(services=services, poster=poster),
        replies=Replies(services=services, cluster_chooser=ClusterChooser(services=services)),
    )
    return (
        _job(jobs.AlertOverJob, partial(run_alert_over, services)),
        _job(jobs.AnswerJob, answers.run),
        _step(jobs.ChannelAnswersJob, "take", partial(take_channel_answers, services)),
        _step(jobs.CorrectionJob, "take", partial(take_correction, services)),
        _job(jobs.OpinionJob, partial(take_opinion, services)),
        _job(jobs.PickJob, PickWorkflow(services=services, answers=answers).run),
        _job(jobs.WithdrawJob, partial(withdraw_answer, services)),
    )


def _remedies(services: Services, poster: MessagePoster) -> _Kinds:
    recorder = PressRecorder(services=services, poster=poster)
    claims = PlanClaims(services=services, recorder=recorder)
    return (
        _job(jobs.PreviewJob, partial(fill_dialog, services, partial(preview_view, services))),
        _job(jobs.RemedyJob, RemedyWorkflow(services=services, claims=claims, recorder=recorder).run),
    )


def _channels(services: Services, chronicles: ChronicleJobs) -> _Kinds:
    start = IncidentStartWorkflow(services=services, is_incident=chronicles.is_incident, opened=chronicles.opened)
    change = IncidentChangeWorkflow(services=services, opened=chronicles.opened)
    return (
        _named_step(incidents.ArchivedJob, "tell", partial(tell_archiver, services)),
        _job(incidents.BackfillJob, BackfillWorkflow(services=services, changed=chronicles.changed).run),
        _job(incidents.CommandJob, change.run),
        _named_step(incidents.IncidentJob, "open", start.open),
        _named_step(incidents.MentionJob, "answer", incident_commands(services, chronicles).answer_mention),
        _step(incidents.MarkJob, "mark", partial(mark_message, services)),
        _step(incidents.FactCorrectionJob, "correct", partial(correct_fact, services)),
        _job(incidents.MarkDialogJob, partial(fill_dialog, services, partial(mark_view, services))),
        _job(incidents.NudgeJob, partial(run_nudge, services)),
        _named_step(incidents.RemovedJob, "tell", partial(tell_remover, services)),
        _job(incidents.RereadJob, BackfillWorkflow(services=services, changed=chronicles.changed, missed=True).run),
        _job(incidents.ResolveDialogJob, partial(fill_dialog, services, partial(resolution_view, services))),
        _job(incidents.SummaryJob, SummaryWorkflow(services=services).run),
        _step(incidents.WelcomeJob, "tell", partial(catch_up, services)),
    )
