"""Run durable jobs that survive their process. Only this package knows the engine (DBOS)."""

from bot.jobs.contract import (
    JOBS_VERSION,
    FailureHandler,
    JobGivenUp,
    JobRun,
    JobsUnavailable,
    JobTurn,
    JobUrgency,
    Json,
    StartJob,
    StepFailed,
    Workflow,
)
from bot.jobs.jobs import Jobs

__all__ = [
    "JOBS_VERSION",
    "FailureHandler",
    "JobGivenUp",
    "JobRun",
    "JobTurn",
    "JobUrgency",
    "Jobs",
    "JobsUnavailable",
    "Json",
    "StartJob",
    "StepFailed",
    "Workflow",
]
