"""Apply faults to pods: failing containers, and pods that are unschedulable, evicted, rejected or terminating."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from bot.playground.kubernetes import pods, times
from bot.playground.kubernetes.objects import labels_of, made_condition, without
from bot.playground.kubernetes.resources import Json
from bot.playground.kubernetes.scenes import messages, single_pods
from bot.playground.kubernetes.scenes.container_faults import ContainerFault
from bot.playground.kubernetes.scenes.forms import KEYS, Form
from bot.playground.kubernetes.scenes.single_pods import with_condition
from bot.playground.kubernetes.scenes.stage import Stage

_ATTEMPTS_S: Final = 14
_SINCE: Final = {"since": "time"}
_STATUSES: Final = (("initContainers", "initContainerStatuses"), ("containers", "containerStatuses"))
_UNSCHEDULED: Final = frozenset({"unschedulable", "gates", "scheduler"})
_GATED: Final = "Scheduling is blocked due to non-empty scheduling gates"
_UNREADY: Final = "containers with unready status: [{}]"
_ENDED: Final = {"Succeeded": "PodCompleted", "Failed": "PodFailed"}
_INCOMPLETE: Final = "containers with incomplete status: [{}]"


def apply(pod: Json, fault: Form, *, stage: Stage) -> Json:
    """Store a pod with a fault, note its events and logs on the stage, and return the pod."""
    if "node" in fault:
        pod = single_pods.running_again(pods.bound(pod, node=fault["node"], state=stage.state), stage=stage)
    born = pod["metadata"]["creationTimestamp"]
    since = fault.when("since", born)
    told = _of_preparations(fault, since=since)
    if told and "running" not in fault:
        fault = fault.but(waiting=fault.get("waiting", "ContainerCreating"))
    if not _UNSCHEDULED.isdisjoint(fault):
        pod = _unscheduled(pod, fault, since=since)
        stage.untell(pod, reasons=messages.OF_START)
        if "unschedulable" in fault:
            told.append({"reason": "FailedScheduling", "message": fault["unschedulable"]})
    elif "evicted" in fault or "rejected" in fault:
        pod, event = _failed(pod, fault, since=since)
        told.append(event)
    elif faults := _of_containers(pod, fault.but(since=fault.get("since", born)) if told else fault, alike=bool(told)):
        pod = _with_containers(pod, faults)
        if "sandbox_error" in fault and "running" not in fault:
            pod = with_condition(pod, "PodReadyToStartContainers", status="False")
        told += _of_faults(pod, faults, stage=stage)
        since = since if "since" in fault else min([since, *filter(None, (each.changed for each in faults))])
    if "scheduled" in fault:
        pod = with_condition(pod, "PodScheduled", lastTransitionTime=fault.stamp("scheduled"))
    single_pods.note_usage(pod, fault.get("usage"), stage=stage)
    for event in told if "events" not in fault else ():
        span = {"first": since, "last": max(since, stage.when("20s"))}
        span |= {key: stage.when(event[key]) for key in span if key in event}
        stage.tell(pod, **(event | span))
    return stage.put(pod)


def _of_faults(pod: Json, faults: list[ContainerFault], *, stage: Stage) -> list[Json]:
    """Return the events of containers with faults, note their logs, and drop the events of starts they did not have."""
    told: list[Json] = []
    for each in faults:
        if each.started_late:
            stage.untell(pod, reasons=messages.OF_START - {"Scheduled"}, container=each.name)
        told += each.events()
        for key, previous in (("log", False), ("previous", True)):
            single_pods.note_log(
                pod, each.fault.get(key), stage=stage, container=each.name, previous=previous,
                path=(*each.fault.path, key),
            )  # fmt: skip
    return told


def _of_preparations(fault: Form, *, since: datetime) -> list[Json]:
    """Return the events about a pod whose containers cannot be created."""
    count = max(1, int((fault.now - since).total_seconds()) // _ATTEMPTS_S)
    found = [key for key in messages.PREPARATIONS if key in fault]
    return [each for key in found for each in messages.events(key, count=count, text=fault[key])]


def _of_containers(pod: Json, fault: Form, *, alike: bool) -> list[ContainerFault]:
    """Return the faults by container: of the one that is meant, or of each that is named, or `alike` of all."""
    own = fault.only([*KEYS["container_faults"], "since"])
    by_name: dict[str, Form] = {}
    if alike:
        by_name = {str(each["name"]): own for each in pod["spec"]["containers"]}
    for name in fault.get("containers") or ():
        form = fault.within("containers", str(name), written=fault["containers"][name])
        by_name[name] = form.check({**KEYS["container_faults"], **_SINCE}, manifest=False)
    if own.keys() - _SINCE.keys() and not alike:
        by_name[_meant(pod, fault)] = own
    known = {each["name"]: each for key, _ in _STATUSES for each in pod["spec"].get(key) or ()}
    if unknown := next((name for name in by_name if name not in known), None):
        raise fault.wrong(f"expected one of the containers {', '.join(known)}, got {unknown!r}")
    for name, each in by_name.items():
        if probe := next((key for key in messages.PROBES if key in each and f"{key}Probe" not in known[name]), None):
            raise fault.wrong(f"container {name} has no {probe}Probe that could fail", probe)
    return [ContainerFault(pod=pod, container=known[name], fault=each) for name, each in by_name.items()]


def _meant(pod: Json, fault: Form) -> str:
    names = [str(each["name"]) for each in pod["spec"]["containers"]]
    if "container" in fault:
        return str(fault["container"])
    if len(names) > 1:
        raise fault.wrong(f"say which of {', '.join(names)} is meant", "container")
    return names[0]


def _with_containers(pod: Json, faults: list[ContainerFault]) -> Json:
    status = dict(pod["status"])
    by_name = {each.name: each for each in faults}
    for _, key in _STATUSES:
        if key in status:
            status[key] = [
                by_name[each["name"]].status(each) if each["name"] in by_name else each for each in status[key]
            ]
    incomplete = [each["name"] for each in status.get("initContainerStatuses") or () if _exit_code(each) != 0]
    if incomplete:
        waiting = {"state": {"waiting": {"reason": "PodInitializing"}}, "ready": False, "started": False, "imageID": ""}
        status["containerStatuses"] = [each | waiting for each in status["containerStatuses"]]
    born = times.parse(pod["metadata"]["creationTimestamp"])
    changed = max(filter(None, (each.changed for each in faults)), default=born)
    status["phase"] = _phase(status, pod["spec"])
    status["conditions"] = _conditions(status, incomplete=incomplete, changed=times.timestamp(changed))
    return pod | {"status": status}


def _conditions(status: Json, *, incomplete: list[str], changed: str) -> list[Json]:
    """Return the pod's conditions as they follow from the states of its containers."""
    unready = [each["name"] for each in status["containerStatuses"] if not each["ready"]]
    ready: Json = {"status": "False" if unready else "True", "lastTransitionTime": changed}
    if status["phase"] in _ENDED:
        ready |= {"reason": _ENDED[status["phase"]]}
    elif unready:
        ready |= {"reason": "ContainersNotReady", "message": _UNREADY.format(" ".join(unready))}
    changes = dict.fromkeys(single_pods.READINESS, ready)
    if incomplete:
        text = _INCOMPLETE.format(" ".join(incomplete))
        changes["Initialized"] = {"status": "False", "reason": "ContainersNotInitialized", "message": text}
    return [
        without(each, "reason", "message") | changes[each["type"]] if each["type"] in changes else each
        for each in status["conditions"]
    ]


