"""Define the clock, intervals and limits of the running app. Tests and the playground change the defaults."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bot.app.reload import CHECK_S as RELOAD_S
from bot.app.upkeep import BEAT_S
from bot.jobs import JOBS_VERSION
from bot.overviews.watched_rows import WELL
from bot.remedies.step_runner import LOOKS
from bot.remedies.verification import PACE, VERIFY_S, Pace
from bot.slack.pacer import Limits
from bot.store.watch_posts import LEASE
from bot.surfaces.slack.health import CHECK_S
from bot.telemetry import METRICS_EVERY_S
from bot.workflows.alert_groups import WINDOW_S
from bot.workflows.alert_posts import UPDATE_EVERY_S
from bot.workflows.chronicle.chronicle_jobs import SLOT_S
from bot.workflows.learned_entries import REFRESH_S
from bot.workflows.submissions import PERSON_REQUESTS


@dataclass(frozen=True, slots=True, kw_only=True)
class RuntimeOptions:
    """Intervals and limits that no setting changes."""

    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    jobs_version: str = JOBS_VERSION
    """The version of the job records. Unfinished jobs of another version are started again from the beginning."""
    verify_pace: Pace = PACE
    """The pace of verification: seconds between two checks, and how long a good state must last."""
    verify_within: float = VERIFY_S
    """The deadline of verification in seconds: then the answer reports whether the remedy helped."""
    looks: Sequence[float] = LOOKS
    """Seconds before each check for a write whose response was lost."""
    person_requests: int = PERSON_REQUESTS
    """The number of unanswered requests one person may have."""
    slack_limits: Limits | None = None
    """The rate limits for calls to Slack; None: the defaults."""
    summary_slot_s: float = SLOT_S
    """The slot in seconds: one edit shows all changes of an incident channel within it."""
    beat_s: float = BEAT_S
    """Seconds between two rounds of upkeep."""
    reload_s: float = RELOAD_S
    """Seconds between two checks of the files of the policy, the channel defaults and the catalog."""
    learned_s: float = REFRESH_S
    """Seconds between two looks for the saved incidents of other replicas."""
    slack_check_s: float = CHECK_S
    """Seconds without a call to Slack after which `auth.test` checks whether Slack responds."""

    telemetry_s: float = METRICS_EVERY_S
    """Seconds between two exports of the metrics to the OpenTelemetry collector."""
    alert_window_s: float = WINDOW_S
    """The seconds in which alerts are collected before their causes are looked for."""
    alert_update_s: float = UPDATE_EVERY_S
    """The least seconds between two updates of a post about alerts."""
    watch_look_s: float = 5.0
    """Seconds between two rounds of the watch."""
    watch_lease: timedelta = LEASE
    """The time without a renewal after which another process watches a cluster."""
    watch_well: timedelta = WELL
    """The time that objects must be well before the post of the watch says that their trouble is over."""


DEFAULT_OPTIONS = RuntimeOptions()
