"""Run durable jobs that survive their process. Only this package knows the engine (DBOS)."""

from bot.jobs.contract import (
    JOBS_VERSION,
    JobGivenUp,
    JobPayload,
    JobRun,
    JobsUnavailable,
    JobTurn,
    JobUrgency,
    StartJob,
    StepFailed,
    TooManyJobs,
    Workflow,
)
from bot.jobs.intake import JobIntake
from bot.jobs.jobs import Jobs

__all__ = [
    "JOBS_VERSION",
    "JobGivenUp",
    "JobIntake",
    "JobPayload",
    "JobRun",
    "JobTurn",
    "JobUrgency",
    "Jobs",
    "JobsUnavailable",
    "StartJob",
    "StepFailed",
    "TooManyJobs",
    "Workflow",
]
