"""Give each workspace its own part of the jobs: the ids of its jobs begin with its own id.

The engine, its slots and its database are shared. A workspace sees the jobs it started and nothing else; without an id
it is the only one, and its jobs have no prefix.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final

import structlog

from bot.jobs.contract import FailureHandler, JobRun, JobTurn, Workflow, split_id
from bot.jobs.jobs import Jobs
from intents.domain import Json

_log: Final = structlog.get_logger(__name__)


class ScopedJobs:
    """The jobs of one workspace."""

    def __init__(self, jobs: Jobs, workspace: str = "") -> None:
        self._jobs = jobs
        self._workspace = workspace
        self._prefix = f"{workspace}/" if workspace else ""
        # Returns whether jobs wait to be started here.
        self.accepted: Callable[[], bool] = lambda: False
        jobs.waiting.add(self._waits)

    def _waits(self) -> bool:
        return self.accepted()

    def has_room(self) -> bool:
        """Return whether a further unasked job would soon get a slot."""
        return self._jobs.has_room(self._workspace)

    async def until_calm(self, turn: JobTurn) -> None:
        """Wait until a further job may start without a delay of acknowledgements."""
        await self._jobs.until_calm(turn)

    def may_start(self, person: str) -> bool:
        """Return whether few enough jobs of a person wait for a slot."""
        return self._jobs.may_start(person)

    def turn_of(self, kind: str, payload: Json) -> JobTurn:
        """Return the turn of a job."""
        return self._jobs.turn_of(kind, payload).within(self._workspace)

    def check_bound(self, kind: str, payload: Json) -> None:
        """Raise TooManyJobs if the person of this job has too many waiting ones."""
        self._jobs.check_bound(self.turn_of(kind, payload))

    async def start(self, kind: str, id: str, payload: Json, *, within: float = 1.2) -> None:
        """Record a job and start it. See `Jobs.start`."""
        await self._jobs.start(kind, f"{self._prefix}{id}", payload, within=within)

    async def unfinished(self, kind: str) -> tuple[str, ...]:
        """Return the ids of the unfinished jobs of a kind, in any process."""
        found = await self._jobs.unfinished(kind)
        if not self._prefix:
            return tuple(id for id in found if not split_id(id)[0])
        return tuple(id.removeprefix(self._prefix) for id in found if id.startswith(self._prefix))

    async def forget(self, id: str, *, keeping: str) -> bool:
        """Delete the finished jobs of a request. See `Jobs.forget`."""
        return await self._jobs.forget(f"{self._prefix}{id}", keeping=keeping)

    def close(self) -> None:
        """Forget that jobs of the workspace may wait here."""
        self._jobs.waiting.discard(self._waits)


@dataclass(frozen=True, slots=True, kw_only=True)
class JobHandlers:
    """The workflows of a workspace by kind, and what is called with its failed jobs."""

    workflows: Mapping[str, Workflow]
    failed: FailureHandler


FindHandlers = Callable[[str], Awaitable[JobHandlers | None]]


class JobRouter:
    """Takes each job to its workspace. `find` returns the handlers of one, None if it is not served."""

    def __init__(self, find: FindHandlers) -> None:
        self._find = find

    def workflow(self, kind: str) -> Workflow:
        """Return the workflow of a kind for all workspaces; a job of a workspace that is not served does nothing."""

        async def run(run: JobRun, payload: Json) -> Json | None:
            handlers = await self._find(run.workspace)
            if handlers is None:
                _log.warning("job_of_unserved_workspace", kind=kind, workspace=run.workspace)
                return None
            return await handlers.workflows[kind](run, payload)

        return run

    async def failed(self, kind: str, id: str, payload: Json, error: Exception) -> None:
        """Take a failed job to its workspace."""
        workspace, own = split_id(id)
        if (handlers := await self._find(workspace)) is not None:
            await handlers.failed(kind, own, payload, error)
