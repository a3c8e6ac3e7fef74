"""Tell whether an object that is not well yet is in its time still, and which reports about an object are history.

A pod may take the time of its own startup probe, a rollout that of its progress deadline, a load balancer and a node
that joins some minutes.
A failure that its status names (an exit code, a pull error, an unschedulable pod) is never excused by a young age.

Wordings of events about probes and hooks: k8s.io/kubernetes/pkg/kubelet (prober, kuberuntime), 1.24 to 1.36.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from bot.kube.containers import Container, containers_in
from bot.kube.health import has_rules, problem_of
from bot.kube.job_runs import blocked_schedule, has_completed
from bot.kube.node_readiness import is_joining
from bot.kube.objects import condition, created_at, has_ended, is_builtin, is_terminating, phase_of, spec_of, status_of
from bot.kube.rollouts import REPLICATED, replicas_of
from bot.kube.timestamps import UNKNOWN, parse_time, seconds_since
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
    if container.restarts or container.last_end or container.state == "terminated":
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


# A trouble that lasts is reported again within five minutes, even where the kubelet limits its events.
_REPEATED: Final = timedelta(minutes=10)
_STARTING_PROBES: Final = ("Readiness probe", "Startup probe")


def ready_since(obj: Json) -> datetime | None:
    """Return since when the condition Ready of an object is True, None while it is not."""
    ready = condition(obj, "Ready")
    return parse_time(ready.get("lastTransitionTime")) if ready.get("status") == "True" else None


def is_well(obj: Json, kind: str) -> bool:
    """Tell whether the rules of an object's kind and its conditions show no trouble; False if it has no rules."""
    if not has_rules(kind) or not is_builtin(obj) or problem_of(obj, kind):
        return False
    return not any(is_trouble(kind, each) for each in status_of(obj).get("conditions") or ())


def is_past(seen: datetime | None, obj: Json, kind: str, now: datetime) -> bool:
    """Tell whether an event, last seen at a time, is older than the present good state of its object.

    No event reports a recovery: on an object that is well, an event that is not repeated is over.
    """
    if seen is None:
        return False
    settled = ready_since(obj)
    return bool(settled and seen < settled) or (is_well(obj, kind) and now - seen > _REPEATED)


def is_part_of_start(reason: str, message: str, obj: Json, kind: str, now: datetime) -> bool:
    """Tell whether an event only says that the probes of a pod fail while it starts in time."""
    return kind == "Pod" and reason == "Unhealthy" and message.startswith(_STARTING_PROBES) and is_starting(obj, now)


def is_replaced(pod: Json, workload: Json, kind: str) -> bool:
    """Tell whether a pod of a workload has ended and is no longer missed: others do its work, or it is done."""
    if phase_of(pod) == "Succeeded" or (kind == "Job" and has_completed(workload)):
        return True
    if kind not in REPLICATED or not has_ended(pod):
        return False
    count = replicas_of(workload)
    return count.ready >= count.desired


# What the API server fills in, in seconds and tries.
_EVERY_S, _TIMEOUT_S, _TRIES = 10, 1, 3
# A readiness probe that begins later than this keeps a pod out of service for longer than a start takes.
_MOST_DELAY_S = 600


def described(probe: Mapping[str, Any] | None) -> str:
    """Return what a probe asks and how often: "GET :8080/healthz every 10s, timeout 1s, 3 tries"; "" for none."""
    if not probe:
        return ""
    every = probe.get("periodSeconds") or _EVERY_S
    timeout = probe.get("timeoutSeconds") or _TIMEOUT_S
    tries = probe.get("failureThreshold") or _TRIES
    delay = probe.get("initialDelaySeconds")
    after = f" after {delay}s" if delay else ""
    return f"{_does(probe)}{after} every {every}s, timeout {timeout}s, {tries} tries"


def port_of(probe: Mapping[str, Any] | None) -> str:
    """Return the port that a probe asks, a number or a name; "" for a command."""
    handler: Mapping[str, Any] = (
        next((probe[key] for key in ("httpGet", "tcpSocket", "grpc") if probe.get(key)), {}) if probe else {}
    )
    return str(handler.get("port", ""))


