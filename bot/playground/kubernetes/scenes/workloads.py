"""Make the healthy workloads of a scene with the ReplicaSets, revisions, claims and pods of their controllers.

A healthy Job has completed, and a CronJob has made one that completed.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import count, cycle, islice
from typing import Final

from bot.playground.kubernetes import claims, defaults, jobs, patches, replicasets, times, workload_status
from bot.playground.kubernetes.defaults import suffix
from bot.playground.kubernetes.objects import owner_reference, status_of, with_status, without
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


def make(obj: Json, form: Form, *, stage: Stage) -> None:
    """Store a workload and the objects its controllers make. `obj` is its head: kind, apiVersion and metadata."""
    form = form.but(labels=form.get("labels") or {"app": obj["metadata"]["name"]})
    plans = plans_of(form)
    born = stage.when(obj["metadata"]["creationTimestamp"])
    came = form.when("rolled", born)
    metadata = obj["metadata"] | {"labels": form["labels"]}
    obj = obj | {"metadata": metadata, "spec": _spec(obj, form, plans), "status": {}}
    obj = patches.merge(obj, form.only(("metadata", "spec")))
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


def _spec(obj: Json, form: Form, plans: dict[str, Json]) -> Json:
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


def plans_of(form: Form) -> dict[str, Json]:
    """Return the details of the `pods` that a scene names: a list of names, or name → node, or name → details."""
    written = form.get("pods") or {}
    if not isinstance(written, dict):
        return {str(name): {} for name in written}
    plans: dict[str, Json] = {}
    for name, details in written.items():
        short = {"node": details} if isinstance(details, str) else details or {}
        plans[name] = form.within("pods", str(name), written=short).check(_DETAILS, manifest=False)
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

    def revision(self, owner: Json, *, number: int, plans: dict[str, Json]) -> None:
        """Make a revision of the workload with these pods; the newest revision gets pods up to the wanted replicas."""
        old = self.stage.latest(owner)["spec"]["template"] != owner["spec"]["template"]
        keeper = owner
        if owner["kind"] == "Deployment":
            replicas = len(plans) if old else int(owner["spec"]["replicas"])
            keeper = self._replica_set(owner, number=number, replicas=replicas, plans=plans)
        elif owner["kind"] in ("StatefulSet", "DaemonSet"):
            self._controller_revision(owner, number=number)
        for name, node in self._placed(owner, plans=plans, exactly=old):
            self.pod(keeper, name=name, details=plans.get(name, {}), node=node)

    def _replica_set(self, owner: Json, *, number: int, replicas: int, plans: dict[str, Json]) -> Json:
        name, state = owner["metadata"]["name"], self.stage.state
        digests = {each.removeprefix(f"{name}-").rpartition("-")[0] for each in plans}
        if len(digests) > 1 or not all(each.startswith(f"{name}-") for each in plans):
            text = f"expected names {name}-<hash>-<suffix> with one hash, got {', '.join(plans)}"
            raise self.form.wrong(text, "pods")
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

    def _placed(self, owner: Json, *, plans: dict[str, Json], exactly: bool) -> Iterator[tuple[str, str]]:
        """Yield each pod with its node: the pods that the scene names, and those that the controllers add."""
        metadata, usable = owner["metadata"], self.stage.nodes_for(owner["spec"]["template"]["spec"])
        # Pods of the previous revision count for a StatefulSet or DaemonSet; a Deployment gets a new ReplicaSet.
        there = [] if exactly or owner["kind"] == "Deployment" else self.stage.workloads.pods_of(owner)
        if owner["kind"] == "DaemonSet":
            taken = {each.get("node") for each in plans.values()} | {pod["spec"].get("nodeName") for pod in there}
            free = [node for node in usable if node not in taken]
            for name, details in plans.items():
                yield name, str(details.get("node") or (free.pop(0) if free else ""))
            for node in [] if exactly else free:
                yield f"{metadata['name']}-{suffix(metadata['uid'], node)}", node
            return
        names = [*plans]
        if not exactly:
            known = {*plans, *(pod["metadata"]["name"] for pod in there)}
            missing = int(owner["spec"]["replicas"]) - len(there) - len(plans)
            names += islice((each for each in self._names(owner) if each not in known), max(0, missing))
        if owner["kind"] == "StatefulSet":
            names.sort(key=_ordinal)
        for name, node in zip(names, cycle(usable or [""]), strict=False):
            yield name, str(plans.get(name, {}).get("node") or node)

    def _names(self, owner: Json) -> Iterator[str]:
        """Yield the names that controllers give to pods."""
        name, uid = owner["metadata"]["name"], owner["metadata"]["uid"]
        if owner["kind"] == "StatefulSet":
            start = int((owner["spec"].get("ordinals") or {}).get("start", 0))
            return (f"{name}-{number}" for number in count(start))
        sets = replicasets.of_template(owner, self.stage.workloads.replica_sets(owner))
        before = sets["metadata"]["name"] if sets else name
        return (f"{before}-{suffix(uid, number)}" for number in count())

    def pod(self, owner: Json, *, name: str, details: Json, node: str) -> Json:
        """Make a pod as its controller does, with its claims and events, and return it."""
        details = {"usage": self.form.get("usage")} | details
        labels = pod_labels(owner, name=name) | (details.get("labels") or {})
        with self.stage.at(self.stage.when(details.get("age", self.stage.moment))):
            self._claims(owner, pod=name)
            pod = single_pods.of_owner(owner, name=name, labels=labels, stage=self.stage)
            if self.form.get("injected"):
                pod["spec"]["containers"] = [*pod["spec"]["containers"], *containers(self.form, "injected")]
            pod = single_pods.started(pod, details, node=node, stage=self.stage)
            _tell(owner, "SuccessfulCreate", creation_text(owner, pod), stage=self.stage)
        return pod

    def _claims(self, owner: Json, *, pod: str) -> None:
        claims.make_missing(owner, pod=pod, state=self.stage.state)
        for made in owner["spec"].get("volumeClaimTemplates") or ():
            name = f"{made['metadata']['name']}-{pod}"
            claim = self.stage.state.get(CLAIMS, name, namespace=owner["metadata"]["namespace"])
            if claim is not None and status_of(claim).get("phase") == "Pending":
                storage.bind(claim, stage=self.stage)


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
                with stage.at(stage.last_change(owner, stage.workloads.pods_of(owner))):
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


def _tell(about: Json, reason: str, message: str, *, stage: Stage) -> None:
    """Note an event that the controller of a workload writes at the stage's moment."""
    stage.tell(about, reason=reason, message=message, source=CONTROLLERS[about["kind"]], type="Normal")


