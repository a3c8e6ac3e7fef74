"""Define how fast the app works and which clock it uses. Tests and the playground change the defaults."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from bot.app.reload import CHECK_S as RELOAD_S
from bot.app.upkeep import BEAT_S
from bot.jobs import JOBS_VERSION
from bot.remedies.step_runner import LOOKS
from bot.remedies.verification import PACE, VERIFY_S, Pace
from bot.slack.limits import Limits
from bot.surfaces.slack.health import CHECK_S
from bot.workflows.admission import PERSON_REQUESTS
from bot.workflows.chronicle.chronicle_jobs import SLOT_S


@dataclass(frozen=True, slots=True, kw_only=True)
class RuntimeOptions:
    """Intervals and limits that no setting changes."""

    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    jobs_version: str = JOBS_VERSION
    """Unfinished jobs that another version left are begun anew."""
    verify_pace: Pace = PACE
    """When a remedy is believed to have helped."""
    verify_within: float = VERIFY_S
    """Seconds within which it is said whether a remedy has helped."""
    looks: Sequence[float] = LOOKS
    """Seconds before each look for a write whose answer was lost."""
    person_requests: int = PERSON_REQUESTS
    """How many unanswered requests one person may have."""
    slack_limits: Limits | None = None
    """How fast Slack may be called."""
    summary_slot_s: float = SLOT_S
    """Within so many seconds all that changes in an incident channel is shown by one edit."""
    beat_s: float = BEAT_S
    """Seconds between two rounds of upkeep."""
    reload_s: float = RELOAD_S
    """Seconds between two looks at the files of the policy, the channel defaults and the catalog."""
    slack_check_s: float = CHECK_S
    """After so many seconds of silence Slack is asked whether it is there."""


DEFAULT_TUNING = RuntimeOptions()
