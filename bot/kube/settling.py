"""Tell whether an object that is not well yet is still within the time that it may take.

A pod may take the time of its own startup probe, a rollout that of its progress deadline, a load balancer and a node
that joins some minutes.
A failure that its status names (an exit code, a pull error, an unschedulable pod) is never excused by a young age.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from bot.kube.ages import UNKNOWN, seconds_since
from bot.kube.containers import Container, containers_in
from bot.kube.health import problem_of
from bot.kube.health_probes import startup_budget_s
from bot.kube.job_runs import blocked_schedule
from bot.kube.node_readiness import is_joining
from bot.kube.objects import condition, created_at, has_ended, is_terminating, spec_of, status_of
from intents.condition_polarity import Polarity, is_trouble, polarity, says_trouble
from intents.domain import Json

# Scheduling, volumes, images and the first start of containers; controllers look at a new object within this time.
_START_S: Final = 120
# A cloud takes some minutes to make a load balancer and tell its address.
_ADDRESS_S: Final = 300
# The default of a Deployment's progressDeadlineSeconds. A longer one is not waited for.
_PROGRESS_S: Final = 600
# Reasons of containers that wait for the kubelet's ordinary work.
STARTING: Final = frozenset({"ContainerCreating", "PodInitializing"})
_ADDRESSED: Final = frozenset({"Ingress", "Service"})


def lasting_problem(obj: Json, kind: str, now: datetime) -> str:
    """Return what is wrong with an object in one line; "" for one that is well, settles, or cannot be judged."""
    problem = problem_of(obj, kind)
    if not problem and kind == "CronJob":
        return blocked_schedule(obj, now)
    return "" if is_settling(obj, kind, now) else problem


def is_settling(obj: Json, kind: str, now: datetime) -> bool:
    """Tell whether an object was made or changed so lately that it need not be well yet."""
    if is_terminating(obj):
        return False
    if kind == "Pod":
        return is_starting(obj, now)
    if kind == "Deployment":
        return _is_rolling(obj, now)
    if kind == "Node":
        return is_joining(obj, now)
    if any(names_a_failure(kind, each) for each in status_of(obj).get("conditions") or ()):
        return False
    return _lasts(created_at(obj), _ADDRESS_S if kind in _ADDRESSED else _START_S, now)


def names_a_failure(kind: str, condition_: Mapping[str, Any]) -> bool:
    """Tell whether a condition in trouble is more than a good one that is not True yet."""
    if not is_trouble(kind, condition_):
        return False
    return polarity(kind, str(condition_.get("type") or "")) is not Polarity.GOOD or says_trouble(condition_)


def is_starting(pod: Json, now: datetime) -> bool:
    """Tell whether a pod that is not ready has not failed, and its start is within the time that it may take."""
    ready = condition(pod, "Ready")
    if ready.get("status") == "True" or is_terminating(pod) or has_ended(pod):
        return False
    if condition(pod, "PodScheduled").get("status") == "False":
        return False
    waiting = [each for each in containers_in(pod) if not (each.ready or _has_done_its_work(each))]
    if not waiting:
        # Its containers are ready: the kubelet has still to look, or a readiness gate waits for its controller.
        return _lasts(ready.get("lastTransitionTime") or created_at(pod), _START_S, now)
    return all(is_in_time(each, now) for each in waiting)


def is_in_time(container: Container, now: datetime) -> bool:
    """Tell whether a container that is not ready is in its first run, or before it, and within its time."""
    if container.restarts or (container.status.get("lastState") or {}).get("terminated"):
        return False
    if container.state == "terminated":
        return False
    if container.state == "running":
        return _lasts(container.detail.get("startedAt"), startup_budget_s(container.declared) + _START_S, now)
    if container.reason and container.reason not in STARTING:
        return False
    return _waits_for_init(container, now) or _lasts(_turn_of(container), _START_S, now)


def starts_in_time(container: Container, now: datetime) -> bool:
    """Tell whether a container runs for the first time and may still fail its startup probe."""
    return container.state == "running" and not container.status.get("started") and is_in_time(container, now)


def _has_done_its_work(container: Container) -> bool:
    return container.state == "terminated" and container.detail.get("exitCode") == 0


def _waits_for_init(container: Container, now: datetime) -> bool:
    """Tell whether an earlier init container runs: the time of the later ones has not begun."""
    if container.init:
        return False
    return any(each.init and each.state == "running" and is_in_time(each, now) for each in containers_in(container.pod))


def _turn_of(container: Container) -> str:
    """Return when a container's turn to start came: when the last init container ended, else when its pod was made."""
    ended = (str(each.detail.get("finishedAt") or "") for each in containers_in(container.pod) if each.init)
    return max((*ended, created_at(container.pod)))


def _is_rolling(deployment: Json, now: datetime) -> bool:
    """Tell whether the controller reports progress of a rollout, the last one lately."""
    progress, failure = condition(deployment, "Progressing"), condition(deployment, "ReplicaFailure")
    if failure.get("status") == "True":
        return False
    if not progress:
        return _lasts(created_at(deployment), _START_S, now)
    if progress.get("status") != "True" or progress.get("reason") == "NewReplicaSetAvailable":
        return False
    allowed = int(spec_of(deployment).get("progressDeadlineSeconds") or _PROGRESS_S)
    return _lasts(progress.get("lastUpdateTime") or progress.get("lastTransitionTime"), min(allowed, _PROGRESS_S), now)


def _lasts(since: Any, allowed_s: int, now: datetime) -> bool:
    return UNKNOWN < seconds_since(since, now) <= allowed_s
