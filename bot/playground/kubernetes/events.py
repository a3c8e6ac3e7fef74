"""Build Events as real recorders write them, expand the short form of worlds, convert to and from events.k8s.io."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from bot.playground.kubernetes import times
from bot.playground.kubernetes.objects import without
from bot.playground.kubernetes.resources import NODES, WIRE, Json, Resource

SCHEDULER: Final = "default-scheduler"
_SCHEDULING: Final = ("FailedScheduling", "Scheduled", "Preempted")
_TABLE: Final = WIRE["events"]
_NEW_NAMES: Final[dict[str, str]] = _TABLE["new_names"]
_OLD_NAMES: Final = {new: old for old, new in _NEW_NAMES.items()}
# The fields that every event shows.
_SHOWN: Final[Json] = _TABLE["shown"]
_NEW_FIELDS: Final[list[str]] = _TABLE["new_fields"].split()
_ALWAYS: Final = frozenset(_TABLE["always"].split())


def recorded(written: Json, *, involved: Json, resource: Resource, now: datetime, number: int) -> Json:
    """Build a core/v1 Event (without uid and resourceVersion) about `involved` from its short form.

    `written` has been checked: type, reason, message, count, first, last, source, style, container. Events of the
    scheduler come in the style of events.k8s.io (eventTime and series; no count; null timestamps) as real ones do.
    `number` distinguishes the events of one world, so that their names are stable.
    """
    reason, kind, count = written["reason"], written.get("type", "Warning"), int(written.get("count", 1))
    source = written.get("source", SCHEDULER if reason in _SCHEDULING else "kubelet")
    last = times.moment(written.get("last", "-1m"), now=now)
    first = last if count == 1 else last - timedelta(minutes=5)
    if "first" in written:
        first = times.moment(written["first"], now=now)
    metadata, container, host = involved["metadata"], written.get("container", ""), ""
    if source == "kubelet":
        host = metadata["name"] if involved["kind"] == "Node" else (involved.get("spec") or {}).get("nodeName", "")
    head: Json = {
        "kind": "Event",
        "apiVersion": "v1",
        "metadata": new_metadata(metadata["name"], metadata.get("namespace", "default"), at=first, number=number),
        "involvedObject": _reference(involved=involved, resource=resource, source=source, container=container),
        "reason": reason,
        "message": written["message"],
    }
    if written.get("style", "series" if source == SCHEDULER else "plain") == "series":
        body: Json = {"source": {}, "firstTimestamp": None, "lastTimestamp": None, "type": kind}
        body["eventTime"] = times.micro_timestamp(first)
        if count > 1:
            body["series"] = {"count": count, "lastObservedTime": times.micro_timestamp(last)}
        body["action"] = "Binding" if reason == "Scheduled" else "Scheduling"
        return head | body | {"reportingComponent": source, "reportingInstance": f"{source}-control-1"}
    return head | {
        "source": {"component": source} | ({"host": host} if host else {}),
        "firstTimestamp": times.timestamp(first),
        "lastTimestamp": times.timestamp(last),
        "count": count,
        "type": kind,
        "eventTime": None,
        "reportingComponent": source,
        "reportingInstance": host,
    }


def new_metadata(about: str, namespace: str, *, at: datetime, number: int) -> Json:
    """Return the metadata of an Event about the object of this name.

    Recorders name an event after its time in nanoseconds; `number` replaces those that Python's clock lacks.
    """
    nanoseconds = int(at.timestamp() * 1_000_000) * 1000 + number
    return {"name": f"{about}.{nanoseconds:x}", "namespace": namespace, "creationTimestamp": times.timestamp(at)}


def _reference(*, involved: Json, resource: Resource, source: str, container: str) -> Json:
    metadata = involved["metadata"]
    reference: Json = {"kind": involved["kind"]}
    if metadata.get("namespace"):
        reference["namespace"] = metadata["namespace"]
    reference["name"] = metadata["name"]
    if resource.table == NODES and source == "kubelet":
        # A kubelet writes the node's name as uid in events about its node (kubectl describe node queries both).
        return reference | {"uid": metadata["name"]}
    reference |= {"uid": metadata["uid"], "apiVersion": involved["apiVersion"]}
    if metadata.get("resourceVersion"):
        reference["resourceVersion"] = metadata["resourceVersion"]
    if container:
        spec = involved.get("spec") or {}
        initial = any(each.get("name") == container for each in spec.get("initContainers") or ())
        reference["fieldPath"] = f"spec.{'initContainers' if initial else 'containers'}{{{container}}}"
    return reference


def as_new_event(event: Json) -> Json:
    """Return a stored event in the form of events.k8s.io/v1."""
    named = _SHOWN | without(event, "kind", "apiVersion", "metadata")
    new = {_NEW_NAMES.get(key, key): value for key, value in named.items()}
    head = {"kind": "Event", "apiVersion": "events.k8s.io/v1", "metadata": event["metadata"]}
    return head | {key: new[key] for key in _NEW_FIELDS if key in _ALWAYS or new.get(key)}


def as_core_event(new: Json) -> Json:
    """Return an event of events.k8s.io/v1 in the form of core/v1, in which it is stored."""
    return {_OLD_NAMES.get(key, key): value for key, value in new.items()}


def complete(event: Json) -> None:
    """Set the fields that every event shows, in place."""
    for key, empty in _SHOWN.items():
        event.setdefault(key, dict(empty) if isinstance(empty, dict) else empty)
