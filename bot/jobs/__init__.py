"""Run durable jobs that survive their process. Only this package knows the engine (DBOS)."""

from intents.lean_imports import postpone

# ruff: noqa: E402 - imported after this and the store, the engine loads neither a command line nor PostgreSQL's drivers
# unless that database is used.
postpone("click")

import bot.store
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
from bot.jobs.intake import SWEEP_EVERY_S, JobIntake
from bot.jobs.jobs import Jobs
from bot.jobs.scoped import JobHandlers, JobRouter, ScopedJobs
