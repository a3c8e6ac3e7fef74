"""Define the terms of durable work for the rest of the bot, independent of the engine."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Any, ClassVar, Final, Protocol

from bot.common.portable import Portable
from intents.domain import Json

# Raise by hand when a workflow body changes its steps or their order: unfinished jobs then start again.
JOBS_VERSION: Final = "1"


_PREFIX: Final = re.compile(r"([TE][A-Z0-9]{2,30})/")


def split_id(id: str) -> tuple[str, str]:
    """Return the workspace ("" for the only one) of a job's id, and the rest."""
    found = _PREFIX.match(id)
    return (found[1], id[found.end() :]) if found else ("", id)


class JobPayload(Portable):
    """Base of frozen dataclasses, one for each kind of job: what it is started with. Recorded as JSON, redacted."""

    __slots__ = ()

    # Recorded with each job: another name needs a new JOBS_VERSION.
    kind: ClassVar[str]


class JobRun(Protocol):
    """A job in flight, passed to its workflow body.

    A body only orchestrates: calls to the outside, clocks and random numbers belong into steps. After a crash the body
    runs again from the top, and recorded steps return their recorded results.
    """

    @property
    def id(self) -> str:
        """Return the id the job was started with, the same in every re-run; idempotency keys are built from it."""

    @property
    def workspace(self) -> str:
        """Return the workspace that started the job, "" for the only one."""

    async def step(self, name: str, do: Callable[..., Awaitable[Json | None]], *args: Any) -> Json | None:
        """Run `do(*args)` at least once and record its small JSON result; the arguments are not recorded.

        An exception is recorded too, without its text: it is raised here, and a re-run raises `StepFailed` in its
        place. A step whose failures must be distinguished later therefore returns them.
        """

    async def sleep(self, seconds: float) -> None:
        """Wait, also through restarts. A sleeping job does not count against the concurrency limit."""


class JobUrgency(IntEnum):
    """The order in which waiting jobs get a slot. People look at a dialog while an interactive one runs."""

    INTERACTIVE = 0
    ASKED = 1
    UNASKED = 2
    BACKGROUND = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class JobTurn:
    """The person and channel that a job is counted to, and its urgency.

    `bounded`: a real person, who may have only so many jobs waiting. `workspace`: "" for the only one.
    """

    person: str = ""
    channel: str = ""
    urgency: JobUrgency = JobUrgency.UNASKED
    bounded: bool = False
    workspace: str = ""

    def within(self, workspace: str) -> JobTurn:
        """Return the turn in one of several workspaces; people of different ones are never the same."""
        if not workspace:
            return self
        person, channel = (name and f"{workspace}/{name}" for name in (self.person, self.channel))
        return replace(self, person=person, channel=channel, workspace=workspace)


Workflow = Callable[[JobRun, Json], Awaitable[Json | None]]
# Starts a job: id, payload.
StartJob = Callable[[str, JobPayload], Awaitable[None]]
# Called with kind, id, payload and error once a job has failed for good, so that the requester gets a reply.
FailureHandler = Callable[[str, str, Json, Exception], Awaitable[None]]
# Wraps each body that runs: its kind, and whether it was recovered from an earlier process. Exceptions pass through.
JobObserver = Callable[[str, bool], AbstractContextManager[None]]


# Returns the turn of a job from its kind and payload.
TurnOf = Callable[[str, Json], JobTurn]


def nobody_in_particular(_kind: str, _payload: Json) -> JobTurn:
    """Count all jobs to one person; used where fairness does not matter."""
    return JobTurn(urgency=JobUrgency.INTERACTIVE)


def ignore_job(_kind: str, _recovered: bool) -> AbstractContextManager[None]:
    """Ignore the job; used where nobody observes jobs."""
    return nullcontext()


class JobsUnavailable(Exception):
    """Nothing can be recorded now, so nothing may be promised. `str()` is one clear line."""


class TooManyJobs(JobsUnavailable):
    """One person has `limit` jobs waiting; this one was not recorded."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"{limit} jobs of one person are waiting")
        self.limit = limit


class StepFailed(Exception):
    """A step that failed before the last crash; `str()` is the name of the error's type."""


class JobGivenUp(Exception):
    """A job was in flight at many process ends for a long time, or this version does not know its kind."""
