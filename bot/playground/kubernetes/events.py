"""Build Events as real recorders write them, expand the short form of worlds, convert to and from events.k8s.io."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from bot.playground.kubernetes import times
from bot.playground.kubernetes.resources import Json, Resource

SCHEDULER = "default-scheduler"


def expand(
    *,
    written: Json,
    involved: Json,
    resource: Resource,
    now: datetime,
    number: int,
) -> Json:
    """Build a core/v1 Event (without uid and resourceVersion) about `involved` from its short form.

    `written` has been checked: type, reason, message, count, first, last, source, style, container. Events of the
    scheduler come in the style of events.k8s.io (eventTime and series; no count; null timestamps) as real ones do.
    `number` distinguishes the events of one world, so that their names are stable.
    """
    last = times.relative(written.get("last", "-1m"), now=now) or times.parse(written["last"])
    count = int(written.get("count", 1))
    default_first = last if count == 1 else last - timedelta(minutes=5)
    first = default_first
    if "first" in written:
        first = times.relative(written["first"], now=now) or times.parse(written["first"])
    reason = written["reason"]
    default_source = SCHEDULER if reason in ("FailedScheduling", "Scheduled", "Preempted") else "kubelet"
    source = written.get("source", default_source)
    return recorded(
        involved=involved,
        resource=resource,
        reason=reason,
        message=written["message"],
        kind=written.get("type", "Warning"),
        source=source,
        first=first,
        last=last,
        count=count,
        series=written.get("style", "series" if source == SCHEDULER else "plain") == "series",
        container=written.get("container", ""),
        number=number,
    )


def recorded(
    *,
    involved: Json,
    resource: Resource,
    reason: str,
    message: str,
    kind: str,
    source: str,
    first: datetime,
    last: datetime,
    count: int = 1,
    series: bool = False,
    container: str = "",
    number: int = 0,
) -> Json:
    """Build the Event that a recorder named `source` would have written."""
    metadata = involved["metadata"]
    reference = _reference(involved=involved, resource=resource, source=source, container=container)
    host = _host(involved) if source == "kubelet" else ""
    # Recorders name an event after its time in nanoseconds; `number` replaces those that Python's clock lacks.
    nanoseconds = int(first.timestamp() * 1_000_000) * 1000 + number
    head: Json = {
        "kind": "Event",
        "apiVersion": "v1",
        "metadata": {
            "name": f"{metadata['name']}.{nanoseconds:x}",
            "namespace": metadata.get("namespace", "default"),
            "creationTimestamp": times.timestamp(first),
        },
        "involvedObject": reference,
        "reason": reason,
        "message": message,
    }
    if series:
        body: Json = {"source": {}, "firstTimestamp": None, "lastTimestamp": None, "type": kind}
        body["eventTime"] = times.micro_timestamp(first)
        if count > 1:
            body["series"] = {"count": count, "lastObservedTime": times.micro_timestamp(last)}
        action = "Binding" if reason == "Scheduled" else "Scheduling"
        return head | body | {
            "action": action,
            "reportingComponent": source,
            "reportingInstance": f"{source}-control-1",
        }  # fmt: skip
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


def _reference(*, involved: Json, resource: Resource, source: str, container: str) -> Json:
    metadata = involved["metadata"]
    reference: Json = {"kind": involved["kind"]}
    if metadata.get("namespace"):
        reference["namespace"] = metadata["namespace"]
    reference["name"] = metadata["name"]
    if resource.table == ("", "nodes") and source == "kubelet":
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


def _host(involved: Json) -> str:
    if involved["kind"] == "Node":
        return str(involved["metadata"]["name"])
    return str((involved.get("spec") or {}).get("nodeName", ""))


def as_new_event(event: Json) -> Json:
    """Return a stored event in the form of events.k8s.io/v1."""
    new: Json = {"kind": "Event", "apiVersion": "events.k8s.io/v1", "metadata": event["metadata"]}
    new["eventTime"] = event.get("eventTime")
    _carry(new, "series", event.get("series"))
    _carry(new, "reportingController", event.get("reportingComponent"))
    _carry(new, "reportingInstance", event.get("reportingInstance"))
    _carry(new, "action", event.get("action"))
    _carry(new, "reason", event.get("reason"))
    new["regarding"] = event.get("involvedObject", {})
    _carry(new, "related", event.get("related"))
    _carry(new, "note", event.get("message"))
    _carry(new, "type", event.get("type"))
    new["deprecatedSource"] = event.get("source", {})
    new["deprecatedFirstTimestamp"] = event.get("firstTimestamp")
    new["deprecatedLastTimestamp"] = event.get("lastTimestamp")
    _carry(new, "deprecatedCount", event.get("count"))
    return new


def as_core_event(new: Json) -> Json:
    """Return an event of events.k8s.io/v1 in the form of core/v1, in which it is stored."""
    names = {
        "regarding": "involvedObject",
        "note": "message",
        "reportingController": "reportingComponent",
        "deprecatedSource": "source",
        "deprecatedFirstTimestamp": "firstTimestamp",
        "deprecatedLastTimestamp": "lastTimestamp",
        "deprecatedCount": "count",
    }
    return {names.get(key, key): value for key, value in new.items()}


def complete(event: Json) -> None:
    """Set the fields that every event shows, in place."""
    for key in ("involvedObject", "source"):
        event.setdefault(key, {})
    for key in ("firstTimestamp", "lastTimestamp", "eventTime"):
        event.setdefault(key, None)
    for key in ("reportingComponent", "reportingInstance"):
        event.setdefault(key, "")


def _carry(target: Json, key: str, value: Any) -> None:
    if value:
        target[key] = value
