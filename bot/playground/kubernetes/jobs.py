"""Complete new Jobs as the API server does, and run them and their pods to their end as controllers and kubelets do.

As other controllers here, this finishes at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from bot.playground.kubernetes import times
from bot.playground.kubernetes.objects import with_status, without
from bot.playground.kubernetes.recorder import Recorder
from bot.playground.kubernetes.resources import CRON_JOBS, JOBS, PODS, Json
from bot.playground.kubernetes.state import State

BACK_OFF_LIMIT = "Job has reached the specified backoff limit"
_DONE = "Reached expected number of succeeded pods"
_NOT_READY = frozenset({"Ready", "ContainersReady"})


def run(job: Json, pod: Json, *, fails: bool, above: Json | None, state: State, record: Recorder) -> None:
    """End a Job and its pod, and note a success in the CronJob `above`. `fails`: its pod has failed.

    The Job stays active while its pod has no node, or while a ConfigMap or Secret that it requires is missing.
    """
    now = state.now()
    status = active(since=now)
    missing = _missing_reference(pod, state=state)
    if not pod["spec"].get("nodeName"):
        status["ready"] = 0
    elif missing:
        status["ready"] = 0
        state.put(PODS, _waiting_for(pod, missing=missing))
        record.write(pod, reason="Failed", message=f"Error: {missing}", kind="Warning", source="kubelet")
    elif fails:
        status = failed(status, at=now, count=1)
        record.write(job, reason="BackoffLimitExceeded", message=BACK_OFF_LIMIT, kind="Warning")
    else:
        state.put(PODS, succeeded(pod, at=now))
        status = completed(status, at=now)
        record.write(job, reason="Completed", message="Job completed")
    state.put(JOBS, job | {"status": status})
    if above is not None and above["kind"] == "CronJob" and "completionTime" in status:
        state.put(CRON_JOBS, with_status(above, lastSuccessfulTime=status["completionTime"]))


def succeeded(pod: Json, *, at: datetime) -> Json:
    """Return a running pod after its containers have exited with 0."""
    ended = times.timestamp(at)
    exit_state = {"exitCode": 0, "reason": "Completed", "finishedAt": ended}
    statuses = [
        _stopped(each, state={"terminated": exit_state | {"startedAt": each["state"]["running"]["startedAt"]}})
        for each in pod["status"]["containerStatuses"]
    ]
    unready = {"reason": "PodCompleted", "lastTransitionTime": ended}
    return _not_ready(pod, phase="Succeeded", statuses=statuses, **unready)


def _waiting_for(pod: Json, *, missing: str) -> Json:
    """Return a running pod as it is while its containers wait for a missing ConfigMap or Secret."""
    waiting = {"waiting": {"reason": "CreateContainerConfigError", "message": missing}}
    before = pod["status"]["containerStatuses"]
    statuses = [_stopped(without(each, "containerID"), state=waiting) for each in before]
    return _not_ready(pod, phase="Pending", statuses=statuses, reason="ContainersNotReady")


def _stopped(container: Json, *, state: Json) -> Json:
    return container | {"state": state, "ready": False, "started": False}


def _not_ready(pod: Json, *, phase: str, statuses: list[Json], **why: str) -> Json:
    unready = {"status": "False", **why}
    conditions = [each | (unready if each["type"] in _NOT_READY else {}) for each in pod["status"]["conditions"]]
    return with_status(pod, phase=phase, containerStatuses=statuses, conditions=conditions)


def active(*, since: datetime) -> Json:
    """Return the status of a Job whose one pod runs."""
    return {"startTime": times.timestamp(since), "active": 1, "ready": 1, "terminating": 0}


def completed(status: Json, *, at: datetime) -> Json:
    """Return the status of an active Job after its pod has succeeded."""
    ended = {"completionTime": times.timestamp(at), "succeeded": 1}
    why = {"reason": "CompletionsReached", "message": _DONE}
    return _ended(status, "SuccessCriteriaMet", "Complete", why=why, at=at, **ended)


def failed(status: Json, *, at: datetime, count: int) -> Json:
    """Return the status of an active Job after more of its pods have failed than it allows."""
    why = {"reason": "BackoffLimitExceeded", "message": BACK_OFF_LIMIT}
    return _ended(status, "FailureTarget", "Failed", why=why, at=at, failed=count)


def _ended(status: Json, *kinds: str, why: Json, at: datetime, **counts: Any) -> Json:
    stamp = times.timestamp(at)
    told = {"status": "True", "lastProbeTime": stamp, "lastTransitionTime": stamp} | why
    conditions = [{"type": kind} | told for kind in kinds]
    return {"conditions": conditions, "startTime": status["startTime"], **counts, "ready": 0, "terminating": 0}


def _missing_reference(pod: Json, *, state: State) -> str:
    """Return the kubelet's message about a ConfigMap or Secret that a pod requires and that is missing, "" for none."""
    namespace = pod["metadata"]["namespace"]
    for kind, reference in _references(pod["spec"]):
        name = reference.get("name") or reference.get("secretName")
        known = name is None or state.get(("", f"{kind}s"), str(name), namespace=namespace) is not None
        if not known and not reference.get("optional"):
            return f'{kind} "{name}" not found'
    return ""


def _references(spec: Json) -> Iterator[tuple[str, Json]]:
    """Yield kind and reference of each ConfigMap and Secret that a pod names."""
    containers = (*(spec.get("initContainers") or ()), *(spec.get("containers") or ()))
    sources = [each.get("valueFrom") or {} for container in containers for each in container.get("env") or ()]
    sources += [each for container in containers for each in container.get("envFrom") or ()]
    sources += spec.get("volumes") or ()
    for source in sources:
        for kind, keys in (("configmap", ("configMapKeyRef", "configMapRef", "configMap")),
                           ("secret", ("secretKeyRef", "secretRef", "secret"))):  # fmt: skip
            yield from ((kind, source[key]) for key in keys if source.get(key))
