"""Apply faults to workloads: pods that fail, are refused or missing, a stuck rollout, a failed Job."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from bot.playground.kubernetes import job_controller, times
from bot.playground.kubernetes.resources import Json
from bot.playground.kubernetes.scenes import keys, messages, pod_faults
from bot.playground.kubernetes.scenes.keys import check
from bot.playground.kubernetes.scenes.stage import Stage

KINDS: Final = frozenset({"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job"})
_OF_PODS: Final = frozenset(keys.CONTAINER_FAULTS) | frozenset(keys.POD_FAULTS)
_DEADLINE: Final = timedelta(seconds=600)
_ATTEMPTS_S: Final = 15
_MOST_ATTEMPTS: Final = 20


def apply(owner: Json, fault: Json, *, stage: Stage, path: tuple[str, ...]) -> None:
    """Apply a fault to a workload; faults of pods apply to each pod of its newest revision."""
    own = (keys.JOB_FAULTS,) if owner["kind"] == "Job" else (keys.WORKLOAD_FAULTS,)
    check(fault, keys.CONTAINER_FAULTS, keys.POD_FAULTS, *own, keys.ANY_FAULTS, path=path)
    of_pods = {key: value for key, value in fault.items() if key in _OF_PODS or key == "since"}
    pods = stage.workloads.newest_pods(owner)
    if owner["kind"] == "Job":
        _fail_job(owner, pods, fault, stage=stage, path=path)
        return
    if of_pods.keys() - {"since"}:
        for pod in pods:
            stage.put(pod_faults.apply(pod, of_pods, stage=stage, path=path))
    if "refused" in fault or "missing" in fault:
        _refuse(owner, pods, fault, stage=stage, path=path)


def settle_progress(owner: Json, fault: Json, *, stage: Stage, path: tuple[str, ...]) -> None:
    """Set a Deployment's condition about its rollout, after its pods are counted."""
    if owner["kind"] != "Deployment":
        return
    newest = stage.workloads.newest_replica_set(owner)
    status = owner["status"]
    if newest is None or (
        status.get("availableReplicas", 0) == owner["spec"].get("replicas", 1) and "stuck" not in fault
    ):
        return
    began = stage.when(newest["metadata"]["creationTimestamp"])
    never = all(_never_ready(pod) for pod in stage.workloads.pods_of(newest))
    if "stuck" not in fault and not never:
        return
    name = newest["metadata"]["name"]
    passed = began + timedelta(seconds=owner["spec"].get("progressDeadlineSeconds", _DEADLINE.total_seconds()))
    if "stuck" in fault:
        passed = stage.when(fault["stuck"], path=(*path, "stuck"))
    if passed <= stage.now:
        told = _progressing(
            "False", "ProgressDeadlineExceeded", f'ReplicaSet "{name}" has timed out progressing.', passed
        )
    else:
        told = _progressing("True", "ReplicaSetUpdated", f'ReplicaSet "{name}" is progressing.', began)
    others = [each for each in status.get("conditions") or () if each["type"] != "Progressing"]
    stage.put(owner | {"status": status | {"conditions": [*others, told]}})


def _progressing(status: str, reason: str, message: str, at: datetime) -> Json:
    stamp = times.timestamp(at)
    return {"type": "Progressing", "status": status, "lastUpdateTime": stamp, "lastTransitionTime": stamp,
            "reason": reason, "message": message}  # fmt: skip


def _never_ready(pod: Json) -> bool:
    """Return whether a pod has not been ready since it was made."""
    ready = next((each for each in pod["status"].get("conditions") or () if each["type"] == "Ready"), None)
    return ready is None or (
        ready["status"] == "False" and ready["lastTransitionTime"] == pod["metadata"]["creationTimestamp"]
    )


def _refuse(owner: Json, pods: list[Json], fault: Json, *, stage: Stage, path: tuple[str, ...]) -> None:
    """Remove the pods that the API server refused, and note the controller's condition and event."""
    missing = fault.get("missing", len(pods))
    refused = pods[len(pods) - missing :]
    for pod in refused:
        stage.forget(pod)
    if "refused" not in fault:
        return
    keeper = (stage.workloads.newest_replica_set(owner) if owner["kind"] == "Deployment" else owner) or owner
    since = stage.when(fault.get("since", keeper["metadata"]["creationTimestamp"]), path=(*path, "since"))
    if keeper["kind"] == "ReplicaSet":
        condition = {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": fault["refused"]}
        for each in (keeper, owner):
            at = {"lastTransitionTime": times.timestamp(since)}
            latest = stage.get(each["kind"], each["metadata"]["namespace"], each["metadata"]["name"]) or each
            told = [*(latest["status"].get("conditions") or ()), condition | at]
            stage.put(latest | {"status": latest["status"] | {"conditions": told}})
    if "events" not in fault:
        name = (refused or pods)[0]["metadata"]["name"]
        told_of = messages.refusal_of(keeper, pod=name, because=fault["refused"])
        last = max(since, stage.when("20s"))
        count = max(1, int((last - since).total_seconds()) // _ATTEMPTS_S)
        stage.tell(keeper, first=since, last=last, count=min(count, _MOST_ATTEMPTS), **told_of)


def _fail_job(job: Json, pods: list[Json], fault: Json, *, stage: Stage, path: tuple[str, ...]) -> None:
    """Let the pods of a Job fail, and the Job with them; what does not end a pod leaves the Job active."""
    of_pods = {key: value for key, value in fault.items() if key in _OF_PODS or key == "since"}
    ends = "exited" in fault and "waiting" not in fault
    failed = [
        pod_faults.apply(pod, of_pods | ({"ended": True} if ends else {}), stage=stage, path=path)
        for pod in map(_running_again, pods)
    ]
    for pod in failed:
        stage.put(pod)
    if not ends:
        kept = {"startTime": job["status"]["startTime"], "active": len(failed), "ready": 0, "terminating": 0}
        stage.put(job | {"status": kept})
        return
    at = stage.when(fault.get("ago", "2m"), path=(*path, "ago"))
    count = int(fault.get("failures", 1))
    stage.put(
        job
        | {"spec": job["spec"] | {"backoffLimit": count - 1}}
        | {"status": job_controller.failed(job["status"], at=at, count=count)}
    )
    message = job_controller.BACK_OFF_LIMIT
    stage.tell(job, reason="BackoffLimitExceeded", message=message, first=at, source="job-controller")


def _running_again(pod: Json) -> Json:
    """Return a pod that has succeeded as it was while it ran, so that a fault can be applied to it."""
    status = pod["status"]
    if status.get("phase") != "Succeeded":
        return pod
    statuses = [
        each
        | {"state": {"running": {"startedAt": status["startTime"]}}, "lastState": {}, "ready": True, "started": True}
        for each in status["containerStatuses"]
    ]
    conditions = [
        {"type": each["type"], "status": "True", "lastProbeTime": None, "lastTransitionTime": status["startTime"]}
        for each in status["conditions"]
    ]
    return pod | {"status": status | {"phase": "Running", "containerStatuses": statuses, "conditions": conditions}}
