"""Make the healthy workloads of a scene with the ReplicaSets, revisions, claims and pods of their controllers.

A healthy Job has completed, and a CronJob has made one that completed.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import cycle, islice
from typing import Final

from bot.playground.kubernetes import claims, defaults, jobs, patches, replicasets, times, workload_status
from bot.playground.kubernetes.defaults import suffix
from bot.playground.kubernetes.objects import condition, owner_reference, status_of, with_status, without
from bot.playground.kubernetes.recorder import CONTROLLERS, creation_text, scaling_text
from bot.playground.kubernetes.resources import CLAIMS, Json
from bot.playground.kubernetes.scenes import single_pods, storage
from bot.playground.kubernetes.scenes.forms import KEYS, Form
from bot.playground.kubernetes.scenes.single_pods import containers, pod_spec
from bot.playground.kubernetes.scenes.stage import Stage
from bot.playground.kubernetes.workload_controllers import pod_labels

KINDS: Final = defaults.SELECTING
_BEFORE: Final = {
    name: {**KEYS["pod"], **KEYS["workload"]}[name]
    for name in ("containers", "init", "pod", "pods", "pod_labels", "pod_annotations")
}
_DETAILS: Final = {**KEYS["one_pod"], "age": "time", "labels": "mapping", "annotations": "mapping"}
_OF_JOBS: Final = (*KEYS["pod"], "pods", "pod_labels", "ran", "active")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A pod to be made: its name, and the details that the scene gives."""

    name: str
    details: Json


def make(obj: Json, form: Form, *, stage: Stage) -> None:
    """Store a workload and the objects its controllers make. `obj` is its head: kind, apiVersion and metadata."""
    form = form.but(labels=form.get("labels") or {"app": obj["metadata"]["name"]})
    plans = plans_of(form)
    born = stage.when(obj["metadata"]["creationTimestamp"])
    came = form.when("rolled", born)
    obj = obj | {
        "metadata": obj["metadata"] | {"labels": form["labels"]},
        "spec": _spec(obj, form, plans),
        "status": {},
    }
    obj = obj | {key: patches.merge(obj[key], form[key]) for key in ("metadata", "spec") if key in form}
    maker = _Maker(stage=stage, form=form)
    with stage.at(born):
        owner = stage.put(obj)
        if "before" in form:
            before = form.within("before").check(_BEFORE, manifest=False)
            maker.revision(_as_before(owner, form, before), number=1, plans=plans_of(before))
    with stage.at(came):
        maker.revision(owner, number=2 if "before" in form else 1, plans=plans)


def template(form: Form) -> Json:
    """Return the pod template that a workload's short form means."""
    metadata: Json = {"labels": {**form["labels"], **(form.get("pod_labels") or {})}}
    if "pod_annotations" in form:
        metadata["annotations"] = form["pod_annotations"]
    # The claims of a StatefulSet are templates of their own; other workloads name claims that exist.
    named = not any(isinstance(each, dict) for each in (form.get("claims") or {}).values())
    spec = pod_spec(form, claims=named)
    for volume, claim in (form.get("claims") or {}).items():
        if isinstance(claim, dict) and "mount" in claim:
            first = spec["containers"][0]
            first["volumeMounts"] = [*(first.get("volumeMounts") or ()), {"name": volume, "mountPath": claim["mount"]}]
    return {"metadata": metadata, "spec": spec}


def _spec(obj: Json, form: Form, plans: list[Plan]) -> Json:
    spec: Json = {} if obj["kind"] == "DaemonSet" else {"replicas": form.get("replicas", len(plans) or 1)}
    spec |= {"selector": {"matchLabels": form.get("selector") or form["labels"]}, "template": template(form)}
    if obj["kind"] == "StatefulSet":
        spec["serviceName"] = obj["metadata"]["name"]
        if "claims" in form:
            spec["volumeClaimTemplates"] = [
                storage.claim_template(name, form.within("claims", name, written=short))
                for name, short in form["claims"].items()
            ]
    return spec


