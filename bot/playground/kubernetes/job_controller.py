"""Complete new Jobs as the API server does, and end them and their pods as the Job controller and kubelets do."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from bot.playground.kubernetes import times
from bot.playground.kubernetes.resources import Json
from bot.playground.kubernetes.state import State

DONE = "Reached expected number of succeeded pods"
BACK_OFF_LIMIT = "Job has reached the specified backoff limit"
_UID = "batch.kubernetes.io/controller-uid"
_NOT_READY = frozenset({"Ready", "ContainersReady"})


def prepare(job: Json) -> None:
    """Set what the API server sets in a new Job, in place: defaults, and a selector unless it is chosen by hand."""
    metadata, spec = job["metadata"], job["spec"]
    for key, number in (("parallelism", 1), ("completions", 1), ("backoffLimit", 6)):
        spec.setdefault(key, number)
    spec.setdefault("completionMode", "NonIndexed")
    spec.setdefault("suspend", False)
    template = spec.setdefault("template", {})
    labels = dict((template.get("metadata") or {}).get("labels") or {})
    if labels and not metadata.get("labels"):
        metadata["labels"] = dict(labels)
    if spec.get("manualSelector"):
        return
    for key, value in _generated(job).items():
        labels.setdefault(key, value)
    template["metadata"] = (template.get("metadata") or {}) | {"labels": labels}
    selector = spec.setdefault("selector", {})
    selector.setdefault("matchLabels", {}).setdefault(_UID, metadata["uid"])


def mismatches(job: Json) -> Iterator[tuple[str, object, str]]:
    """Yield field, value and text for what a new Job brings in place of its generated selector and labels."""
    spec = job.get("spec") or {}
    if spec.get("manualSelector"):
        return
    labels = (spec["template"].get("metadata") or {}).get("labels") or {}
    for key, value in _generated(job).items():
        if labels.get(key) != value:
            yield "spec.template.metadata.labels", labels, f"must be '{value}'"
    if spec.get("selector") != {"matchLabels": {_UID: job["metadata"]["uid"]}}:
        yield "spec.selector", spec.get("selector"), "`selector` not auto-generated"


def _generated(job: Json) -> dict[str, str]:
    uid, name = job["metadata"]["uid"], job["metadata"]["name"]
    return {"controller-uid": uid, _UID: uid, "job-name": name, "batch.kubernetes.io/job-name": name}


def succeeded(pod: Json, *, at: datetime) -> Json:
    """Return a running pod after its containers have exited with 0."""
    ended = times.timestamp(at)
    state = {"exitCode": 0, "reason": "Completed", "finishedAt": ended}
    statuses = [
        each
        | {"state": {"terminated": state | {"startedAt": each["state"]["running"]["startedAt"]}}}
        | {"ready": False, "started": False}
        for each in pod["status"]["containerStatuses"]
    ]
    not_ready = {"status": "False", "reason": "PodCompleted", "lastTransitionTime": ended}
    conditions = [each | (not_ready if each["type"] in _NOT_READY else {}) for each in pod["status"]["conditions"]]
    status = pod["status"] | {"phase": "Succeeded", "containerStatuses": statuses, "conditions": conditions}
    return pod | {"status": status}


def waiting_for(pod: Json, *, missing: str) -> Json:
    """Return a running pod as it is while its containers wait for a missing ConfigMap or Secret."""
    state = {"waiting": {"reason": "CreateContainerConfigError", "message": missing}}
    statuses = [
        {key: value for key, value in each.items() if key != "containerID"}
        | {"state": state, "ready": False, "started": False}
        for each in pod["status"]["containerStatuses"]
    ]
    not_ready = {"status": "False", "reason": "ContainersNotReady"}
    conditions = [each | (not_ready if each["type"] in _NOT_READY else {}) for each in pod["status"]["conditions"]]
    status = pod["status"] | {"phase": "Pending", "containerStatuses": statuses, "conditions": conditions}
    return pod | {"status": status}


def active(*, since: datetime) -> Json:
    """Return the status of a Job whose one pod runs."""
    return {"startTime": times.timestamp(since), "active": 1, "ready": 1, "terminating": 0}


def completed(status: Json, *, at: datetime) -> Json:
    """Return the status of an active Job after its pod has succeeded."""
    ended = times.timestamp(at)
    return {
        "conditions": _conditions("SuccessCriteriaMet", "Complete", reason="CompletionsReached", message=DONE, at=at),
        "startTime": status["startTime"],
        "completionTime": ended,
        "succeeded": 1,
        "ready": 0,
        "terminating": 0,
    }


def failed(status: Json, *, at: datetime, count: int) -> Json:
    """Return the status of an active Job after more of its pods have failed than it allows."""
    reason = {"reason": "BackoffLimitExceeded", "message": BACK_OFF_LIMIT}
    return {
        "conditions": _conditions("FailureTarget", "Failed", at=at, **reason),
        "startTime": status["startTime"],
        "failed": count,
        "ready": 0,
        "terminating": 0,
    }


def _conditions(*kinds: str, reason: str, message: str, at: datetime) -> list[Json]:
    stamp = times.timestamp(at)
    told = {"status": "True", "lastProbeTime": stamp, "lastTransitionTime": stamp, "reason": reason, "message": message}
    return [{"type": kind} | told for kind in kinds]


def missing_reference(pod: Json, *, state: State) -> str:
    """Return the kubelet's message about a ConfigMap or Secret that a pod requires and that is missing, "" for none."""
    namespace = pod["metadata"]["namespace"]
    for kind, name in _references(pod["spec"]):
        if state.store.get(table=("", f"{kind}s"), namespace=namespace, name=name) is None:
            return f'{kind} "{name}" not found'
    return ""


def _references(spec: Json) -> Iterator[tuple[str, str]]:
    """Yield kind and name of each ConfigMap and Secret that a pod cannot start without."""
    for container in (*(spec.get("initContainers") or ()), *(spec.get("containers") or ())):
        sources = [each.get("valueFrom") or {} for each in container.get("env") or ()]
        for source in sources:
            yield from _required((source.get("configMapKeyRef"), source.get("secretKeyRef")))
        for source in container.get("envFrom") or ():
            yield from _required((source.get("configMapRef"), source.get("secretRef")))
    for volume in spec.get("volumes") or ():
        secret = volume.get("secret") or {}
        named = secret | {"name": secret.get("secretName", "")} if secret else None
        yield from _required((volume.get("configMap"), named))


def _required(references: tuple[Json | None, Json | None]) -> Iterator[tuple[str, str]]:
    for kind, reference in zip(("configmap", "secret"), references, strict=True):
        if reference and reference.get("name") and not reference.get("optional"):
            yield kind, str(reference["name"])
