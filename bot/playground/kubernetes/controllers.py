"""React to writes: garbage collection, workloads, nodes, namespaces, claims, budgets and endpoints.

Real controllers run a moment after the write that triggers them. These run right after it: the response to the write
is the object as stored, and the next read shows the result.
"""

from __future__ import annotations

import copy

from bot.playground.kubernetes import budgets, claims, patches, pods, scheduling, times
from bot.playground.kubernetes.aggregation import refresh_availability
from bot.playground.kubernetes.claims import CLAIMS, VOLUMES
from bot.playground.kubernetes.endpoints import refresh_endpoints
from bot.playground.kubernetes.overrides import Override, OverrideTrigger, PodOutcome
from bot.playground.kubernetes.recorder import Recorder
from bot.playground.kubernetes.resources import Json, Resource
from bot.playground.kubernetes.state import NAMESPACES, State
from bot.playground.kubernetes.workload_controllers import KINDS, PODS, WorkloadControllers

_UNSCHEDULABLE = "node.kubernetes.io/unschedulable"
_OURS = {CLAIMS: "kubernetes.io/pvc-protection", VOLUMES: "kubernetes.io/pv-protection"}


class Controllers:
    """All controllers of a state. The writers call them with what they stored or removed."""

    def __init__(self, *, state: State) -> None:
        self._state = state
        self._record = Recorder(state=state)
        self._workloads = WorkloadControllers(state=state, recorder=self._record)

    def learn(self, *, loaded: list[Json], overrides: list[Override]) -> None:
        """Register a loaded world without reacting to it; only writes trigger the controllers."""
        self._workloads.learn(loaded=loaded, overrides=overrides)

    def created(self, *, resource: Resource, obj: Json) -> None:
        """React to an object created through the API."""
        if _is_workload(obj):
            self._workloads.changed(obj)
            self._recount(obj["metadata"]["namespace"])
        elif resource.table == PODS:
            self.started(obj)
        elif resource.table == NAMESPACES:
            self._state.fill_namespace(obj["metadata"]["name"])
        elif resource.table == budgets.BUDGETS:
            budgets.refresh(obj["metadata"]["namespace"], state=self._state)
        elif resource.kind == "CustomResourceDefinition":
            self._establish(obj, resource=resource)

    def started(self, pod: Json) -> None:
        """Schedule and start a pod that was created or bound."""
        node = pod["spec"].get("nodeName") or ""
        if not node and pod["spec"].get("schedulerName", "default-scheduler") == "default-scheduler":
            node = scheduling.choose(self._state, pod=pod, like=None, pinned=False)
        bound = scheduling.bound(pod, node=node, state=self._state) if node else pod
        if node and scheduling.has_kubelet(self._state, node):
            bound = pods.running(bound, state=self._state)
            self._record.started(bound)
        self._put(PODS, bound)
        self._pods_changed(bound)

    def updated(self, *, resource: Resource, before: Json, after: Json) -> None:
        """React to an object changed through the API."""
        becomes = self._workloads.override(OverrideTrigger.PATCHED, after)
        if _is_workload(after):
            if before["spec"] != after["spec"]:
                self._workloads.changed(after, before=before)
            elif before["metadata"].get("generation") != after["metadata"].get("generation"):
                self._workloads.refresh(after)
            if becomes is not None:
                self._workloads.pods_patched(after, becomes)
            self._recount(after["metadata"]["namespace"])
        elif resource.table == PODS:
            if becomes is not None:
                self._workloads.settle(after, becomes)
            self._pods_changed(after)
        elif resource.table == scheduling.NODES:
            self._taint(after)
        elif resource.table == budgets.BUDGETS:
            budgets.refresh(after["metadata"]["namespace"], state=self._state)
        elif resource.table == CLAIMS:
            self._grow(after)
        elif resource.table == VOLUMES:
            claims.offer_again(after, state=self._state)
        if isinstance(becomes, dict) and not _is_workload(after) and resource.table != PODS:
            self._put(resource.table, patches.merge(self._latest(after, resource=resource), becomes))

    def terminating(self, *, resource: Resource, obj: Json) -> None:
        """React to a deletionTimestamp: remove the finalizers whose work is done."""
        if resource.table == PODS:
            self._finish_pod(obj, resource=resource)
        elif resource.table == NAMESPACES:
            self._empty_namespace(obj, resource=resource)
        else:
            self._release(obj, resource=resource)

    def removed(self, *, resource: Resource, obj: Json) -> None:
        """React to a removed object: delete its dependents, and let its owner replace it."""
        self._collect(obj)
        if resource.table == PODS:
            # A StatefulSet makes no pod with a claim that is being deleted, so the claims are released first.
            self._release_claims(obj)
            self._workloads.pod_removed(obj)
            self._pods_changed(obj)
            return
        if resource.table == CLAIMS:
            claims.free_volume(obj, state=self._state)
        owner = self._workloads.owner_of(obj)
        if owner is not None and _is_workload(owner) and _is_workload(obj):
            self._workloads.changed(owner)
        becomes = self._workloads.override(OverrideTrigger.DELETED, obj)
        if becomes == PodOutcome.SAME or isinstance(becomes, dict):
            self._bring_back(obj, resource=resource, patch=becomes if isinstance(becomes, dict) else {})

    def _bring_back(self, obj: Json, *, resource: Resource, patch: Json) -> None:
        metadata = {
            key: value
            for key, value in obj["metadata"].items()
            if key not in ("deletionTimestamp", "deletionGracePeriodSeconds")
        }
        namespace = metadata.get("namespace", "")
        metadata["uid"] = self._state.store.new_uid(table=resource.table, namespace=namespace, name=metadata["name"])
        metadata["creationTimestamp"] = self._record.now()
        self._put(resource.table, patches.merge(copy.deepcopy(obj | {"metadata": metadata}), patch))

    def _pods_changed(self, pod: Json) -> None:
        owner = self._workloads.owner_of(pod)
        if owner is not None and _is_workload(owner):
            self._workloads.refresh(owner)
        self._recount(pod["metadata"]["namespace"])

    def _recount(self, namespace: str) -> None:
        """Update the budgets, endpoints and API availability that depend on the pods of a namespace."""
        budgets.refresh(namespace, state=self._state)
        refresh_endpoints(namespace, state=self._state)
        refresh_availability(namespace, state=self._state)

    def _finish_pod(self, pod: Json, *, resource: Resource) -> None:
        """End a pod as its kubelet does; it stays Terminating if the kubelet is down or a finalizer is left."""
        node = pod["spec"].get("nodeName", "")
        if not scheduling.has_kubelet(self._state, node) or pod["metadata"].get("finalizers"):
            self._pods_changed(pod)
            return
        for container in pod["spec"].get("containers") or ():
            message = f"Stopping container {container['name']}"
            self._record.write(pod, reason="Killing", message=message, source="kubelet", container=container["name"])
        self._state.remove(resource=resource, obj=pod)
        self.removed(resource=resource, obj=pod)

    def _collect(self, owner: Json) -> None:
        """Delete the objects that only this object owned."""
        uid = owner["metadata"]["uid"]
        for table, dependent in self._dependents(uid):
            others = [ref for ref in dependent["metadata"]["ownerReferences"] if ref["uid"] != uid]
            if others:
                self._put(table, dependent | {"metadata": dependent["metadata"] | {"ownerReferences": others}})
            else:
                self._discard(table, dependent)

    def _dependents(self, uid: str) -> list[tuple[tuple[str, str], Json]]:
        return [
            (table, obj)
            for table, obj in self._state.store.everything()
            if any(ref.get("uid") == uid for ref in obj["metadata"].get("ownerReferences") or ())
        ]

    def _discard(self, table: tuple[str, str], obj: Json) -> None:
        resource = self._state.registry.of_table(table)
        latest = self._latest(obj, resource=resource)
        if latest["metadata"].get("finalizers"):
            if not latest["metadata"].get("deletionTimestamp"):
                marked = latest["metadata"] | {
                    "deletionTimestamp": self._record.now(),
                    "deletionGracePeriodSeconds": 0,
                }
                self.terminating(resource=resource, obj=self._put(table, latest | {"metadata": marked}))
            return
        self._state.remove(resource=resource, obj=latest)
        self.removed(resource=resource, obj=latest)

    def _release(self, obj: Json, *, resource: Resource) -> None:
        """Remove the finalizers of the built-in controllers, once their work is done."""
        uid = obj["metadata"]["uid"]
        finalizers = list(obj["metadata"].get("finalizers") or ())
        if "foregroundDeletion" in finalizers:
            self._collect(obj)
            finalizers.remove("foregroundDeletion")
        if "orphan" in finalizers:
            for table, dependent in self._dependents(uid):
                others = [ref for ref in dependent["metadata"]["ownerReferences"] if ref["uid"] != uid]
                metadata = {key: value for key, value in dependent["metadata"].items() if key != "ownerReferences"}
                metadata |= {"ownerReferences": others} if others else {}
                self._put(table, dependent | {"metadata": metadata})
            finalizers.remove("orphan")
        protection = _OURS.get(resource.table)
        if protection in finalizers and not self._in_use(obj, resource=resource):
            finalizers.remove(protection)
        if finalizers == list(obj["metadata"].get("finalizers") or ()):
            return
        if finalizers:
            self._put(resource.table, obj | {"metadata": obj["metadata"] | {"finalizers": finalizers}})
            return
        self._state.remove(resource=resource, obj=obj)
        self.removed(resource=resource, obj=obj)

    def _in_use(self, obj: Json, *, resource: Resource) -> bool:
        if resource.table == VOLUMES:
            return (obj.get("status") or {}).get("phase") == "Bound"
        metadata = obj["metadata"]
        return any(
            (volume.get("persistentVolumeClaim") or {}).get("claimName") == metadata["name"]
            for pod in self._state.store.objects(table=PODS, namespace=metadata["namespace"])
            # Only a scheduled pod uses a claim: recorded in 18-storage-pending.
            if pod["spec"].get("nodeName") and (pod.get("status") or {}).get("phase") not in ("Succeeded", "Failed")
            for volume in pod["spec"].get("volumes") or ()
        )

    def _release_claims(self, pod: Json) -> None:
        resource = self._state.registry.of_table(CLAIMS)
        for claim in self._state.store.objects(table=CLAIMS, namespace=pod["metadata"]["namespace"]):
            if claim["metadata"].get("deletionTimestamp"):
                self._release(claim, resource=resource)

    def _taint(self, node: Json) -> None:
        """Add or remove the node controller's taint of a cordoned node."""
        spec = dict(node.get("spec") or {})
        others = [taint for taint in spec.get("taints") or () if taint.get("key") != _UNSCHEDULABLE]
        tainted = len(others) != len(spec.get("taints") or ())
        if bool(spec.get("unschedulable")) == tainted:
            return
        if spec.get("unschedulable"):
            taint = {"key": _UNSCHEDULABLE, "effect": "NoSchedule", "timeAdded": self._record.now()}
            spec["taints"] = [*others, taint]
        elif others:
            spec["taints"] = others
        else:
            spec.pop("taints", None)
        self._put(scheduling.NODES, node | {"spec": spec})

    def _grow(self, claim: Json) -> None:
        """Expand a bound claim that requests more, if its class allows expansion."""
        status = claim.get("status") or {}
        asked = ((claim["spec"].get("resources") or {}).get("requests") or {}).get("storage")
        has = (status.get("capacity") or {}).get("storage")
        table = ("storage.k8s.io", "storageclasses")
        name = claim["spec"].get("storageClassName", "")
        storage_class = self._state.store.get(table=table, namespace="", name=name) or {}
        if status.get("phase") == "Bound" and asked != has and storage_class.get("allowVolumeExpansion"):
            capacity = (status.get("capacity") or {}) | {"storage": asked}
            self._put(CLAIMS, claim | {"status": status | {"capacity": capacity}})

    def _empty_namespace(self, namespace: Json, *, resource: Resource) -> None:
        name = namespace["metadata"]["name"]
        inside = [(table, obj) for table, obj in self._state.store.everything() if _lies_in(obj, name)]
        for table, obj in inside:
            if self._state.store.get(table=table, namespace=name, name=obj["metadata"]["name"]) is not None:
                self._discard(table, obj)
        held = [obj for _, obj in self._state.store.everything() if _lies_in(obj, name)]
        latest = self._latest(namespace, resource=resource)
        if not held and not latest["metadata"].get("finalizers"):
            self._state.remove(resource=resource, obj=latest)

    def _establish(self, definition: Json, *, resource: Resource) -> None:
        now = times.timestamp(self._state.now())
        conditions = [
            {"type": "NamesAccepted", "status": "True", "lastTransitionTime": now, "reason": "NoConflicts",
             "message": "no conflicts found"},
            {"type": "Established", "status": "True", "lastTransitionTime": now, "reason": "InitialNamesAccepted",
             "message": "the initial names have been accepted"},
        ]  # fmt: skip
        stored = [version["name"] for version in definition["spec"]["versions"] if version.get("storage")]
        status = {"conditions": conditions, "acceptedNames": definition["spec"]["names"], "storedVersions": stored}
        self._put(resource.table, definition | {"status": status})

    def _latest(self, obj: Json, *, resource: Resource) -> Json:
        metadata = obj["metadata"]
        found = self._state.find(
            resource=resource, namespace=metadata.get("namespace", ""), name=metadata["name"]
        )  # fmt: skip
        return found or obj

    def _put(self, table: tuple[str, str], obj: Json) -> Json:
        return self._state.put(resource=self._state.registry.of_table(table), obj=obj)


def _is_workload(obj: Json) -> bool:
    return obj["kind"] in KINDS and obj["apiVersion"] in ("apps/v1", "batch/v1", "v1")


def _lies_in(obj: Json, namespace: str) -> bool:
    return bool(obj["metadata"].get("namespace") == namespace)
