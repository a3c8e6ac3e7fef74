"""Track the cluster over time for the page: broken objects, recovered ones, the bot's API requests."""

from __future__ import annotations

from collections import deque
from dataclasses import asdict
from datetime import timedelta

from bot.playground.kubernetes import SimulatedCluster, times
from bot.playground.kubernetes.resources import NODES, PODS, Json
from bot.playground.page.problems import Problem, controller_of, problems

_KEPT_RECOVERED = 20
_SHOWN_REQUESTS = 60


class ClusterWatch:
    """Compares the cluster with the previous snapshot.

    `clock` is the cluster's own and may be far in the past. The page shows times by the visitor's clock: an object
    broken for six minutes there was broken six minutes ago here.
    """

    def __init__(self, *, cluster: SimulatedCluster, clock: times.Clock = times.utc_now) -> None:
        self._cluster = cluster
        self._clock = clock
        self._behind = timedelta(seconds=round((times.utc_now() - clock()).total_seconds()))
        self._broken: dict[str, Problem] = {}
        # The objects that recovered or were removed while the page was open, with `how`, and `at` in RFC 3339.
        self._recovered: deque[Json] = deque(maxlen=_KEPT_RECOVERED)
        self._first_request: int | None = None

    @property
    def mark(self) -> tuple[int, int]:
        """Return a value that changes whenever there may be something new to show."""
        return (self._cluster.store.revision, len(self._cluster.requests))

    def snapshot(self) -> Json:
        """Return what to show now: {broken: [...], recovered: [...], nodes, pods: their counts}."""
        now = self._clock()
        found = {each.key: each for each in problems(self._cluster.store, now=now)}
        for key, before in self._broken.items():
            if key not in found and (how := self._reason(before, found)):
                self._recovered.appendleft(_shown(before) | {"how": how, "at": times.timestamp(times.utc_now())})
        kept = [each for each in self._recovered if each["key"] not in found]
        self._recovered = deque(kept, maxlen=_KEPT_RECOVERED)
        self._broken = found
        return {
            "broken": [_shown(each) | {"since": self._here(each.since)} for each in found.values()],
            "recovered": kept,
            "nodes": len(self._cluster.store.objects(table=NODES)),
            "pods": len(self._cluster.store.objects(table=PODS)),
        }

    def _here(self, timestamp: str) -> str:
        """Convert a timestamp of the cluster to the visitor's clock, "" for none."""
        return times.timestamp(times.parse(timestamp) + self._behind) if timestamp else ""

    def opened(self) -> None:
        """Show requests from the first visit on: those of the bot's start explain nothing that a visitor did."""
        if self._first_request is None:
            self._first_request = len(self._cluster.requests)

    def requests(self) -> list[Json]:
        """Return the last requests since the first visit, oldest first: {number, method, path, query, status, body}.

        `number` counts from 0.
        """
        if self._first_request is None:
            return []
        shown = self._cluster.requests[self._first_request :]
        first = max(0, len(shown) - _SHOWN_REQUESTS)
        return [
            {"number": number, "method": each.method, "path": each.path, "query": dict(each.query)}
            | {"status": each.status, "body": each.body}
            for number, each in enumerate(shown[first:], first)
        ]

    def _reason(self, before: Problem, found: dict[str, Problem]) -> str:
        """Return why an object is no longer broken, "" if its replacement is."""
        if before.kind != "Pod":
            return "healthy again"
        store = self._cluster.store
        pod = store.get(table=PODS, namespace=before.namespace, name=before.name)
        if pod is not None:
            return "healthy again" if pod["metadata"].get("uid") == before.uid else "replaced by a healthy pod"
        if not before.owner:
            return "deleted"
        if any(each.owner == before.owner for each in found.values()):
            return ""
        owners = {controller_of(each) for each in store.objects(table=PODS, namespace=before.namespace)}
        return "replaced by a healthy pod" if before.owner in owners else "deleted"


def _shown(problem: Problem) -> Json:
    return asdict(problem) | {"key": problem.key}
