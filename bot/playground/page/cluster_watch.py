"""The cluster as the page shows it over time: what is broken, what was and is healthy again, what the bot asked it."""

from __future__ import annotations

from collections import deque
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any, Protocol

from bot.playground.kubernetes import RecordedRequest, times
from bot.playground.kubernetes.store import Store
from bot.playground.page.problems import Problem, controller_of, problems

Json = dict[str, Any]

_KEPT_HEALED = 20
_SHOWN_REQUESTS = 60
_PODS = ("", "pods")


class Cluster(Protocol):
    """What the page reads of a `SimulatedCluster`."""

    requests: list[RecordedRequest]

    @property
    def store(self) -> Store: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovery:
    """An object that was in trouble while the page was open, and what became of it, `at` an RFC 3339 timestamp."""

    problem: Problem
    how: str
    at: str


class ClusterWatch:
    """Compares the cluster with what it was at the last look.

    `clock` is the cluster's own, which may stand still long ago. What is shown are times of the visitor's clock: an
    object that is in trouble for six minutes there is so for six minutes here.
    """

    def __init__(self, *, cluster: Cluster, clock: times.Clock = times.utc_now) -> None:
        self._cluster = cluster
        self._clock = clock
        self._behind = timedelta(seconds=round((times.utc_now() - clock()).total_seconds()))
        self._broken: dict[str, Problem] = {}
        self._healed: deque[Recovery] = deque(maxlen=_KEPT_HEALED)

    @property
    def mark(self) -> tuple[int, int]:
        """Changes whenever there may be something new to show."""
        return (self._cluster.store.revision, len(self._cluster.requests))

    def snapshot(self) -> Json:
        """What to show now: {broken: [...], healed: [...], nodes, pods: how many there are}."""
        now = self._clock()
        found = {each.key: each for each in problems(self._cluster.store, now=now)}
        for key, before in self._broken.items():
            if key not in found and (how := self._reason(before, found)):
                self._healed.appendleft(Recovery(problem=before, how=how, at=times.timestamp(times.utc_now())))
        kept = [each for each in self._healed if each.problem.key not in found]
        self._healed = deque(kept, maxlen=_KEPT_HEALED)
        self._broken = found
        return {
            "broken": [asdict(each) | {"key": each.key, "since": self._here(each.since)} for each in found.values()],
            "healed": [
                asdict(each.problem) | {"key": each.problem.key, "how": each.how, "at": each.at} for each in kept
            ],
            "nodes": len(self._cluster.store.objects(table=("", "nodes"))),
            "pods": len(self._cluster.store.objects(table=_PODS)),
        }

    def _here(self, timestamp: str) -> str:
        """A timestamp of the cluster by the visitor's clock, "" for none."""
        return times.timestamp(times.parse(timestamp) + self._behind) if timestamp else ""

    def requests(self) -> list[Json]:
        """The last requests, oldest first: {number, method, path, query, status, body}. `number` counts from 0."""
        first = max(0, len(self._cluster.requests) - _SHOWN_REQUESTS)
        return [
            {
                "number": number,
                "method": each.method,
                "path": each.path,
                "query": dict(each.query),
                "status": each.status,
                "body": each.body,
            }
            for number, each in enumerate(self._cluster.requests[first:], first)
        ]

    def _reason(self, before: Problem, found: dict[str, Problem]) -> str:
        """Why an object is no longer in trouble, "" if one in its place still is."""
        if before.kind != "Pod":
            return "healthy again"
        store = self._cluster.store
        pod = store.get(table=_PODS, namespace=before.namespace, name=before.name)
        if pod is not None:
            return "healthy again" if pod["metadata"].get("uid") == before.uid else "replaced by a healthy pod"
        if not before.owner:
            return "deleted"
        if any(each.owner == before.owner for each in found.values()):
            return ""
        heirs = [
            each
            for each in store.objects(table=_PODS, namespace=before.namespace)
            if controller_of(each) == before.owner
        ]
        return "replaced by a healthy pod" if heirs else "gone"
