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
_GATED: Final = "Scheduling is blocked due to non-empty scheduling gates"
_UNREADY: Final = "containers with unready status: [{}]"
_ENDED: Final = {"Succeeded": "PodCompleted", "Failed": "PodFailed"}
_INCOMPLETE: Final = "containers with incomplete status: [{}]"


def apply(pod: Json, fault: Form, *, stage: Stage) -> Json:
    """Store a pod with a fault, note its events and logs on the stage, and return the pod."""
    if "node" in fault:
        pod = _moved(pod, node=fault["node"], stage=stage)
    born = pod["metadata"]["creationTimestamp"]
    since = fault.when("since", born)
    told = _of_preparations(fault, since=since)
    if told and "running" not in fault:
        fault = fault.but(waiting=fault.get("waiting", "ContainerCreating"))
    if "unschedulable" in fault:
        pod = _unschedulable(pod, message=fault["unschedulable"], since=since)
        stage.untell(pod, reasons=messages.OF_START)
        told.append({"reason": "FailedScheduling", "message": fault["unschedulable"]})
    elif "gates" in fault or "scheduler" in fault:
        pod = _not_looked_at(pod, fault, since=since)
        stage.untell(pod, reasons=messages.OF_START)
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


def _moved(pod: Json, *, node: str, stage: Stage) -> Json:
    address = pod["status"].get("podIP")
    pod = pods.bound(pod, node=node, state=stage.state)
    with stage.at(stage.when(pod["metadata"]["creationTimestamp"])):
        pod = pods.running(pod, state=stage.state)
    if address and not pod["spec"].get("hostNetwork"):
        pod["status"] |= pods.at_address(address)
    return pod


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
    incomplete = [
        each["name"]
        for each in status.get("initContainerStatuses") or ()
        if (each["state"].get("terminated") or {}).get("exitCode") != 0
    ]
    if incomplete:
        waiting = {"state": {"waiting": {"reason": "PodInitializing"}}, "ready": False, "started": False, "imageID": ""}
        status["containerStatuses"] = [each | waiting for each in status["containerStatuses"]]
    moments = [each.changed for each in faults if each.changed is not None]
    born = times.parse(pod["metadata"]["creationTimestamp"])
    changed = max(moments) if moments else born
    status["phase"] = _phase(status, pod["spec"])
    status["conditions"] = _conditions(status, incomplete=incomplete, changed=times.timestamp(changed))
    return pod | {"status": status}


def _conditions(status: Json, *, incomplete: list[str], changed: str) -> list[Json]:
    """Return the pod's conditions as they follow from the states of its containers."""
    unready = [each["name"] for each in status["containerStatuses"] if not each["ready"]]
    ready: Json = {"lastProbeTime": None, "status": "False" if unready else "True", "lastTransitionTime": changed}
    if status["phase"] in _ENDED:
        ready |= {"reason": _ENDED[status["phase"]]}
    elif unready:
        ready |= {"reason": "ContainersNotReady", "message": _UNREADY.format(" ".join(unready))}
    waiting = {"status": "False", "reason": "ContainersNotInitialized"}
    waiting |= {"message": _INCOMPLETE.format(" ".join(incomplete))}
    found = []
    for each in status["conditions"]:
        if each["type"] in single_pods.READINESS:
            found.append({"type": each["type"]} | ready)
        else:
            found.append(each | (waiting if incomplete and each["type"] == "Initialized" else {}))
    return found


def _phase(status: Json, spec: Json) -> str:
    """Return the phase as the kubelet finds it from the states of the containers."""
    init = status.get("initContainerStatuses") or ()
    if any((each["state"].get("terminated") or {}).get("exitCode") != 0 for each in init):
        failed = any((each["state"].get("terminated") or {}).get("exitCode") for each in init)
        return "Failed" if failed and spec.get("restartPolicy") == "Never" else "Pending"
    states = status["containerStatuses"]
    if any("waiting" in each["state"] and not each["lastState"] for each in states):
        return "Pending"
    if any("running" in each["state"] for each in states) or spec.get("restartPolicy", "Always") == "Always":
        return "Running"
    codes = [(each["state"].get("terminated") or {}).get("exitCode") for each in states]
    if all(code == 0 for code in codes):
        return "Succeeded"
    return "Failed" if spec.get("restartPolicy") == "Never" else "Running"


def _not_looked_at(pod: Json, fault: Form, *, since: datetime) -> Json:
    """Return a pod that no scheduler looks at: gated, which the API server notes itself, or of an unknown scheduler."""
    pod = _unschedulable(pod, message=_GATED, since=since)
    if "scheduler" in fault:
        spec = pod["spec"] | {"schedulerName": fault["scheduler"]}
        return pod | {"spec": spec, "status": without(pod["status"], "conditions")}
    gates = [{"name": name} for name in fault["gates"]]
    pod = pod | {"spec": pod["spec"] | {"schedulingGates": gates}}
    return with_condition(pod, "PodScheduled", reason="SchedulingGated")


def _unschedulable(pod: Json, *, message: str, since: datetime) -> Json:
    at = times.timestamp(since)
    labels = {key: value for key, value in labels_of(pod).items() if not key.startswith("topology.")}
    status = {
        "phase": "Pending",
        "conditions": [made_condition("PodScheduled", "False", at=at, reason="Unschedulable", message=message)],
        "qosClass": pod["status"].get("qosClass", "BestEffort"),
    }
    metadata, spec = pod["metadata"] | {"labels": labels}, without(pod["spec"], "nodeName")
    return pod | {"metadata": metadata, "spec": spec, "status": status}


def _failed(pod: Json, fault: Form, *, since: datetime) -> tuple[Json, Json]:
    """Return a pod that the kubelet evicted or did not admit, and the event about it."""
    reason = "Evicted" if "evicted" in fault else str(fault["rejected"])
    message = str(fault["evicted"] if "evicted" in fault else fault.get("message") or f"Pod was rejected: {reason}")
    at = times.timestamp(since)
    status: Json = {"phase": "Failed", "reason": reason, "message": message}
    status |= {
        key: pod["status"][key] for key in ("startTime", "hostIP", "hostIPs", "qosClass") if key in pod["status"]
    }
    if reason == "Evicted":
        ended = {"exitCode": 137, "reason": "ContainerStatusUnknown", "startedAt": None, "finishedAt": None}
        status["containerStatuses"] = [
            each | {"state": {"terminated": ended}, "ready": False, "started": False}
            for each in pod["status"]["containerStatuses"]
        ]
        target: Json = {"type": "DisruptionTarget", "status": "True", "reason": "TerminationByKubelet"}
        target |= {"message": message, "lastProbeTime": None, "lastTransitionTime": at}
        unready = {"status": "False", "reason": "PodFailed", "lastTransitionTime": at}
        kept = with_condition(pod, *single_pods.READINESS, **unready)
        status["conditions"] = [*kept["status"]["conditions"], target]
    return pod | {"status": status}, {"reason": reason, "message": message, "source": "kubelet"}
