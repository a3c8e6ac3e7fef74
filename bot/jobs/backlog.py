"""Order the accepted jobs that wait for their start: asked-for ones first, then one of each person in turn."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass

from bot.jobs.contract import JobTurn, JobUrgency
from bot.store.accepted_jobs import AcceptedJob

_People = OrderedDict[str, deque["WaitingJob"]]


@dataclass(frozen=True, slots=True)
class WaitingJob:
    """An accepted job, for whom it works, and since when it waits (monotonic clock)."""

    job: AcceptedJob
    turn: JobTurn
    since: float


class Backlog:
    """Accepted jobs in the order of their starts: interactive, asked for, others."""

    def __init__(self) -> None:
        self._interactive: deque[WaitingJob] = deque()
        # The next person comes first.
        self._asked: _People = OrderedDict()
        self._unasked: _People = OrderedDict()

    def __len__(self) -> int:
        return len(self._interactive) + sum(map(len, [*self._asked.values(), *self._unasked.values()]))

    def add(self, waiting: WaitingJob, *, again: bool = False) -> None:
        """Add a job at the end of its person's queue, or with `again`, because its start has failed, at the front."""
        queue = self._interactive
        if waiting.turn.urgency > JobUrgency.INTERACTIVE:
            people = self._asked if waiting.turn.urgency == JobUrgency.ASKED else self._unasked
            queue = people.setdefault(waiting.turn.person, deque())
        (queue.appendleft if again else queue.append)(waiting)

    def next(self, *, has_room: Callable[[], bool], may_start: Callable[[str], bool]) -> WaitingJob | None:
        """Remove and return the next job to start; None while no waiting job may start.

        `has_room` tells whether unasked jobs may start, `may_start` whether those of a person may. Interactive jobs may
        always start.
        """
        if self._interactive:
            return self._interactive.popleft()
        found = _next_in_turn(self._asked, may_start)
        return found or (_next_in_turn(self._unasked, may_start) if self._unasked and has_room() else None)


def _next_in_turn(people: _People, may_start: Callable[[str], bool]) -> WaitingJob | None:
    for _ in range(len(people)):
        person = next(iter(people))
        people.move_to_end(person)
        if may_start(person):
            queue = people[person]
            found = queue.popleft()
            if not queue:
                del people[person]
            return found
    return None