def plans_of(form: Form) -> list[Plan]:
    """Return the `pods` that a scene names: a list of names, or name → node, or name → details."""
    written = form.get("pods") or {}
    if not isinstance(written, dict):
        return [Plan(name=str(name), details={}) for name in written]
    plans = []
    for name, details in written.items():
        short = {"node": details} if isinstance(details, str) else details or {}
        checked = form.within("pods", str(name), written=short).check(_DETAILS, manifest=False)
        plans.append(Plan(name=name, details=checked))
    return plans


def _as_before(owner: Json, form: Form, before: Form) -> Json:
    """Return the workload with the template of its previous revision."""
    old = patches.merge({key: value for key, value in form.items() if key != "before"}, dict(before))
    return owner | {"spec": owner["spec"] | {"template": template(form.within("before", written=old))}}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Maker:
    """Makes the objects of one workload's controllers, at the stage's moment."""

    stage: Stage
    form: Form

    def revision(self, owner: Json, *, number: int, plans: list[Plan]) -> None:
        """Make a revision of the workload with these pods; the newest revision gets pods up to the wanted replicas."""
        old = self.stage.latest(owner)["spec"]["template"] != owner["spec"]["template"]
        keeper = owner
        if owner["kind"] == "Deployment":
            count = len(plans) if old else int(owner["spec"]["replicas"])
            keeper = self._replica_set(owner, number=number, replicas=count, plans=plans)
        elif owner["kind"] in ("StatefulSet", "DaemonSet"):
            self._controller_revision(owner, number=number)
        for plan, node in self._placed(owner, plans=plans, exactly=old):
            self._pod(keeper, plan, node=node)

    def _replica_set(self, owner: Json, *, number: int, replicas: int, plans: list[Plan]) -> Json:
        name, state = owner["metadata"]["name"], self.stage.state
        digests = {plan.name.removeprefix(f"{name}-").rpartition("-")[0] for plan in plans}
        if len(digests) > 1 or (plans and not all(plan.name.startswith(f"{name}-") for plan in plans)):
            names = ", ".join(plan.name for plan in plans)
            raise self.form.wrong(f"expected names {name}-<hash>-<suffix> with one hash, got {names}", "pods")
        made = replicasets.made(owner, state=state, digest=next(iter(digests), ""))
        stored = replicasets.promote(owner, made, state=state, replicas=replicas, number=number)
        if self.stage.moment != self.stage.now and replicas:
            text = scaling_text(stored["metadata"]["name"], before=0, after=replicas)
            _tell(owner, "ScalingReplicaSet", text, stage=self.stage)
        return stored

    def _controller_revision(self, owner: Json, *, number: int) -> None:
        metadata = owner["metadata"]
        name = workload_status.update_revision(owner)
        labels = (owner["spec"]["template"].get("metadata") or {}).get("labels") or {}
        labels = {**labels, "controller.kubernetes.io/hash": name.rpartition("-")[2]}
        head = self.stage.new(
            "ControllerRevision", namespace=metadata["namespace"], name=name, created=self.stage.moment, labels=labels,
            ownerReferences=[owner_reference(owner)],
        )  # fmt: skip
        body = {"spec": {"template": owner["spec"]["template"] | {"$patch": "replace"}}}
        self.stage.put(head | {"data": body, "revision": number})

    def _placed(self, owner: Json, *, plans: list[Plan], exactly: bool) -> Iterator[tuple[Plan, str]]:
        """Yield each pod with its node: the pods that the scene names, and those that the controllers add."""
        usable = self.stage.nodes_for(owner["spec"]["template"]["spec"])
        # Pods of the previous revision count for a StatefulSet or DaemonSet; a Deployment gets a new ReplicaSet.
        there = [] if exactly or owner["kind"] == "Deployment" else self.stage.workloads.pods_of(owner)
        if owner["kind"] == "DaemonSet":
            taken = {str(plan.details.get("node")) for plan in plans}
            taken |= {str(pod["spec"].get("nodeName")) for pod in there}
            free = [node for node in usable if node not in taken]
            yield from _one_per_node(owner, plans=plans, free=free, exactly=exactly)
            return
        every = plans if exactly else [*plans, *self._more_replicas(owner, plans=plans, there=there)]
        if owner["kind"] == "StatefulSet":
            every = sorted(every, key=lambda plan: _ordinal(plan.name))
        for plan, node in zip(every, cycle(usable or [""]), strict=False):
            yield plan, str(plan.details.get("node") or node)

    def _more_replicas(self, owner: Json, *, plans: list[Plan], there: list[Json]) -> list[Plan]:
        """Return the pods that the controllers add to those planned and those there, up to the wanted replicas."""
        missing = int(owner["spec"]["replicas"]) - len(there) - len(plans)
        known = {plan.name for plan in plans} | {str(pod["metadata"]["name"]) for pod in there}
        names = (name for name in self._names(owner) if name not in known)
        return [Plan(name=name, details={}) for name in islice(names, max(0, missing))]

    def _names(self, owner: Json) -> Iterator[str]:
        """Yield the names that controllers give to pods."""
        metadata, number = owner["metadata"], 0
        sets = replicasets.of_template(owner, self.stage.workloads.replica_sets(owner))
        before = sets["metadata"]["name"] if sets else metadata["name"]
        while True:
            if owner["kind"] == "StatefulSet":
                start = int((owner["spec"].get("ordinals") or {}).get("start", 0))
                yield f"{metadata['name']}-{start + number}"
            else:
                yield f"{before}-{suffix(metadata['uid'], number)}"
            number += 1

    def _pod(self, owner: Json, plan: Plan, *, node: str) -> None:
        details = {"usage": self.form.get("usage")} | plan.details
        born = self.stage.when(details.get("age", self.stage.moment))
        labels = pod_labels(owner, name=plan.name) | (details.get("labels") or {})
        with self.stage.at(born):
            self._claims(owner, pod=plan.name)
            pod = single_pods.of_owner(owner, name=plan.name, labels=labels, stage=self.stage)
            if self.form.get("injected"):
                pod["spec"]["containers"] = [*pod["spec"]["containers"], *containers(self.form, "injected")]
            pod = single_pods.started(pod, details, node=node, stage=self.stage)
            _tell(owner, "SuccessfulCreate", creation_text(owner, pod), stage=self.stage)

    def _claims(self, owner: Json, *, pod: str) -> None:
        claims.make_missing(owner, pod=pod, state=self.stage.state)
        for made in owner["spec"].get("volumeClaimTemplates") or ():
            name = f"{made['metadata']['name']}-{pod}"
            claim = self.stage.state.get(CLAIMS, name, namespace=owner["metadata"]["namespace"])
            if claim is not None and status_of(claim).get("phase") == "Pending":
                storage.bind(claim, stage=self.stage)


