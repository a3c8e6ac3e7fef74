"""Limit how many jobs run at once, and share the slots fairly among people.

The next slot goes to the most urgent waiting job; among equally urgent ones to the workspace, then to the person, then
to the channel, that was served least recently. One person holds at most a quarter of the slots, one of several
workspaces half of them, and unasked work leaves a quarter free: neither delays a press. All waiting jobs are recorded
by the engine: after a kill they queue again here.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Final

from dbos import DBOS

from bot.jobs.contract import JobTurn, JobUrgency

# A job that waited this long counts as one degree more urgent: nothing waits for ever.
_OLDER_S: Final = 10.0
# Number of people and channels whose last turn is remembered.
_REMEMBERED: Final = 2_000


@dataclass(order=True, slots=True)
class _Waiter:
    urgency: int
    number: int
    since: float = field(compare=False)
    turn: JobTurn = field(compare=False)
    go: asyncio.Future[None] = field(compare=False)


class FairQueue:
    """Slots for `concurrency` holders. Created and used inside one running loop."""

    def __init__(self, concurrency: int) -> None:
        self._free = concurrency
        self._each = max(1, concurrency // 4)
        self._unasked = max(1, concurrency - concurrency // 4)
        self._each_workspace = max(1, concurrency // 2)
        self._waiting: dict[str, list[_Waiter]] = {}
        self._held: Counter[str] = Counter()
        self._held_unasked = 0
        self._held_in: Counter[str] = Counter()
        # Jobs that wait or hold a slot, by workspace.
        self._jobs_of: Counter[str] = Counter()
        self._numbers = itertools.count(1)
        self._served: dict[str, int] = {}

    async def acquire(self, turn: JobTurn) -> None:
        """Wait for a slot."""
        loop = asyncio.get_running_loop()
        waiter = _Waiter(
            urgency=turn.urgency, number=next(self._numbers), since=loop.time(), turn=turn, go=loop.create_future()
        )
        heapq.heappush(self._waiting.setdefault(turn.person, []), waiter)
        self._jobs_of[turn.workspace] += 1
        self._serve()
        try:
            await waiter.go
        except asyncio.CancelledError:
            if waiter.go.done() and not waiter.go.cancelled():
                self.release(turn)
            else:
                self._stop_waiting(waiter)
            raise

    def release(self, turn: JobTurn) -> None:
        """Return a slot."""
        self._free += 1
        _take_one(self._held, turn.person)
        _take_one(self._held_in, turn.workspace)
        _take_one(self._jobs_of, turn.workspace)
        self._held_unasked -= turn.urgency >= JobUrgency.UNASKED
        self._serve()

    def held(self, person: str) -> int:
        """Return how many slots a person holds."""
        return self._held[person]

    def waiting(self, person: str) -> int:
        """Return how many jobs of a person wait for a slot."""
        return len(self._waiting.get(person, ()))

    def of(self, workspace: str) -> int:
        """Return how many jobs of a workspace wait for a slot or hold one."""
        return self._jobs_of[workspace]

    def _stop_waiting(self, waiter: _Waiter) -> None:
        queue = self._waiting.get(waiter.turn.person, [])
        if waiter in queue:
            queue.remove(waiter)
            _take_one(self._jobs_of, waiter.turn.workspace)
            heapq.heapify(queue)
            if not queue:
                del self._waiting[waiter.turn.person]

    def _serve(self) -> None:
        while self._free and (waiter := self._next()):
            person = waiter.turn.person
            heapq.heappop(self._waiting[person])
            if not self._waiting[person]:
                del self._waiting[person]
            self._free -= 1
            self._held[person] += 1
            self._held_in[waiter.turn.workspace] += 1
            self._held_unasked += waiter.turn.urgency >= JobUrgency.UNASKED
            self._note_served(waiter.turn)
            waiter.go.set_result(None)

    def _note_served(self, turn: JobTurn) -> None:
        number = next(self._numbers)
        for name in (turn.person, f"#{turn.channel}", f"@{turn.workspace}"):
            self._served.pop(name, None)
            self._served[name] = number
        while len(self._served) > _REMEMBERED:
            del self._served[next(iter(self._served))]

    def _next(self) -> _Waiter | None:
        now = asyncio.get_running_loop().time()
        allowed = [
            queue[0]
            for person, queue in self._waiting.items()
            if (not person or self._held[person] < self._each)
            and (queue[0].urgency < JobUrgency.UNASKED or self._held_unasked < self._unasked)
            and self._may_serve(queue[0].turn)
        ]

        def rank(waiter: _Waiter) -> tuple[int, ...]:
            aged = max(0, waiter.urgency - int((now - waiter.since) / _OLDER_S))
            turn = waiter.turn
            names = (f"@{turn.workspace}", turn.person, f"#{turn.channel}")
            return aged, *(self._served.get(name, 0) for name in names), waiter.number

        return min(allowed, key=rank, default=None)

    def _may_serve(self, turn: JobTurn) -> bool:
        """Tell whether the workspace of a turn may hold a further slot: somebody waits for an interactive job."""
        interactive = turn.urgency == JobUrgency.INTERACTIVE
        return not turn.workspace or interactive or self._held_in[turn.workspace] < self._each_workspace


def _take_one(counts: Counter[str], name: str) -> None:
    """Count one less, and forget the name of none."""
    counts[name] -= 1
    if not counts[name]:
        del counts[name]


class JobSlots(FairQueue):
    """Counts the jobs of this process and gives them slots. Each job runs in a task of the engine."""

    def __init__(self, concurrency: int) -> None:
        super().__init__(concurrency)
        self._tasks: dict[asyncio.Task[Any], str] = {}
        self._holding: dict[asyncio.Task[Any], JobTurn] = {}
        self._asleep: set[asyncio.Task[Any]] = set()
        self._quiet = asyncio.Event()
        self._quiet.set()

    @property
    def running(self) -> int:
        """Return the number of jobs in flight or waiting for a slot, without sleeping ones."""
        return len(self._tasks) - len(self._asleep)

    @property
    def records(self) -> frozenset[str]:
        """Return the record ids of this process's jobs, sleeping ones included."""
        return frozenset(self._tasks.values())

    async def quiet(self) -> None:
        """Wait until no job is running."""
        await self._quiet.wait()

    async def take(self, turn: JobTurn) -> None:
        """Wait for a slot for the current task."""
        task = self._enter()
        self._asleep.discard(task)
        self._look()
        await self.acquire(turn)
        self._holding[task] = turn

    def give(self) -> None:
        """Release the slot of the current task."""
        turn = self._holding.pop(self._task(), None)
        if turn is not None:
            self.release(turn)

    def sleep(self) -> None:
        """Release the slot while the current task sleeps."""
        self.give()
        self._asleep.add(self._enter())
        self._look()

    def cancel(self) -> tuple[asyncio.Task[Any], ...]:
        """Cancel all jobs. The engine records nothing of it, so they resume at the next start."""
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        return tasks

    def _enter(self) -> asyncio.Task[Any]:
        task = self._task()
        if task not in self._tasks:
            self._tasks[task] = DBOS.workflow_id or ""
            # At the end of the task, not of the body: the result is recorded by then.
            task.add_done_callback(self._leave)
        return task

    def _leave(self, task: asyncio.Task[Any]) -> None:
        self._tasks.pop(task, None)
        self._asleep.discard(task)
        self._look()

    def _look(self) -> None:
        if self.running:
            self._quiet.clear()
        else:
            self._quiet.set()

    def _task(self) -> asyncio.Task[Any]:
        task = asyncio.current_task()
        assert task is not None, "a job runs in a task"
        return task
