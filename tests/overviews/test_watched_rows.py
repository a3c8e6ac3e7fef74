"""The rows of the watch: crash loops run in between, pods are replaced, and a storm of warnings stays small."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.cluster.resources import Resource, well_known
from bot.overviews.troubled_objects import Identity
from bot.overviews.watched_rows import WatchedRows

MINUTE = timedelta(minutes=1)
DEPLOYMENT = Identity("Deployment", "shop", "web")


@dataclass
class Clock:
    now: datetime = datetime(2026, 3, 2, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def passes(self, time: timedelta) -> datetime:
        self.now += time
        return self.now


def resource(kind: str) -> Resource:
    found = well_known(kind)
    assert found is not None
    return found


POD, EVENT = resource("Pod"), resource("Event")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def rows(clock: Clock) -> WatchedRows:
    made = WatchedRows(clock=clock, lasting=3 * MINUTE, kinds=frozenset({"Pod", "Event"}))
    for each in (POD, EVENT):
        made.begin(each, clock.now)
        made.listed(each)
    return made


def pod(clock: Clock, name: str, *, runs: bool) -> dict[str, Any]:
    """Return a pod of a Deployment that has crashed eight times: it runs since now, or waits for its next start."""
    at = f"{clock.now:%Y-%m-%dT%H:%M:%SZ}"
    state = (
        {"running": {"startedAt": at}} if runs else {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off"}}
    )
    owner = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web-6f4d8b7c5", "controller": True}
    status = {
        "name": "app", "ready": runs, "restartCount": 8, "state": state,
        "lastState": {"terminated": {"exitCode": 3, "finishedAt": at, "reason": "Error"}},
    }  # fmt: skip
    return {
        "kind": "Pod",
        "apiVersion": "v1",
        "metadata": {
            "name": name,
            "namespace": "shop",
            "ownerReferences": [owner],
            "creationTimestamp": at,
            "labels": {"pod-template-hash": "6f4d8b7c5"},
        },
        "spec": {"nodeName": "worker-a", "containers": [{"name": "app", "image": "app:1"}]},
        "status": {
            "phase": "Running",
            "containerStatuses": [status],
            "conditions": [{"type": "Ready", "status": str(runs), "lastTransitionTime": at}],
        },
    }


def test_crash_loop_that_runs_in_between_is_one_trouble(clock: Clock, rows: WatchedRows) -> None:
    for _ in range(4):
        rows.keep(POD, pod(clock, "web-6f4d8b7c5-aaaaa", runs=False))
        assert not rows.is_over([DEPLOYMENT], clock.passes(3 * MINUTE))
        rows.keep(POD, pod(clock, "web-6f4d8b7c5-aaaaa", runs=True))
        assert not rows.is_over([DEPLOYMENT], clock.passes(4 * MINUTE))
    (trouble,) = rows.due(clock.now)["shop"]
    assert trouble.owner == DEPLOYMENT
    assert clock.now - trouble.since == 28 * MINUTE

    # It runs on: no event says so.
    clock.passes(7 * MINUTE)
    rows.due(clock.now)
    assert rows.is_over([DEPLOYMENT], clock.passes(2 * MINUTE))


@pytest.mark.parametrize(("ran", "looping"), [(timedelta(minutes=30), True), (timedelta(days=3), False)])
def test_a_failure_after_days_is_no_crash_loop(clock: Clock, rows: WatchedRows, ran: timedelta, looping: bool) -> None:
    restarted = pod(clock, "web-6f4d8b7c5-aaaaa", runs=True)
    last = restarted["status"]["containerStatuses"][0]["lastState"]["terminated"]
    last["startedAt"] = (clock.now - ran).isoformat()
    rows.keep(POD, restarted)
    clock.passes(4 * MINUTE)
    assert bool(rows.due(clock.now)) is looping


def test_pod_that_replaces_a_broken_one_goes_on_with_its_trouble(clock: Clock, rows: WatchedRows) -> None:
    for name in ("web-6f4d8b7c5-aaaaa", "web-6f4d8b7c5-bbbbb", "web-6f4d8b7c5-ccccc"):
        broken = pod(clock, name, runs=False)
        rows.keep(POD, broken)
        clock.passes(MINUTE)
        rows.drop(POD, broken)
        clock.passes(MINUTE / 2)
        assert not rows.is_over([DEPLOYMENT], clock.now)
    rows.keep(POD, pod(clock, "web-6f4d8b7c5-ddddd", runs=False))
    (trouble,) = rows.due(clock.now)["shop"]
    assert [each.name for each in trouble.members] == ["web-6f4d8b7c5-ddddd"]


def warning(about: Identity) -> dict[str, Any]:
    involved = {"kind": about.kind, "namespace": about.namespace, "name": about.name}
    metadata = {"name": f"{about.name}.17", "namespace": about.namespace}
    return {"type": "Warning", "reason": "FailedCreate", "involvedObject": involved, "metadata": metadata}


def test_warnings_that_go_on_about_a_replicaset_are_trouble_of_its_deployment(clock: Clock, rows: WatchedRows) -> None:
    about = warning(Identity("ReplicaSet", "shop", "web-6f4d8b7c5"))
    for _ in range(2):
        rows.keep(EVENT, about)
        assert not rows.due(clock.now)
        clock.passes(2 * MINUTE)
    rows.keep(EVENT, about)
    (trouble,) = rows.due(clock.now)["shop"]
    assert trouble.owner == DEPLOYMENT
    # A backoff that has grown may pause for minutes.
    assert not rows.is_over([DEPLOYMENT], clock.passes(8 * MINUTE))
    assert not rows.is_over([DEPLOYMENT], clock.passes(3 * MINUTE))
    assert rows.is_over([DEPLOYMENT], clock.passes(MINUTE))


def test_storm_of_warnings_keeps_a_bounded_number_of_rows(clock: Clock, rows: WatchedRows) -> None:
    for _ in range(3):
        for number in range(3_000):
            rows.keep(EVENT, warning(Identity("Pod", "shop", f"web-{number}")))
        clock.passes(2 * MINUTE)
    assert len(rows.due(clock.now)["shop"]) == 2_000
