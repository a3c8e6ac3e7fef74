"""Apply faults to workloads: pods that fail, are refused or missing, a stuck rollout, a failed Job."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from bot.playground.kubernetes import jobs, times
from bot.playground.kubernetes.defaults import TEMPLATED
from bot.playground.kubernetes.objects import condition, conditions_of, with_status
from bot.playground.kubernetes.recorder import CONTROLLERS
from bot.playground.kubernetes.resources import Json
from bot.playground.kubernetes.scenes import pod_faults, single_pods
from bot.playground.kubernetes.scenes.forms import KEYS, Form
from bot.playground.kubernetes.scenes.messages import TEXTS, filled
from bot.playground.kubernetes.scenes.stage import Stage

KINDS: Final = TEMPLATED - {"ReplicationController"}
_OF_PODS: Final = KEYS["container_faults"].keys() | KEYS["pod_faults"].keys()
_DEADLINE_S: Final = 600
_ATTEMPTS_S: Final = 15
_MOST_ATTEMPTS: Final = 20


def apply(owner: Json, fault: Form, *, stage: Stage) -> None:
    """Apply a fault to a workload; faults of pods apply to each pod of its newest revision."""
    of_pods = fault.only([*_OF_PODS, "since"])
    pods = stage.workloads.newest_pods(owner)
    if owner["kind"] == "Job":
        _fail_job(owner, pods, fault, of_pods=of_pods, stage=stage)
        return
    if of_pods.keys() - {"since"}:
        for pod in pods:
            pod_faults.apply(pod, of_pods, stage=stage)
    if "refused" in fault or "missing" in fault:
        _refuse(owner, pods, fault, stage=stage)


def settle_progress(owner: Json, fault: Form, *, stage: Stage) -> None:
    """Set a Deployment's condition about its rollout, after its pods are counted."""
    if owner["kind"] != "Deployment":
        return
    newest = stage.workloads.newest_replica_set(owner)
    complete = owner["status"].get("availableReplicas", 0) == owner["spec"].get("replicas", 1)
    if newest is None or ("stuck" not in fault and complete):
        return
    never = all(_never_ready(pod) for pod in stage.workloads.pods_of(newest))
    if "stuck" not in fault and not never:
        return
    began = stage.when(newest["metadata"]["creationTimestamp"])
    deadline = timedelta(seconds=owner["spec"].get("progressDeadlineSeconds", _DEADLINE_S))
    passed = fault.when("stuck", began + deadline)
    since, state = (passed, "stuck") if passed <= stage.now else (began, "rolling")
    at = times.timestamp(since)
    told = filled(TEXTS["progress"][state], name=newest["metadata"]["name"], at=at)
    others = [each for each in conditions_of(owner) if each["type"] != "Progressing"]
    stage.put(with_status(owner, conditions=[*others, told]))


def _never_ready(pod: Json) -> bool:
    """Return whether a pod has not been ready since it was made."""
    ready, born = condition(pod, "Ready"), pod["metadata"]["creationTimestamp"]
    return not ready or (ready["status"] == "False" and ready["lastTransitionTime"] == born)


def _refuse(owner: Json, pods: list[Json], fault: Form, *, stage: Stage) -> None:
    """Remove the pods that the API server refused, and note the controller's condition and event."""
    missing = fault.get("missing", len(pods))
    refused = pods[len(pods) - missing :]
    for pod in refused:
        stage.forget(pod)
    if "refused" not in fault:
        return
    keeper = (stage.workloads.newest_replica_set(owner) if owner["kind"] == "Deployment" else owner) or owner
    since = fault.when("since", keeper["metadata"]["creationTimestamp"])
    if keeper["kind"] == "ReplicaSet":
        failure = {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": fault["refused"]}
        failure["lastTransitionTime"] = times.timestamp(since)
        for each in map(stage.latest, (keeper, owner)):
            stage.put(with_status(each, conditions=[*conditions_of(each), failure]))
    if "events" not in fault:
        text = f"Error creating: {fault['refused']}"
        if keeper["kind"] == "StatefulSet":
            pod, name = (refused or pods)[0]["metadata"]["name"], keeper["metadata"]["name"]
            text = f"create Pod {pod} in StatefulSet {name} failed error: {fault['refused']}"
        stage.repeat(
            keeper, since=since, until="20s", every_s=_ATTEMPTS_S, most=_MOST_ATTEMPTS, reason="FailedCreate",
            message=text, source=CONTROLLERS[keeper["kind"]],
        )  # fmt: skip


def _fail_job(job: Json, pods: list[Json], fault: Form, *, of_pods: Form, stage: Stage) -> None:
    """Let the pods of a Job fail, and the Job with them; what does not end a pod leaves the Job active."""
    ends = "exited" in fault and "waiting" not in fault
    for pod in pods:
        before = single_pods.running_again(pod, stage=stage) if pod["status"].get("phase") == "Succeeded" else pod
        pod_faults.apply(before, of_pods.but(ended=True) if ends else of_pods, stage=stage)
    if not ends:
        kept = {"startTime": job["status"]["startTime"], "active": len(pods), "ready": 0, "terminating": 0}
        stage.put(job | {"status": kept})
        return
    at, count = fault.when("ago", "2m"), int(fault.get("failures", 1))
    status = jobs.failed(job["status"], at=at, count=count)
    stage.put(job | {"spec": job["spec"] | {"backoffLimit": count - 1}, "status": status})
    message = jobs.BACK_OFF_LIMIT
    stage.tell(job, reason="BackoffLimitExceeded", message=message, first=at, source="job-controller")
