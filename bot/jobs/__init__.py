"""Run durable jobs that survive their process. Only this package knows the engine (DBOS)."""

from bot.jobs.contract import (
    JOBS_VERSION,
    Failed,
    JobGivenUp,
    JobsUnavailable,
    Json,
    Run,
    StepFailed,
    Workflow,
)
from bot.jobs.jobs import Jobs

__all__ = [
    "JOBS_VERSION",
    "Failed",
    "JobGivenUp",
    "Jobs",
    "JobsUnavailable",
    "Json",
    "Run",
    "StepFailed",
    "Workflow",
]
