"""Make the Jobs and CronJobs of a scene: a healthy Job has completed, and a CronJob has made one that completed."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from bot.playground.kubernetes import job_controller, patches, times
from bot.playground.kubernetes.defaults import suffix
from bot.playground.kubernetes.resources import Json
from bot.playground.kubernetes.scenes import keys, messages, single_pods
from bot.playground.kubernetes.scenes.keys import check, moment
from bot.playground.kubernetes.scenes.stage import Stage
from bot.playground.kubernetes.scenes.workloads import plans_of, template
from bot.playground.kubernetes.workload_controllers import labels_of

_RAN: Final = "20s"


def make(obj: Json, form: Json, *, stage: Stage, path: tuple[str, ...]) -> None:
    """Store a Job and its pod. `obj` is its head: kind, apiVersion and metadata."""
    check(form, keys.ANY_OBJECT, keys.POD, keys.WORKLOAD, keys.JOB, path=path)
    metadata = obj["metadata"]
    name = metadata["name"]
    named = {
        "batch.kubernetes.io/job-name": name,
        "job-name": name,
        "batch.kubernetes.io/controller-uid": metadata["uid"],
    }
    form = form | {"labels": {**(form.get("labels") or {}), **named}}
    born = stage.when(metadata["creationTimestamp"])
    made = template(form, path=path)
    made["spec"].setdefault("restartPolicy", "Never")
    spec: Json = {
        "parallelism": 1,
        "completions": 1,
        "backoffLimit": 6,
        "selector": {"matchLabels": {"batch.kubernetes.io/controller-uid": metadata["uid"]}},
        "template": made,
        "completionMode": "NonIndexed",
        "suspend": False,
    }
    obj = obj | {
        "metadata": metadata | {"labels": form["labels"]},
        "spec": patches.merge(spec, form.get("spec") or {}),
    }
    with stage.at(born):
        job = stage.put(obj | {"status": {"startTime": times.timestamp(born), "active": 1, "ready": 1}})
        plans = plans_of(form.get("pods"), path=(*path, "pods"))
        first = plans[0] if plans else None
        pod_name = first.name if first else f"{name}-{suffix(metadata['uid'])}"
        pod = single_pods.of_owner(job, name=pod_name, labels=labels_of(job, name=pod_name), stage=stage)
        usable = stage.nodes_for(made["spec"])
        details = first.details if first else {}
        pod = single_pods.started(pod, details, node=details.get("node") or (usable[0] if usable else ""), stage=stage)
        stage.tell(job, first=born, **messages.of_creation(job, pod))
    if not form.get("active"):
        ran = stage.now - moment(form.get("ran", _RAN), now=stage.now, path=(*path, "ran"))
        complete(job, pod, stage=stage, at=born + ran)


def complete(job: Json, pod: Json, *, stage: Stage, at: datetime) -> None:
    """Let the pod of a Job succeed, and the Job complete."""
    stage.put(job_controller.succeeded(pod, at=at))
    stage.put(job | {"status": job_controller.completed(job["status"], at=at)})
    stage.tell(job, reason="Completed", message="Job completed", first=at, type="Normal", source="job-controller")


def make_cron_job(obj: Json, form: Json, *, stage: Stage, path: tuple[str, ...]) -> None:
    """Store a CronJob and the Job it made last."""
    check(form, keys.ANY_OBJECT, keys.POD, keys.WORKLOAD, keys.JOB, keys.CRON_JOB, path=path)
    metadata = obj["metadata"]
    last = stage.now - timedelta(hours=1)
    inner = {key: form[key] for key in (*keys.POD, "pods", "pod_labels", "ran", "active") if key in form}
    made = template(inner | {"labels": form.get("labels") or {}}, path=path)
    made["spec"].setdefault("restartPolicy", "Never")
    spec: Json = {
        "schedule": form.get("schedule", "0 * * * *"),
        "concurrencyPolicy": "Allow",
        "suspend": False,
        "jobTemplate": {"spec": {"template": made}},
        "successfulJobsHistoryLimit": 3,
        "failedJobsHistoryLimit": 1,
    }
    status = {
        "lastScheduleTime": times.timestamp(last),
        "lastSuccessfulTime": times.timestamp(last + timedelta(seconds=20)),
    }
    manifest = obj | {"spec": patches.merge(spec, form.get("spec") or {})}
    cron = stage.put(manifest | {"status": patches.merge(status, form.get("status") or {})})
    name = form.get("job", f"{metadata['name']}-{int(last.timestamp()) // 60}")
    resource = stage.resource("Job")
    head = stage.head(resource, namespace=metadata["namespace"], name=name, created=last)
    head["ownerReferences"] = [single_pods.reference(cron)]
    make({"kind": "Job", "apiVersion": "batch/v1", "metadata": head}, inner, stage=stage, path=path)