def startup_budget_s(container: Mapping[str, Any]) -> int:
    """Return how long a container of a spec may fail its startup probe, and wait for its first readiness probe."""
    startup, readiness = container.get("startupProbe") or {}, container.get("readinessProbe") or {}
    starts = _failing_s(startup) if startup else 0
    successes = int(readiness.get("successThreshold") or 1)
    delay = int(readiness.get("initialDelaySeconds") or 0) + successes * _cycle_s(readiness) if readiness else 0
    return starts + min(delay, _MOST_DELAY_S)


def liveness_budget_s(container: Mapping[str, Any]) -> int:
    """Return how long a container of a spec may run without an answer to its liveness probe; 0 without that probe.

    A startup probe holds the other one back until it has passed: its time is not told here.
    """
    probe = container.get("livenessProbe") or {}
    if not probe or container.get("startupProbe"):
        return 0
    return _failing_s(probe) + int(probe.get("timeoutSeconds") or _TIMEOUT_S)


def _failing_s(probe: Mapping[str, Any]) -> int:
    """Return after how long a probe that never succeeds has failed as often as it may."""
    tries = int(probe.get("failureThreshold") or _TRIES)
    return int(probe.get("initialDelaySeconds") or 0) + tries * _cycle_s(probe)


def _cycle_s(probe: Mapping[str, Any]) -> int:
    return int(probe.get("periodSeconds") or _EVERY_S)


def _does(handler: Mapping[str, Any]) -> str:
    """Return what a probe or a hook does; "" where it has no handler."""
    if command := (handler.get("exec") or {}).get("command"):
        return "runs " + " ".join(map(str, command))
    if request := handler.get("httpGet"):
        tls = "https " if str(request.get("scheme") or "").upper() == "HTTPS" else ""
        return f"GET {tls}:{request.get('port', '')}{request.get('path', '/')}"
    if socket := handler.get("tcpSocket"):
        return f"connects to :{socket.get('port', '')}"
    if call := handler.get("grpc"):
        return f"asks gRPC :{call.get('port', '')}"
    if sleep := handler.get("sleep"):
        return f"sleeps {sleep.get('seconds', 0)}s"
    return ""


def hook(container: Mapping[str, Any], name: str) -> str:
    """Return what the hook `postStart` or `preStop` does: "runs sh -c setup", "GET :8080/drain"; "" for none."""
    return _does((container.get("lifecycle") or {}).get(name) or {})


_FIELD_PATH: Final = re.compile(r"\{(?P<container>[^}]+)\}")
_KILLED: Final = re.compile(
    r"Container (?P<container>\S+) failed (?:liveness|startup) probe|is unhealthy, it will be killed"
)
_LIVE: Final = re.compile(r"^(?:Liveness|Startup) probe (?:failed|errored)")
_READY: Final = re.compile(r"^Readiness probe (?:failed|errored)")
_HOOKS: Final = frozenset({"FailedPostStartHook", "FailedPreStopHook"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerEvents:
    """The newest message of each kind, "" for none."""

    killed: str = ""  # for a liveness or startup probe that failed
    live_failure: str = ""  # of a liveness or startup probe; not within the time of a start
    ready_failure: str = ""
    hook_failure: str = ""


def events_of(container: str, newest_first: Sequence[Mapping[str, Any]], *, starting: bool = False) -> ContainerEvents:
    """Return what the events of a pod say of one of its containers.

    While it is `starting`, within the time that its startup probe gives, a failure of that probe says nothing.
    """
    mine = [each for each in newest_first if container_of_event(each) in ("", container)]
    said = [(str(each.get("reason", "")), str(each.get("message", ""))) for each in mine]

    def newest(pattern: re.Pattern[str], reason: str) -> str:
        return next((text for why, text in said if why == reason and pattern.search(text)), "")

    return ContainerEvents(
        killed=newest(_KILLED, "Killing"),
        live_failure="" if starting else newest(_LIVE, "Unhealthy"),
        ready_failure=newest(_READY, "Unhealthy"),
        hook_failure=next((text or why for why, text in said if why in _HOOKS), ""),
    )


def container_of_event(event: Mapping[str, Any]) -> str:
    """Return the container that an event of a pod is about, "" where it names none."""
    about = event.get("involvedObject") or event.get("regarding") or {}
    found = _FIELD_PATH.search(str(about.get("fieldPath") or ""))
    return found["container"] if found else ""
