"""Delete objects by preconditions, grace period, finalizers and propagation; evict pods as disruption budgets allow."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from bot.playground.kubernetes import pod_dependents, reads, structs, times, validation
from bot.playground.kubernetes.calls import Call
from bot.playground.kubernetes.controllers import Controllers
from bot.playground.kubernetes.objects import (
    conditions_of,
    has_ended,
    is_terminating,
    made_condition,
    with_status,
    without,
)
from bot.playground.kubernetes.resources import JOBS, NAMESPACES, PODS, Json, Resource
from bot.playground.kubernetes.selectors import parse_integer
from bot.playground.kubernetes.state import State
from bot.playground.kubernetes.status import bad_request, conflict, invalid, invalid_value, refusal, success

_ANSWERS_WITH_OBJECT = frozenset({
    "pods", "namespaces", "persistentvolumeclaims", "persistentvolumes", "podtemplates", "resourcequotas",
    "serviceaccounts",
})  # fmt: skip
_OPTIONS = Resource(group="meta.k8s.io", version="v1", plural="deleteoptions", kind="DeleteOptions")
_POLICIES = ("Foreground", "Background", "Orphan", "nil")


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """DeleteOptions, from the body or the query."""

    uid: str = ""
    resource_version: str = ""
    grace: int | None = None
    policy: str = ""  # that of the kind, if empty
    dry_run: bool = False


def parse_options(call: Call) -> Options:
    """Parse the options of a delete request. Refusal 400 or 422."""
    written: Json = {}
    if call.request.content.strip():
        try:
            written = json.loads(call.request.content)
        except ValueError:
            raise bad_request("couldn't get version/kind; json parse error") from None
        if not isinstance(written, dict):
            raise bad_request("couldn't get version/kind; json parse error: not an object")
        structs.check(written, resource=_OPTIONS)
    return options_of(written, query=call.query)


def options_of(written: Json, *, query: Mapping[str, str]) -> Options:
    """Parse the options from a decoded DeleteOptions, as in an eviction. Refusal 400 or 422."""
    policy = written.get("propagationPolicy") or query.get("propagationPolicy") or ""
    if policy and written.get("orphanDependents") is not None:
        text = "orphanDependents and deletionPropagation cannot be both set"
        wrong = invalid_value("propagationPolicy", policy, text)
        raise invalid(group="meta.k8s.io", kind="DeleteOptions", name="", causes=[wrong])
    if policy and policy not in _POLICIES:
        raise validation.bad_option("propagationPolicy", policy, *_POLICIES, options="DeleteOptions")
    if written.get("orphanDependents"):
        policy = "Orphan"
    grace = written.get("gracePeriodSeconds")
    if grace is None:
        grace = parse_integer(query.get("gracePeriodSeconds"))
    preconditions = written.get("preconditions") or {}
    return Options(
        uid=preconditions.get("uid") or "",
        resource_version=preconditions.get("resourceVersion") or "",
        grace=1 if grace is not None and grace < 0 else grace,
        policy=policy,
        dry_run=validation.is_dry_run(written, query, options="DeleteOptions"),
    )


class Deleter:
    """Carries out deletes and evictions."""

    def __init__(self, *, state: State, controllers: Controllers) -> None:
        self._state = state
        self._controllers = controllers

    def delete(self, call: Call) -> Json:
        """Delete one object or a collection, and return the body of the response."""
        options, resource = parse_options(call), call.resource
        if call.name:
            return self._delete(reads.existing(call, state=self._state), resource=resource, options=options)
        found, _ = reads.page(call, store=self._state.store)
        for obj in found:
            self._delete(obj, resource=resource, options=options)
        items = [without(obj, "kind", "apiVersion") for obj in found]
        metadata = {"resourceVersion": str(self._state.store.revision)}
        return reads.list_of(items, resource=resource, metadata=metadata)

    def evict(self, *, pod: Json, resource: Resource, options: Json, dry_run: bool) -> None:
        """Evict a pod. Refusal 500 with several budgets, 429 if its budget refuses, 409 for a failed precondition."""
        matching = pod_dependents.budgets_of(pod, state=self._state)
        if len(matching) > 1:
            message = "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support."
            raise refusal(code=500, message=message)
        if matching and pod["spec"].get("nodeName") and not has_ended(pod):
            pod_dependents.require_room(matching[0])
        parsed = options_of(options, query={})
        _check_preconditions(pod, resource=resource, options=parsed)
        if dry_run:
            return
        why = {"reason": "EvictionByEvictionAPI", "message": "Eviction API: evicting"}
        condition = made_condition("DisruptionTarget", "True", at=self._state.stamp(), **why)
        marked = with_status(pod, conditions=[condition, *conditions_of(pod)])
        self._delete(self._state.put(resource.table, marked), resource=resource, options=Options())

    def _delete(self, obj: Json, *, resource: Resource, options: Options) -> Json:
        _check_preconditions(obj, resource=resource, options=options)
        if resource.table == PODS:
            return self._delete_pod(obj, resource=resource, options=options)
        metadata = obj["metadata"]
        if is_terminating(obj):
            return obj
        finalizers = list(metadata.get("finalizers") or ())
        # For compatibility with its first clients, the API batch/v1 leaves the pods of a deleted Job.
        policy = options.policy or ("Orphan" if resource.table == JOBS else "Background")
        finalizers += {"Foreground": ["foregroundDeletion"], "Orphan": ["orphan"]}.get(policy, [])
        marked = self._marked(obj, resource=resource, finalizers=finalizers)
        if finalizers or resource.table == NAMESPACES:
            if not options.dry_run:
                marked = self._state.put(resource.table, marked)
                self._controllers.terminating(resource.table, marked)
            return marked
        if not options.dry_run:
            self._controllers.remove(resource.table, obj)
        if resource.plural in _ANSWERS_WITH_OBJECT:
            return marked
        details = {"name": metadata["name"], "group": resource.group, "kind": resource.plural, "uid": metadata["uid"]}
        return success(details={key: value for key, value in details.items() if value})

    def _marked(self, obj: Json, *, resource: Resource, finalizers: list[str]) -> Json:
        metadata = dict(obj["metadata"])
        if "generation" in metadata:
            metadata["generation"] += 1
        metadata["deletionTimestamp"] = self._state.stamp()
        if finalizers:
            metadata["finalizers"] = finalizers
        if resource.table == NAMESPACES:
            return with_status(obj | {"metadata": metadata}, phase="Terminating")
        metadata["deletionGracePeriodSeconds"] = 0
        return obj | {"metadata": metadata}

    def _delete_pod(self, pod: Json, *, resource: Resource, options: Options) -> Json:
        metadata, spec = dict(pod["metadata"]), pod.get("spec") or {}
        now = self._state.now()
        grace = options.grace if options.grace is not None else spec.get("terminationGracePeriodSeconds", 30)
        if not spec.get("nodeName") or has_ended(pod):
            grace = 0
        started = now
        if metadata.get("deletionTimestamp"):
            before = metadata.get("deletionGracePeriodSeconds", 0)
            if grace >= before and grace > 0:
                return pod
            started = times.parse(metadata["deletionTimestamp"]) - timedelta(seconds=before) if grace else now
        elif "generation" in metadata:
            metadata["generation"] += 1
        metadata["deletionTimestamp"] = times.timestamp(started + timedelta(seconds=grace))
        metadata["deletionGracePeriodSeconds"] = grace
        marked = pod | {"metadata": metadata}
        if options.dry_run:
            return marked
        if grace == 0 and not metadata.get("finalizers"):
            self._controllers.remove(PODS, marked)
            return marked
        stored = self._state.put(PODS, marked)
        self._controllers.terminating(PODS, stored)
        return stored


def _check_preconditions(obj: Json, *, resource: Resource, options: Options) -> None:
    metadata = obj["metadata"]
    for what, asked, there, happened in (
        ("UID", options.uid, metadata["uid"], "deleted and then recreated"),
        ("ResourceVersion", options.resource_version, metadata["resourceVersion"], "modified"),
    ):
        if asked and asked != there:
            because = f"the {what} in the precondition ({asked}) does not match the {what} in record ({there})."
            because += f" The object might have been {happened}"
            raise conflict(group=resource.group, resource=resource.kind, name=metadata["name"], because=because)
