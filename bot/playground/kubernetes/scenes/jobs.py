"""Make the Jobs and CronJobs of a scene: a healthy Job has completed, and a CronJob has made one that completed."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from bot.playground.kubernetes import defaults, jobs, patches, times
from bot.playground.kubernetes.defaults import suffix
from bot.playground.kubernetes.objects import owner_reference, without
from bot.playground.kubernetes.resources import Json
from bot.playground.kubernetes.scenes import messages, single_pods
from bot.playground.kubernetes.scenes.forms import KEYS, Form
from bot.playground.kubernetes.scenes.stage import Stage
from bot.playground.kubernetes.scenes.workloads import Plan, plans_of, template
from bot.playground.kubernetes.workload_controllers import pod_labels

_RAN: Final = "20s"
_OF_JOBS: Final = (*KEYS["pod"], "pods", "pod_labels", "ran", "active")


def make(obj: Json, form: Form, *, stage: Stage) -> None:
    """Store a Job and its pod. `obj` is its head: kind, apiVersion and metadata."""
    metadata = obj["metadata"]
    name, uid = metadata["name"], metadata["uid"]
    # The scene leaves out the older label of the uid.
    named = without(defaults.job_labels(metadata), "controller-uid")
    form = form.but(labels={**(form.get("labels") or {}), **named})
    born = stage.when(metadata["creationTimestamp"])
    made = template(form)
    made["spec"].setdefault("restartPolicy", "Never")
    spec = defaults.JOB | {"selector": defaults.job_selector(metadata), "template": made}
    obj = obj | {
        "metadata": metadata | {"labels": form["labels"]},
        "spec": patches.merge(spec, form.get("spec") or {}),
    }
    with stage.at(born):
        job = stage.put(obj | {"status": without(jobs.active(since=born), "terminating")})
        plan = next(iter(plans_of(form)), Plan(name=f"{name}-{suffix(uid)}", details={}))
        pod = single_pods.of_owner(job, name=plan.name, labels=pod_labels(job, name=plan.name), stage=stage)
        node = plan.details.get("node") or stage.node_for(made["spec"])
        pod = single_pods.started(pod, plan.details, node=node, stage=stage)
        stage.tell(job, first=born, **messages.of_creation(job, pod))
    if not form.get("active"):
        at = born + (stage.now - form.when("ran", _RAN))
        stage.put(jobs.succeeded(pod, at=at))
        stage.put(job | {"status": jobs.completed(job["status"], at=at)})
        stage.tell(job, reason="Completed", message="Job completed", first=at, type="Normal", source="job-controller")


def make_cron_job(obj: Json, form: Form, *, stage: Stage) -> None:
    """Store a CronJob and the Job it made last."""
    metadata = obj["metadata"]
    last = stage.now - timedelta(hours=1)
    inner = form.only(_OF_JOBS)
    made = template(inner.but(labels=form.get("labels") or {}))
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
    head["ownerReferences"] = [owner_reference(cron)]
    make({"kind": "Job", "apiVersion": "batch/v1", "metadata": head}, inner, stage=stage)