def _exit_code(container: Json) -> int | None:
    """Return the exit code of a container that has ended, None if it has not."""
    code: int | None = (container["state"].get("terminated") or {}).get("exitCode")
    return code


def _phase(status: Json, spec: Json) -> str:
    """Return the phase as the kubelet finds it from the states of the containers."""
    never = spec.get("restartPolicy") == "Never"
    initial = [_exit_code(each) for each in status.get("initContainerStatuses") or ()]
    if any(code != 0 for code in initial):
        return "Failed" if never and any(initial) else "Pending"
    states = status["containerStatuses"]
    if any("waiting" in each["state"] and not each["lastState"] for each in states):
        return "Pending"
    if any("running" in each["state"] for each in states) or spec.get("restartPolicy", "Always") == "Always":
        return "Running"
    if not any(_exit_code(each) != 0 for each in states):
        return "Succeeded"
    return "Failed" if never else "Running"


def _unscheduled(pod: Json, fault: Form, *, since: datetime) -> Json:
    """Return a pod that fits no node, that is gated, which the API server notes itself, or of an unknown scheduler."""
    reason, message = "SchedulingGated", _GATED
    spec = without(pod["spec"], "nodeName")
    status: Json = {"phase": "Pending", "qosClass": pod["status"].get("qosClass", "BestEffort")}
    if "unschedulable" in fault:
        reason, message = "Unschedulable", fault["unschedulable"]
    elif "scheduler" in fault:
        reason, spec["schedulerName"] = "", fault["scheduler"]
    else:
        spec["schedulingGates"] = [{"name": name} for name in fault["gates"]]
    if reason:
        at = times.timestamp(since)
        status["conditions"] = [made_condition("PodScheduled", "False", at=at, reason=reason, message=message)]
    labels = {key: value for key, value in labels_of(pod).items() if not key.startswith("topology.")}
    return pod | {"metadata": pod["metadata"] | {"labels": labels}, "spec": spec, "status": status}


def _failed(pod: Json, fault: Form, *, since: datetime) -> tuple[Json, Json]:
    """Return a pod that the kubelet evicted or did not admit, and the event about it."""
    reason = "Evicted" if "evicted" in fault else str(fault["rejected"])
    message = str(fault["evicted"] if "evicted" in fault else fault.get("message") or f"Pod was rejected: {reason}")
    why, before, at = {"reason": reason, "message": message}, pod["status"], times.timestamp(since)
    kept = {key: before[key] for key in ("startTime", "hostIP", "hostIPs", "qosClass") if key in before}
    status: Json = {"phase": "Failed", **why, **kept}
    if reason == "Evicted":
        ended = {"exitCode": 137, "reason": "ContainerStatusUnknown", "startedAt": None, "finishedAt": None}
        gone = {"state": {"terminated": ended}, "ready": False, "started": False}
        status["containerStatuses"] = [each | gone for each in before["containerStatuses"]]
        unready = {"status": "False", "reason": "PodFailed", "lastTransitionTime": at}
        conditions = with_condition(pod, *single_pods.READINESS, **unready)["status"]["conditions"]
        target = made_condition("DisruptionTarget", "True", at=at, reason="TerminationByKubelet", message=message)
        status["conditions"] = [*conditions, target]
    return pod | {"status": status}, why | {"source": "kubelet"}