def _one_per_node(owner: Json, *, plans: list[Plan], free: list[str], exactly: bool) -> Iterator[tuple[Plan, str]]:
    """Yield the pods of a DaemonSet with their nodes, and unless `exactly` these, a pod for each free node left."""
    left = list(free)
    for plan in plans:
        yield plan, str(plan.details.get("node") or (left.pop(0) if left else ""))
    for node in [] if exactly else left:
        name = f"{owner['metadata']['name']}-{suffix(owner['metadata']['uid'], node)}"
        yield Plan(name=name, details={}), node


def _ordinal(name: str) -> tuple[int, str]:
    """Return the sort key of a StatefulSet's pods: by ordinal, names without a number last."""
    number = name.rpartition("-")[2]
    return (int(number), "") if number.isdigit() else (sys.maxsize, name)


def settle(stage: Stage, namespaces: set[str]) -> None:
    """Update the status of the workloads, at the time of the last change of their pods."""
    for kind in ("ReplicaSet", "StatefulSet", "DaemonSet"):
        resource = stage.resource(kind)
        for namespace in sorted(namespaces):
            for owner in stage.state.objects(resource.table, namespace):
                if _is_as_before(owner, stage=stage):
                    continue
                with stage.at(_last_change(owner, stage=stage)):
                    stage.workloads.refresh(owner)
                if kind == "DaemonSet":
                    _keep_desired(owner, stage=stage)


