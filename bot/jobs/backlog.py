"""Order the accepted jobs that wait for their start: asked-for ones first, then one of each person in turn."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from bot.jobs.contract import JobTurn, JobUrgency
from bot.store.accepted_jobs import AcceptedJob

_ASKED: Final = JobUrgency.ASKED


@dataclass(frozen=True, slots=True)
class WaitingJob:
    """An accepted job, for whom it works, and since when it waits (monotonic clock)."""

    job: AcceptedJob
    turn: JobTurn
    since: float


class Backlog:
    """Accepted jobs in the order of their starts."""

    def __init__(self) -> None:
        self._asked: deque[WaitingJob] = deque()
        # The next person comes first.
        self._people: OrderedDict[str, deque[WaitingJob]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._asked) + sum(map(len, self._people.values()))

    def add(self, waiting: WaitingJob, *, again: bool = False) -> None:
        """Add a job; one whose start has failed is the next of its person `again`."""
        asked = waiting.turn.urgency <= _ASKED
        queue = self._asked if asked else self._people.setdefault(waiting.turn.person, deque())
        (queue.appendleft if again else queue.append)(waiting)

    def next(self, *, has_room: Callable[[], bool], may_start: Callable[[str], bool]) -> WaitingJob | None:
        """Remove and return the next job to start; None if there is none now.

        `has_room` tells whether unasked jobs may start at all, `may_start` whether those of a person may.
        """
        if self._asked:
            return self._asked.popleft()
        if not self._people or not has_room():
            return None
        for _ in range(len(self._people)):
            person = next(iter(self._people))
            self._people.move_to_end(person)
            if may_start(person):
                queue = self._people[person]
                found = queue.popleft()
                if not queue:
                    del self._people[person]
                return found
        return None
