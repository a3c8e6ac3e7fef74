"""Durable work: jobs that outlive the process that began them. The only room that knows the engine (DBOS)."""

from bot.jobs.contract import (
    JOBS_VERSION,
    Failed,
    JobGivenUp,
    JobsUnavailable,
    Json,
    Run,
    StartJob,
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
    "StartJob",
    "StepFailed",
    "Workflow",
]
