"""Validate objects by those rules of the real API server that a diagnosing or remediating client meets."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from bot.playground.kubernetes.defaults import SELECTING, TEMPLATED, job_labels, job_selector
from bot.playground.kubernetes.objects import without
from bot.playground.kubernetes.resources import NEW_EVENTS, WIRE, Json, Resource, from_custom_resource_definition
from bot.playground.kubernetes.selectors import matches
from bot.playground.kubernetes.status import Refusal, cause, invalid, invalid_value, not_allowed, required, unsupported

_LABEL = re.compile(r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")
_SUBDOMAIN = re.compile(r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$")
_TEXTS: dict[str, str] = WIRE["texts"]
_CONTAINERS = ("containers", "initContainers")
_POWERS = {"": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "m": -3, "u": -6, "n": -9}
_BINARY = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50}
_RESTARTS = ("Always", "OnFailure", "Never")
EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")
_STATEFUL = ("serviceName", "podManagementPolicy", "volumeClaimTemplates")


def refuse(causes: list[Json], *, resource: Resource, name: str) -> None:
    """Raise Refusal 422 if there are causes."""
    if causes:
        raise invalid(group=resource.group, kind=resource.kind, name=name, causes=causes)


def check(obj: Json, *, resource: Resource, before: Json | None = None) -> None:
    """Raise Refusal 422 if the object (an update of `before`, if given) is invalid."""
    name = obj["metadata"].get("name", "")
    causes = list(_of_metadata(obj, resource=resource, before=before))
    if resource.custom:
        refuse(causes, resource=resource, name=name)
        return
    # A field that a trimmed world omitted must not refuse a later change of another field.
    known = [] if before is None else list(_of_spec(before, resource=resource))
    causes += [each for each in _of_spec(obj, resource=resource) if each not in known]
    if before is not None:
        causes += list(_of_change(obj, before, resource=resource))
    elif resource.kind == "Job" and obj.get("spec"):
        causes += _of_new_job(obj)
    refuse(causes, resource=resource, name=name)


def _of_metadata(obj: Json, *, resource: Resource, before: Json | None) -> Iterator[Json]:
    metadata = obj["metadata"]
    name = metadata.get("name", "")
    if not name:
        yield required("metadata.name", "name or generateName is required")
    elif before is None and resource.group != "rbac.authorization.k8s.io" and not _SUBDOMAIN.match(name):
        yield invalid_value("metadata.name", name, _TEXTS["not_a_subdomain"])
    if before is None:
        return
    if metadata.get("uid") and metadata["uid"] != before["metadata"]["uid"]:
        # The generic validation and the kind's own both report it.
        yield from [invalid_value("metadata.uid", metadata["uid"], "field is immutable")] * 2
    new = set(metadata.get("finalizers") or ()) - set(before["metadata"].get("finalizers") or ())
    if before["metadata"].get("deletionTimestamp") and new:
        listed = ", ".join(f'"{each}"' for each in sorted(new))
        text = "no new finalizers can be added if the object is being deleted, found new finalizers"
        yield from [not_allowed("metadata.finalizers", f"{text} []string{{{listed}}}")] * 2


def _of_spec(obj: Json, *, resource: Resource) -> Iterator[Json]:
    spec = obj.get("spec") or {}
    if isinstance(spec.get("replicas"), int) and spec["replicas"] < 0:
        yield invalid_value("spec.replicas", spec["replicas"], "must be greater than or equal to 0")
    if resource.kind in TEMPLATED - {"ReplicationController"}:
        yield from _of_template(spec, selecting=resource.kind in SELECTING)
    match resource.kind:
        case "Pod":
            yield from _of_pod_spec(spec, path="spec")
        case "Node":
            yield from _of_taints(spec)
        case "Lease" if spec.get("leaseDurationSeconds", 1) <= 0:
            yield invalid_value("spec.leaseDurationSeconds", spec["leaseDurationSeconds"], "must be greater than 0")
        case "Service":
            yield from _of_ports(spec)
        case "Event":
            yield from _of_event(obj, resource=resource)
        case "CustomResourceDefinition":
            yield from _of_definition(obj)


def _of_taints(spec: Json) -> Iterator[Json]:
    for at, taint in enumerate(spec.get("taints") or ()):
        if taint.get("effect") not in EFFECTS:
            yield from [unsupported(f"metadata.taints[{at}].effect", taint.get("effect"), *EFFECTS)] * 2


def _of_ports(spec: Json) -> Iterator[Json]:
    for at, port in enumerate(spec.get("ports") or ()):
        number = port.get("port", 0)
        if not 1 <= number <= 65535:
            text = "must be between 1 and 65535, inclusive"
            yield invalid_value(f"spec.ports[{at}].port", number, text)
            yield invalid_value(f"spec.ports[{at}].targetPort", port.get("targetPort", number), text)


def _of_event(obj: Json, *, resource: Resource) -> Iterator[Json]:
    """Check an event by stricter rules if it has an eventTime; events.k8s.io requires one and no deprecated field."""
    timed, modern = bool(obj.get("eventTime")), resource.group == NEW_EVENTS
    involved = (obj.get("involvedObject") or {}).get("namespace", "")
    # Events about cluster-scoped objects are in default; those with an eventTime may be in kube-system too.
    outside = ("default", "kube-system") if timed else ("default",)
    if obj["metadata"].get("namespace", "") not in ((involved,) if involved else outside):
        yield invalid_value("involvedObject.namespace", involved, "does not match event.namespace")
    if timed:
        reporter = "reportingController" if modern else "reportingComponent"
        needed = {reporter: "reportingComponent"} | {key: key for key in ("reportingInstance", "action", "reason")}
        yield from (required(field) for field, key in needed.items() if not obj.get(key))
        for key, longest in (("reportingInstance", 128), ("action", 128), ("reason", 128), ("message", 1024)):
            if len(str(obj.get(key) or "").encode()) > longest:
                yield invalid_value(key, "", f"can have at most {longest} characters")
    if modern:
        if not timed:
            yield required("eventTime")
        if obj.get("type") not in ("Normal", "Warning"):
            yield invalid_value("type", "", f"has invalid value: {obj.get('type') or ''}")
        older = ("firstTimestamp", "lastTimestamp", "count")
        yield from (invalid_value(key, "", "needs to be unset") for key in older if obj.get(key))


def _of_definition(obj: Json) -> Iterator[Json]:
    try:
        list(from_custom_resource_definition(obj))
    except (KeyError, TypeError, AttributeError) as error:
        yield required("spec", f"group, scope, names and versions are needed ({error!r})")


def _of_template(spec: Json, *, selecting: bool) -> Iterator[Json]:
    template = spec.get("template") or {}
    labels = (template.get("metadata") or {}).get("labels") or {}
    if selecting and not spec.get("selector"):
        yield required("spec.selector")
    if selecting and not matches(spec.get("selector"), labels):
        yield invalid_value("spec.template.metadata.labels", labels, "`selector` does not match template `labels`")
    yield from _of_pod_spec(template.get("spec") or {}, path="spec.template.spec")


def _of_pod_spec(spec: Json, *, path: str) -> Iterator[Json]:
    seen: set[str] = set()
    if not spec.get("containers"):
        yield required(f"{path}.containers")
    for at, container in enumerate(spec.get("containers") or ()):
        place = f"{path}.containers[{at}]"
        name = container.get("name")
        if not name:
            yield required(f"{place}.name")
        elif not _LABEL.match(name):
            yield invalid_value(f"{place}.name", name, _TEXTS["not_a_label"])
        elif name in seen:
            message = f'Duplicate value: "{name}"'
            yield cause(reason="FieldValueDuplicate", message=message, field=f"{place}.name")
        seen.add(str(name))
        if not container.get("image"):
            yield required(f"{place}.image")
        yield from _of_resources(container.get("resources") or {}, path=f"{place}.resources")
    if spec.get("restartPolicy", "Always") not in _RESTARTS:
        yield unsupported(f"{path}.restartPolicy", spec["restartPolicy"], *_RESTARTS)
    yield from _of_affinity(spec.get("affinity") or {}, path=f"{path}.affinity")


def _of_resources(resources: Json, *, path: str) -> Iterator[Json]:
    limits = resources.get("limits") or {}
    for name, amount in (resources.get("requests") or {}).items():
        if name in limits and quantity(amount) > quantity(limits[name]):
            text = f"must be less than or equal to {name} limit of {limits[name]}"
            yield invalid_value(f"{path}.requests", str(amount), text)


def _of_affinity(affinity: Json, *, path: str) -> Iterator[Json]:
    for kind in ("podAffinity", "podAntiAffinity"):
        terms = (affinity.get(kind) or {}).get("requiredDuringSchedulingIgnoredDuringExecution") or ()
        for at, term in enumerate(terms):
            for namespace in term.get("namespaces") or ():
                if not _LABEL.match(namespace):
                    place = f"{path}.{kind}.requiredDuringSchedulingIgnoredDuringExecution[{at}].namespace"
                    yield invalid_value(place, namespace, _TEXTS["not_a_label"])


def _of_new_job(job: Json) -> Iterator[Json]:
    """Yield the causes for what a new Job brings in place of its generated selector and labels."""
    spec = job["spec"]
    if spec.get("manualSelector"):
        return
    labels = (spec["template"].get("metadata") or {}).get("labels") or {}
    for key, value in job_labels(job["metadata"]).items():
        if labels.get(key) != value:
            yield invalid_value("spec.template.metadata.labels", labels, f"must be '{value}'")
    if spec.get("selector") != job_selector(job["metadata"]):
        yield invalid_value("spec.selector", spec.get("selector"), "`selector` not auto-generated")


def _of_change(obj: Json, before: Json, *, resource: Resource) -> Iterator[Json]:
    spec, old = obj.get("spec") or {}, before.get("spec") or {}
    if resource.kind in SELECTING and spec.get("selector") != old.get("selector"):
        yield invalid_value("spec.selector", spec.get("selector"), "field is immutable")
    if resource.kind == "Pod" and _fixed(spec) != _fixed(old):
        yield not_allowed("spec", _TEXTS["pod_immutable"])
    if resource.kind == "StatefulSet" and any(spec.get(key) != old.get(key) for key in _STATEFUL):
        yield not_allowed("spec", _TEXTS["stateful_set_immutable"])


def _fixed(spec: Json) -> Json:
    """Return the immutable part of a pod's spec."""
    fixed = without(spec, "activeDeadlineSeconds", "tolerations", "terminationGracePeriodSeconds")
    lists = {key: [without(each, "image") for each in fixed[key]] for key in _CONTAINERS if key in fixed}
    return fixed | lists


def quantity(amount: Any) -> Decimal:
    """Parse a Kubernetes quantity. ArithmeticError if it is not a quantity."""
    text = str(amount)
    if (power := _BINARY.get(text[-2:])) is not None:
        return Decimal(text[:-2]) * Decimal(2**power)
    if (digits := _POWERS.get(text[-1:])) is not None and not text[-1:].isdigit():
        return Decimal(text[:-1]).scaleb(digits)
    return Decimal(text)


def is_dry_run(written: Json, query: Mapping[str, str], *, options: str) -> bool:
    """Return whether a write is a dry run. Refusal 422 for a value other than All.

    `written` are its options, which go before the query; `options` names their kind.
    """
    values = written.get("dryRun") or ([query["dryRun"]] if query.get("dryRun") else [])
    if not values:
        return False
    if values != ["All"]:
        raise bad_option("dryRun", values, "All", options=options)
    return True


def bad_option(field: str, value: Any, *supported: str, options: str) -> Refusal:
    """Return Refusal 422 for an option with an invalid value."""
    wrong = unsupported(field, value, *supported)
    return invalid(group="meta.k8s.io", kind=options, name="", causes=[wrong])
