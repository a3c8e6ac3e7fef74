"""Run the controllers of Deployments, ReplicaSets, StatefulSets, DaemonSets and Jobs.

They act and finish at once. A new pod shows the fault of the pod it replaces as long as the spec of its owner's
template is that of the loaded world; with another template it runs. Pods that a trimmed world omits (a Deployment of
three with one pod written) stay missing until then.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from bot.playground.kubernetes import claims, jobs, logs, patches, pods, replicasets, workload_status
from bot.playground.kubernetes.defaults import TEMPLATED, suffix
from bot.playground.kubernetes.objects import is_controlled_by, is_ready, is_terminating, is_true, status_of, without
from bot.playground.kubernetes.recorder import Recorder, creation_text
from bot.playground.kubernetes.resources import PODS, REPLICA_SETS, WIRE, Json, Table
from bot.playground.kubernetes.state import State
from bot.playground.kubernetes.validated_world import Override, OverrideTrigger, PodOutcome


def is_workload(obj: Json) -> bool:
    """Return whether a controller here makes the pods of an object."""
    return obj["kind"] in TEMPLATED and obj["apiVersion"] in ("apps/v1", "batch/v1", "v1")


@dataclass(slots=True)
class _Baseline:
    """A workload when it was loaded: its template's spec, and the pods that the world does not contain."""

    template: Json = field(default_factory=dict)
    missing: int = 0
    hidden: dict[str, int] = field(default_factory=dict)