def make_job(obj: Json, form: Form, *, stage: Stage) -> None:
    """Store a Job and its pod. `obj` is its head: kind, apiVersion and metadata."""
    metadata = obj["metadata"]
    # The scene leaves out the older label of the uid.
    named = without(defaults.job_labels(metadata), "controller-uid")
    form = form.but(labels={**(form.get("labels") or {}), **named})
    born = stage.when(metadata["creationTimestamp"])
    made = template(form)
    made["spec"].setdefault("restartPolicy", "Never")
    spec = defaults.JOB | {"selector": defaults.job_selector(metadata), "template": made}
    obj = obj | {"metadata": metadata | {"labels": form["labels"]}, "spec": patches.merge(spec, form.get("spec") or {})}
    name, details = next(iter(plans_of(form).items()), (f"{metadata['name']}-{suffix(metadata['uid'])}", {}))
    with stage.at(born):
        job = stage.put(obj | {"status": without(jobs.active(since=born), "terminating")})
        node = details.get("node") or stage.node_for(made["spec"])
        # Its pod is as old as the Job, and the metrics server does not report it.
        maker = _Maker(stage=stage, form=form.only(KEYS["pod"]))
        pod = maker.pod(job, name=name, details=without(details, "age"), node=node)
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
    cron = stage.put(form.only(("spec", "status")).over(obj | {"spec": spec, "status": status}))
    owners = [owner_reference(cron)]
    job = stage.new("Job", namespace=metadata["namespace"], name=name, created=last, ownerReferences=owners)
    make_job(job, inner, stage=stage)
