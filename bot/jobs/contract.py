"""What jobs are made of: the words the rest of the bot uses for durable work, with nothing of the engine in them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Final, Protocol

# Bumped by hand when a workflow body changes which steps it takes, or their order: unfinished jobs then begin anew.
JOBS_VERSION: Final = "2"

Json = dict[str, Any]


class Run(Protocol):
    """A job under way, handed to its workflow body.

    A body only orchestrates: everything that touches the world, reads a clock or draws lots happens in a step. After a
    crash the body runs again from the top, and steps that were recorded return what they returned.
    """

    @property
    def id(self) -> str:
        """The id the job was started with, the same in every re-run: what idempotency keys are made of."""

    async def step(self, name: str, do: Callable[..., Awaitable[Json | None]], *args: Any) -> Json | None:
        """Run `do(*args)` at least once and record its small JSON result; the arguments are not recorded.

        What `do` raises is recorded as well, without its words: it comes through, and a re-run raises `StepFailed` at
        the same place. A step whose failure has to be told apart later therefore returns it.
        """

    async def sleep(self, seconds: float) -> None:
        """Wait, through restarts too. A sleeping job does not count against the concurrency."""


Workflow = Callable[[Run, Json], Awaitable[Json | None]]
# Starts a job: kind, id, payload.
StartJob = Callable[[str, str, Json], Awaitable[None]]
# kind, id, payload, error: told once a job has failed for good, so that whoever asked gets a visible reply.
Failed = Callable[[str, str, Json, Exception], Awaitable[None]]
# Around each body that is run: its kind, and whether an earlier process had left it. What the body raises goes through.
Watch = Callable[[str, bool], AbstractContextManager[None]]


def unwatched(_kind: str, _recovered: bool) -> AbstractContextManager[None]:
    """A `Watch` that nobody listens to."""
    return nullcontext()


class JobsUnavailable(Exception):
    """Nothing can be recorded now, so nothing may be promised. `str()` is one clear line."""


class StepFailed(Exception):
    """A step that failed before the last crash; `str()` is the name of the error's type."""


class JobGivenUp(Exception):
    """A job was tried again after too many crashes, or is of a kind this version does not know."""