class WorkloadControllers:
    """The controllers of all workloads of a state."""

    def __init__(self, *, state: State, recorder: Recorder) -> None:
        self._state = state
        self._record = recorder
        self._baselines: dict[str, _Baseline] = defaultdict(_Baseline)
        self._overrides: list[Override] = []

    def learn(self, *, loaded: list[Json], overrides: list[Override]) -> None:
        """Register the workloads just loaded, and apply these overrides from now on."""
        self._overrides = [*overrides, *self._overrides]
        observed = {obj["metadata"]["uid"]: self._observed(obj) for obj in loaded if is_workload(obj)}
        self._baselines |= observed
        for obj in loaded:
            # A pod may be loaded by a later world than its owner: it is no longer missing.
            owner = self.owner_of(obj) if obj["kind"] == "Pod" else None
            while owner is not None and self._unchanged(owner):
                if (uid := owner["metadata"]["uid"]) not in observed:
                    self._baselines[uid] = observed[uid] = self._observed(owner)
                owner = self.owner_of(owner)

    def override(self, when: OverrideTrigger, *objects: Json) -> PodOutcome | Json | None:
        """Return the override for the first of these objects that has one, None without any."""
        for obj in objects:
            metadata = obj["metadata"]
            place = (obj["kind"], metadata.get("namespace", ""), metadata["name"])
            for each in self._overrides:
                if each.when == when and (each.kind, each.namespace, each.name) == place:
                    return each.becomes
        return None

    def owner_of(self, obj: Json) -> Json | None:
        """Return the stored controller of an object, None if it has none or if it was deleted."""
        for reference in obj["metadata"].get("ownerReferences") or ():
            if not reference.get("controller"):
                continue
            kind, name = reference.get("kind", ""), reference.get("name", "")
            for resource in self._state.registry.of_kind(kind, api_version=reference.get("apiVersion", "")):
                found = self._state.find(resource, name, namespace=obj["metadata"].get("namespace", ""))
                if found is not None and found["metadata"]["uid"] == reference.get("uid"):
                    return found
        return None

    def pods_of(self, owner: Json) -> list[Json]:
        """Return the pods of a workload that are not terminating; for a Deployment, those of its ReplicaSets."""
        if owner["kind"] == "Deployment":
            return [pod for each in self.replica_sets(owner) for pod in self.pods_of(each)]
        return [pod for pod in self._owned(owner, PODS) if not is_terminating(pod)]

    def pod_removed(self, pod: Json) -> None:
        """Replace a removed pod as its owner would."""
        owner = self.owner_of(pod)
        if owner is None or owner["kind"] not in TEMPLATED or is_terminating(owner):
            return
        if self._state.is_terminating(pod["metadata"]["namespace"]):
            return
        top = self.owner_of(owner) or owner
        finished = owner["kind"] == "Job" and (is_true(owner, "Complete") or is_true(owner, "Failed"))
        if not finished and len(self.pods_of(owner)) < self._wanted(owner):
            fate = self.override(OverrideTrigger.DELETED, pod, owner, top) or self._usual(top)
            self._make(owner, like=pod, fate=fate, unchanged=self._unchanged(top))
        self.refresh(owner)

    def changed(self, owner: Json, *, before: Json | None = None) -> None:
        """React to a new or changed workload."""
        template = owner["spec"].get("template") or {}
        rolled = before is not None and (before["spec"].get("template") or {}) != template
        if owner["kind"] == "Deployment":
            if not owner["spec"].get("paused"):
                self._roll_deployment(owner, rolled=rolled)
        elif rolled and owner["kind"] in ("StatefulSet", "DaemonSet"):
            self._roll_in_place(owner)
        else:
            self._scale(owner)
        self.refresh(owner)

    def pods_patched(self, owner: Json, becomes: PodOutcome | Json) -> None:
        """Apply an override to the pods of a patched workload, in place."""
        for pod in self.pods_of(owner):
            self.settle(pod, becomes)
        self.refresh(owner)

    def settle(self, pod: Json, becomes: PodOutcome | Json) -> None:
        """Make an existing pod healthy, or patch it."""
        if becomes == PodOutcome.HEALTHY:
            after = pods.running(pod, state=self._state)
        elif isinstance(becomes, dict):
            after = patches.merge(pod, becomes)
        else:
            return
        self._state.put(PODS, after)

    def refresh(self, owner: Json) -> None:
        """Update the status of a workload and of the Deployment that owns it."""
        table = self._state.registry.of_kind(owner["kind"], api_version=owner["apiVersion"])[0].table
        current = self._state.latest(table, owner)
        if current is None:
            return
        baseline = self._baselines[owner["metadata"]["uid"]]
        newest = self.newest_replica_set(current) if current["kind"] == "Deployment" else None
        status = workload_status.refreshed(
            current,
            pods=self.pods_of(current),
            updated=self.newest_pods(current),
            leaving=self._leaving(current),
            hidden=baseline.hidden,
            now=self._state.now(),
            newest=newest["metadata"]["name"] if newest else "",
        )
        if status != current.get("status"):
            current = self._state.put(table, current | {"status": status})
        above = self.owner_of(current)
        if above is not None and above["kind"] == "Deployment":
            self.refresh(above)

    def _leaving(self, owner: Json) -> int:
        if owner["kind"] == "Deployment":
            return sum(self._leaving(each) for each in self.replica_sets(owner))
        return sum(is_terminating(pod) for pod in self._owned(owner, PODS))

    def _observed(self, owner: Json) -> _Baseline:
        spec = owner.get("spec") or {}
        template = (spec.get("template") or {}).get("spec") or {}
        shown = self.pods_of(owner)
        ready = sum(is_ready(pod) for pod in shown)
        hidden = {
            name: max(0, status_of(owner).get(name, 0) - count)
            for name, count in (("replicas", len(shown)), ("readyReplicas", ready), ("availableReplicas", ready))
        }
        missing = max(0, spec.get("replicas", 1) - len(shown)) if owner["kind"] not in ("DaemonSet", "Job") else 0
        return _Baseline(template=template, missing=missing, hidden=hidden)

    def _unchanged(self, top: Json) -> bool:
        baseline = self._baselines.get(top["metadata"]["uid"])
        return baseline is not None and baseline.template == (top["spec"].get("template") or {}).get("spec")

    def _usual(self, top: Json) -> PodOutcome:
        return PodOutcome.SAME if self._unchanged(top) else PodOutcome.HEALTHY

    def _wanted(self, owner: Json) -> int:
        if owner["kind"] in ("DaemonSet", "Job"):
            return len(self.pods_of(owner)) + 1
        missing = self._baselines[owner["metadata"]["uid"]].missing
        return max(0, int(owner["spec"].get("replicas", 1)) - missing)

    def _scale(self, owner: Json) -> None:
        """Make or remove pods until there are as many as wanted."""
        if owner["kind"] == "DaemonSet":
            if not self.pods_of(owner) and self._baselines[owner["metadata"]["uid"]].template == {}:
                for node in pods.usable_nodes(self._state, owner["spec"]["template"].get("spec") or {}):
                    self._make(owner, like=None, fate=PodOutcome.HEALTHY, unchanged=False, node=node)
            return
        if owner["kind"] == "Job":
            begun = self.pods_of(owner) or owner.get("status") or owner["spec"].get("suspend")
            if not begun and (owner["spec"].get("template") or {}).get("spec"):
                self._run(owner)
            return
        top = self.owner_of(owner) or owner
        current, wanted = self.pods_of(owner), self._wanted(owner)
        like = current[0] if current else None
        for _ in range(wanted - len(current)):
            fate = self._usual(top) if like is not None else PodOutcome.HEALTHY
            self._make(owner, like=like, fate=fate, unchanged=self._unchanged(top), replaces=False)
        if len(current) > wanted:
            if owner["kind"] == "StatefulSet":
                leaving = sorted(current, key=_ordinal)[wanted:]
            else:
                leaving = sorted(current, key=is_ready)[: len(current) - wanted]
            for pod in leaving:
                self._remove(pod, owner=owner)

    def _run(self, job: Json) -> None:
        """Run a new Job to its end: it fails as a loaded Job with the same pods did, else it completes."""
        like = self._failed_like(job)
        self._make(job, like=like, fate=PodOutcome.SAME, unchanged=False, replaces=False)
        (pod,) = self.pods_of(job)
        above = self.owner_of(job)
        jobs.run(job, pod, fails=like is not None, above=above, state=self._state, record=self._record)

    def _failed_like(self, job: Json) -> Json | None:
        """Return a failed pod of a loaded Job whose template has the same spec."""
        template = job["spec"]["template"]["spec"]
        for pod in self._state.objects(PODS, job["metadata"]["namespace"]):
            owner = self.owner_of(pod) if pod["status"].get("phase") == "Failed" else None
            loaded = owner is not None and owner["kind"] == "Job" and self._unchanged(owner)
            if owner is not None and loaded and owner["spec"]["template"]["spec"] == template:
                return pod
        return None

    def _roll_deployment(self, owner: Json, *, rolled: bool) -> None:
        """Give all replicas to the ReplicaSet of the current template. `rolled`: the template has changed."""
        sets = self.replica_sets(owner)
        newest = replicasets.of_template(owner, sets)
        old = [each for each in sets if newest is None or each["metadata"]["uid"] != newest["metadata"]["uid"]]
        replaced = [pod for each in old for pod in self.pods_of(each)]
        unchanged = self._unchanged(owner)
        fate: PodOutcome | Json = self._usual(owner)
        if rolled:
            fate = self.override(OverrideTrigger.TEMPLATE_CHANGED, owner) or fate
        current = self._promoted(owner, newest, sets=sets, rolled=rolled)
        if rolled:
            self._rebase(owner, current, replaced=len(replaced), healthy=fate == PodOutcome.HEALTHY)
        for each in old:
            self._retire(each, owner=owner)
        for pod in replaced[: self._wanted(current)] if rolled else []:
            self._make(current, like=pod, fate=fate, unchanged=unchanged)
        self._scale(current)
        self.refresh(current)

    def _promoted(self, owner: Json, newest: Json | None, *, sets: list[Json], rolled: bool) -> Json:
        """Scale the ReplicaSet of the current template to the Deployment's size; make it if it is missing."""
        before = int(newest["spec"].get("replicas", 0)) if newest else 0
        replicas = int(owner["spec"].get("replicas", 1))
        number = max((replicasets.revision(each) for each in sets), default=0) + 1
        current = replicasets.promote(
            owner, newest, state=self._state, replicas=replicas, number=number if rolled or not sets else 0
        )
        if before != replicas:
            self._record.scaled(owner, name=current["metadata"]["name"], before=before, after=replicas)
        return current

    def _rebase(self, owner: Json, current: Json, *, replaced: int, healthy: bool) -> None:
        """After a rollout, expect every replica if the new pods are healthy, else as many as were replaced."""
        baseline = self._baselines[current["metadata"]["uid"]]
        if healthy:
            self._baselines[owner["metadata"]["uid"]].hidden = {}
            baseline.missing, baseline.hidden = 0, {}
        else:
            baseline.missing = max(0, int(owner["spec"].get("replicas", 1)) - replaced)

    def _retire(self, old: Json, *, owner: Json) -> None:
        """Scale a ReplicaSet of an earlier template to zero."""
        before = int(old["spec"].get("replicas", 0))
        if before:
            self._record.scaled(owner, name=old["metadata"]["name"], before=before, after=0)
            self._state.put(REPLICA_SETS, replicasets.resized(old, replicas=0))
        for pod in self.pods_of(old):
            self._remove(pod, owner=old)
        self.refresh(old)

    def _roll_in_place(self, owner: Json) -> None:
        """Replace every pod of a StatefulSet or DaemonSet by one of the new template."""
        unchanged = self._unchanged(owner)
        fate = self.override(OverrideTrigger.TEMPLATE_CHANGED, owner) or self._usual(owner)
        if fate == PodOutcome.HEALTHY:
            baseline = self._baselines[owner["metadata"]["uid"]]
            baseline.missing, baseline.hidden = 0, {}
        for pod in sorted(self.pods_of(owner), key=_ordinal, reverse=True):
            self._state.remove(PODS, pod)
            self._make(owner, like=pod, fate=fate, unchanged=unchanged)
        self._scale(owner)

    def _make(
        self,
        owner: Json,
        *,
        like: Json | None,
        fate: PodOutcome | Json,
        unchanged: bool,
        node: str = "",
        replaces: bool = True,
    ) -> None:
        state = self._state
        if like is None and not (owner["spec"].get("template") or {}).get("spec"):
            return
        name = self._name(owner, like=like if replaces else None)
        pod = pods.make(state=state, owner=owner, name=name, labels=pod_labels(owner, name=name), like=like)
        if unchanged and like is not None:
            # The pod in the world may have more fields than its owner's trimmed template.
            pod = pod | {"spec": without(like["spec"], "nodeName")}
        keep = like is not None and (replaces or owner["kind"] == "DaemonSet")
        node = node or pods.choose_node(
            state, pod=pod, like=like if keep else None, pinned=owner["kind"] == "DaemonSet"
        )
        if node:
            pod = pods.bound(pod, node=node, state=state)
        claims.make_missing(owner, pod=name, state=state)
        self._record.write(owner, reason="SuccessfulCreate", message=creation_text(owner, pod))
        if fate == PodOutcome.HEALTHY or like is None:
            state.put(PODS, pods.running(pod, state=state) if node else pod)
            self._record.started(pod)
            return
        faulty = pods.with_fault_of(pod, like, now=state.now())
        if isinstance(fate, dict):
            faulty = patches.merge(faulty, fate)
        state.put(PODS, faulty)
        logs.copy(state.logs, uid=like["metadata"]["uid"], to=pod["metadata"]["uid"])
        self._record.again(like, pod)

    def _remove(self, pod: Json, *, owner: Json) -> None:
        self._state.remove(PODS, pod)
        self._record.write(owner, reason="SuccessfulDelete", message=f"Deleted pod: {pod['metadata']['name']}")

    def _name(self, owner: Json, *, like: Json | None) -> str:
        name = owner["metadata"]["name"]
        if owner["kind"] == "StatefulSet":
            if like is not None:
                return str(like["metadata"]["name"])
            taken = {_ordinal(pod) for pod in self.pods_of(owner)}
            at = int((owner["spec"].get("ordinals") or {}).get("start", 0))
            while at in taken:
                at += 1
            return f"{name}-{at}"
        return f"{name}-{suffix(name, self._state.store.revision)}"

    def _owned(self, owner: Json, table: Table) -> list[Json]:
        metadata = owner["metadata"]
        found = self._state.objects(table, metadata["namespace"])
        return [each for each in found if is_controlled_by(each, metadata["uid"])]

    def replica_sets(self, owner: Json) -> list[Json]:
        """Return the ReplicaSets of a Deployment, oldest revision first."""
        return sorted(self._owned(owner, REPLICA_SETS), key=replicasets.revision)

    def newest_replica_set(self, owner: Json) -> Json | None:
        """Return the ReplicaSet of a Deployment's template, or else the one of the newest revision."""
        sets = self.replica_sets(owner)
        return replicasets.of_template(owner, sets) or (sets[-1] if sets else None)

    def newest_pods(self, owner: Json) -> list[Json]:
        """Return the pods of a workload's newest revision."""
        newest = self.newest_replica_set(owner) if owner["kind"] == "Deployment" else owner
        return self.pods_of(newest) if newest else []


def _ordinal(pod: Json) -> int:
    tail = pod["metadata"]["name"].rpartition("-")[2]
    return int(tail) if tail.isdigit() else 0


def pod_labels(owner: Json, *, name: str) -> Json:
    """Return the labels that a controller gives to its pod of this name."""
    template = owner["spec"].get("template") or {}
    labels = dict((template.get("metadata") or {}).get("labels") or {})
    rows: dict[str, str] = WIRE["pod_labels"].get(owner["kind"], {})
    if not rows:
        return labels
    known = {"pod": name, "owner": owner["metadata"]["name"], "generation": owner["metadata"].get("generation", 1)}
    known |= {"ordinal": name.rpartition("-")[2], "revision": workload_status.update_revision(owner)}
    known["hash"] = known["revision"].rpartition("-")[2]
    return labels | {label: value.format(**known) for label, value in rows.items()}
