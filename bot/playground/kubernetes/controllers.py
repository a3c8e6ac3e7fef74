"""React to writes: garbage collection, workloads, nodes, namespaces, claims, budgets and endpoints.

Real controllers run a moment after the write that triggers them. These run right after it: the response to the write
is the object as stored, and the next read shows the result.
"""

from __future__ import annotations

from bot.playground.copies import copied
from bot.playground.kubernetes import claims, patches, pod_dependents, pods
from bot.playground.kubernetes.objects import is_terminating, with_metadata, with_status, without
from bot.playground.kubernetes.recorder import Recorder
from bot.playground.kubernetes.resources import (
    BUDGETS,
    CLAIMS,
    DEFINITIONS,
    NAMESPACES,
    NODES,
    PODS,
    SERVICES,
    VOLUMES,
    WIRE,
    Json,
    Table,
)
from bot.playground.kubernetes.state import State
from bot.playground.kubernetes.validated_world import Override, OverrideTrigger, PodOutcome
from bot.playground.kubernetes.workload_controllers import WorkloadControllers, is_workload

_UNSCHEDULABLE = "node.kubernetes.io/unschedulable"


class Controllers:
    """All controllers of a state. The writers call them with what they stored or removed."""

    def __init__(self, *, state: State) -> None:
        self._state = state
        self._record = Recorder(state=state)
        self._workloads = WorkloadControllers(state=state, recorder=self._record)

    def learn(self, *, loaded: list[Json], overrides: list[Override]) -> None:
        """Register a loaded world without reacting to it; only writes trigger the controllers."""
        self._workloads.learn(loaded=loaded, overrides=overrides)

    def created(self, table: Table, obj: Json) -> None:
        """React to an object created through the API."""
        if is_workload(obj):
            self._workloads.changed(obj)
            self._recount(obj)
        elif table == PODS:
            self.started(obj)
        elif table == NAMESPACES:
            self._state.fill_namespace(obj["metadata"]["name"])
        elif table == BUDGETS:
            pod_dependents.refresh_budgets(obj["metadata"]["namespace"], state=self._state)
        elif table == DEFINITIONS:
            self._establish(obj)

    def started(self, pod: Json) -> None:
        """Schedule and start a pod that was created or bound."""
        node = pod["spec"].get("nodeName") or ""
        if not node and pod["spec"].get("schedulerName", "default-scheduler") == "default-scheduler":
            node = pods.choose_node(self._state, pod=pod, like=None, pinned=False)
        bound = pods.bound(pod, node=node, state=self._state) if node else pod
        if node and pods.has_kubelet(self._state, node):
            bound = pods.running(bound, state=self._state)
            self._record.started(bound)
        self._state.put(PODS, bound)
        self._pods_changed(bound)

    def updated(self, table: Table, before: Json, after: Json) -> None:
        """React to an object changed through the API."""
        becomes = self._workloads.override(OverrideTrigger.PATCHED, after)
        if is_workload(after):
            self._workload_updated(before, after, becomes=becomes)
        elif table == PODS:
            if becomes is not None:
                self._workloads.settle(after, becomes)
            self._pods_changed(after)
        else:
            self._react(table, after)
            if isinstance(becomes, dict):
                self._state.put(table, patches.merge(self._state.latest(table, after) or after, becomes))

    def _workload_updated(self, before: Json, after: Json, *, becomes: PodOutcome | Json | None) -> None:
        if before["spec"] != after["spec"]:
            self._workloads.changed(after, before=before)
        elif before["metadata"].get("generation") != after["metadata"].get("generation"):
            self._workloads.refresh(after)
        if becomes is not None:
            self._workloads.pods_patched(after, becomes)
        self._recount(after)

    def _react(self, table: Table, obj: Json) -> None:
        if table == NODES:
            self._taint(obj)
        elif table == BUDGETS:
            pod_dependents.refresh_budgets(obj["metadata"]["namespace"], state=self._state)
        elif table == SERVICES:
            pod_dependents.refresh(obj["metadata"]["namespace"], state=self._state)
        elif table == CLAIMS:
            claims.grow(obj, state=self._state)
        elif table == VOLUMES:
            claims.offer_again(obj, state=self._state)

    def terminating(self, table: Table, obj: Json) -> None:
        """React to a deletionTimestamp: remove the finalizers whose work is done."""
        if table == PODS:
            self._finish_pod(obj)
        elif table == NAMESPACES:
            self._empty_namespace(obj)
        else:
            self._release(table, obj)

    def remove(self, table: Table, obj: Json) -> None:
        """Remove an object, delete its dependents, and let its owner replace it."""
        self._state.remove(table, obj)
        self._collect(obj)
        if table == PODS:
            # A StatefulSet makes no pod with a claim that is being deleted, so the claims are released first.
            for claim in self._state.objects(CLAIMS, obj["metadata"]["namespace"]):
                if is_terminating(claim):
                    self._release(CLAIMS, claim)
            self._workloads.pod_removed(obj)
            self._pods_changed(obj)
            return
        if table == CLAIMS:
            claims.free_volume(obj, state=self._state)
        owner = self._workloads.owner_of(obj)
        if owner is not None and is_workload(owner) and is_workload(obj):
            self._workloads.changed(owner)
        becomes = self._workloads.override(OverrideTrigger.DELETED, obj)
        if becomes == PodOutcome.SAME or isinstance(becomes, dict):
            self._bring_back(table, obj, patch=becomes if isinstance(becomes, dict) else {})

    def _bring_back(self, table: Table, obj: Json, *, patch: Json) -> None:
        metadata = without(obj["metadata"], "deletionTimestamp", "deletionGracePeriodSeconds")
        metadata |= self._state.new_metadata(table, metadata["name"], namespace=metadata.get("namespace", ""))
        self._state.put(table, patches.merge(copied(obj | {"metadata": metadata}), patch))

    def _pods_changed(self, pod: Json) -> None:
        owner = self._workloads.owner_of(pod)
        if owner is not None and is_workload(owner):
            self._workloads.refresh(owner)
        self._recount(pod)

    def _recount(self, obj: Json) -> None:
        pod_dependents.refresh(obj["metadata"]["namespace"], state=self._state)

    def _finish_pod(self, pod: Json) -> None:
        """End a pod as its kubelet does; it stays Terminating if the kubelet is down or a finalizer is left."""
        if not pods.has_kubelet(self._state, pod["spec"].get("nodeName", "")) or pod["metadata"].get("finalizers"):
            self._pods_changed(pod)
            return
        for container in pod["spec"].get("containers") or ():
            message = f"Stopping container {container['name']}"
            self._record.write(pod, reason="Killing", message=message, source="kubelet", container=container["name"])
        self.remove(PODS, pod)

    def _collect(self, owner: Json, *, orphans: bool = False) -> None:
        """Delete the objects that only this object owned, unless they become orphans."""
        for table, dependent, others in self._dependents(owner):
            if others or orphans:
                self._state.put(table, with_metadata(dependent, ownerReferences=others))
            else:
                self._discard(table, dependent)

    def _dependents(self, owner: Json) -> list[tuple[Table, Json, list[Json]]]:
        """Return the objects that an object owns, each with the references to its other owners."""
        uid, found = owner["metadata"]["uid"], []
        for table, obj in self._state.store.everything():
            owners = obj["metadata"].get("ownerReferences") or ()
            others = [each for each in owners if each.get("uid") != uid]
            if len(others) != len(owners):
                found.append((table, obj, others))
        return found

    def _discard(self, table: Table, obj: Json) -> None:
        latest = self._state.latest(table, obj) or obj
        if not latest["metadata"].get("finalizers"):
            self.remove(table, latest)
        elif not is_terminating(latest):
            marks = {"deletionTimestamp": self._state.stamp(), "deletionGracePeriodSeconds": 0}
            marked = latest | {"metadata": latest["metadata"] | marks}
            self.terminating(table, self._state.put(table, marked))

    def _release(self, table: Table, obj: Json) -> None:
        """Remove the finalizers of the built-in controllers, once their work is done."""
        before = list(obj["metadata"].get("finalizers") or ())
        done = {"foregroundDeletion", "orphan"}
        if "foregroundDeletion" in before:
            self._collect(obj)
        if "orphan" in before:
            self._collect(obj, orphans=True)
        if table in claims.PROTECTION and not claims.is_in_use(obj, table=table, state=self._state):
            done.add(claims.PROTECTION[table])
        finalizers = [each for each in before if each not in done]
        if finalizers == before:
            return
        if finalizers:
            self._state.put(table, with_metadata(obj, finalizers=finalizers))
        else:
            self.remove(table, obj)

    def _taint(self, node: Json) -> None:
        """Add or remove the node controller's taint of a cordoned node."""
        spec = dict(node.get("spec") or {})
        others = [taint for taint in spec.get("taints") or () if taint.get("key") != _UNSCHEDULABLE]
        tainted = len(others) != len(spec.get("taints") or ())
        if bool(spec.get("unschedulable")) == tainted:
            return
        if spec.get("unschedulable"):
            taint = {"key": _UNSCHEDULABLE, "effect": "NoSchedule", "timeAdded": self._state.stamp()}
            spec["taints"] = [*others, taint]
        elif others:
            spec["taints"] = others
        else:
            spec.pop("taints", None)
        self._state.put(NODES, node | {"spec": spec})

    def _empty_namespace(self, namespace: Json) -> None:
        name = namespace["metadata"]["name"]
        for table, obj in self._inside(name):
            if self._state.latest(table, obj) is not None:
                self._discard(table, obj)
        latest = self._state.latest(NAMESPACES, namespace) or namespace
        if not self._inside(name) and not latest["metadata"].get("finalizers"):
            self._state.remove(NAMESPACES, latest)

    def _inside(self, namespace: str) -> list[tuple[Table, Json]]:
        everything = self._state.store.everything()
        return [(table, obj) for table, obj in everything if obj["metadata"].get("namespace") == namespace]

    def _establish(self, definition: Json) -> None:
        told = {"status": "True", "lastTransitionTime": self._state.stamp()}
        conditions = [each | told for each in WIRE["established"]]
        spec = definition["spec"]
        stored = [version["name"] for version in spec["versions"] if version.get("storage")]
        definition = with_status(definition, conditions=conditions, acceptedNames=spec["names"], storedVersions=stored)
        self._state.put(DEFINITIONS, definition)