def _is_as_before(owner: Json, *, stage: Stage) -> bool:
    """Return whether a workload is an unchanged neighbour with all of its pods unchanged."""
    pods = stage.workloads.pods_of(owner)
    counted = owner["status"].get("currentNumberScheduled", owner["status"].get("replicas", 0))
    return len(pods) == counted and all(stage.is_untouched(each) for each in (owner, *pods))


def _keep_desired(before: Json, *, stage: Stage) -> None:
    """Keep the wanted count of a DaemonSet whose pods are gone or were refused."""
    owner = stage.latest(before)
    status, wanted = owner["status"], status_of(before).get("desiredNumberScheduled", 0)
    if wanted > status["desiredNumberScheduled"]:
        missing = wanted - status.get("numberReady", 0)
        stage.put(with_status(owner, desiredNumberScheduled=wanted, numberUnavailable=missing))


def _last_change(owner: Json, *, stage: Stage) -> datetime:
    ready = [condition(pod, "Ready").get("lastTransitionTime") for pod in stage.workloads.pods_of(owner)]
    changes = [owner["metadata"]["creationTimestamp"], *filter(None, ready)]
    return min(max(map(stage.when, changes)), stage.now)


def _tell(about: Json, reason: str, message: str, *, stage: Stage) -> None:
    """Note an event that the controller of a workload writes at the stage's moment."""
    stage.tell(about, reason=reason, message=message, source=CONTROLLERS[about["kind"]], type="Normal")


def make_job(obj: Json, form: Form, *, stage: Stage) -> None:
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
    obj = obj | {"metadata": metadata | {"labels": form["labels"]}, "spec": patches.merge(spec, form.get("spec") or {})}
    with stage.at(born):
        job = stage.put(obj | {"status": without(jobs.active(since=born), "terminating")})
        plan = next(iter(plans_of(form)), Plan(name=f"{name}-{suffix(uid)}", details={}))
        pod = single_pods.of_owner(job, name=plan.name, labels=pod_labels(job, name=plan.name), stage=stage)
        node = plan.details.get("node") or stage.node_for(made["spec"])
        pod = single_pods.started(pod, plan.details, node=node, stage=stage)
        _tell(job, "SuccessfulCreate", creation_text(job, pod), stage=stage)
    if not form.get("active"):
        at = born + (stage.now - form.when("ran", "20s"))
        stage.put(jobs.succeeded(pod, at=at))
        stage.put(job | {"status": jobs.completed(job["status"], at=at)})
        with stage.at(at):
            _tell(job, "Completed", "Job completed", stage=stage)


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
    status: Json = {
        "lastScheduleTime": times.timestamp(last),
        "lastSuccessfulTime": times.timestamp(last + timedelta(seconds=20)),
    }
    name = form.get("job", f"{metadata['name']}-{int(last.timestamp()) // 60}")
    if form.get("active"):
        status["active"] = [{"kind": "Job", "apiVersion": "batch/v1", "namespace": metadata["namespace"], "name": name}]
    manifest = obj | {"spec": patches.merge(spec, form.get("spec") or {})}
    cron = stage.put(manifest | {"status": patches.merge(status, form.get("status") or {})})
    owners = [owner_reference(cron)]
    job = stage.new("Job", namespace=metadata["namespace"], name=name, created=last, ownerReferences=owners)
    make_job(job, inner, stage=stage)
