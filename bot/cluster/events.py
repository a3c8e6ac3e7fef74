"""Read the time, count and object of a core/v1 Event, whose fields depend on its author.

The kubelet and controllers fill firstTimestamp, lastTimestamp and count. The scheduler and all users of the newer
events API leave those null and fill eventTime and, if repeated, series.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

from bot.cluster.resources import WELL_KNOWN
from bot.kube.objects import place_of
from bot.kube.timestamps import parse_time
from intents.domain import Json, ObjectRef

EVENTS: Final = next(each for each in WELL_KNOWN if each.kind == "Event")
# The component name in the events that Casebook writes.
OUR_COMPONENT: Final = "casebook"
_NEVER: Final = datetime.min.replace(tzinfo=UTC)


def event_last_seen(event: Json) -> datetime | None:
    """Return when the event last happened, in UTC; None if it carries no time."""
    series = event.get("series") or {}
    metadata = event.get("metadata") or {}
    for text in (
        series.get("lastObservedTime"),
        event.get("lastTimestamp"),
        event.get("eventTime"),
        event.get("firstTimestamp"),
        metadata.get("creationTimestamp"),
    ):
        if (at := parse_time(text)) is not None:
            return at
    return None


def involved_object(event: Json) -> ObjectRef:
    """Return the object that an event is about, as the event names it."""
    about = event.get("involvedObject") or {}
    return ObjectRef(
        kind=str(about.get("kind", "")),
        namespace=str(about.get("namespace", "")),
        name=str(about.get("name", "")),
        uid=str(about.get("uid", "")),
    )


def event_count(event: Json) -> int:
    """Return how often the event happened; 1 if there is no count."""
    for count in ((event.get("series") or {}).get("count"), event.get("count")):
        if isinstance(count, int) and count > 0:
            return count
    return 1


def is_own_event(event: Json) -> bool:
    """Return whether Casebook wrote the event: its own actions are not evidence of a problem."""
    source = event.get("source") or {}
    return OUR_COMPONENT in (source.get("component"), event.get("reportingComponent"))


def oldest_first(events: Iterable[Json]) -> tuple[Json, ...]:
    """Sort events by when they were last seen. Events of the same second keep a fixed order, so that answers are
    stable.
    """

    def key(event: Json) -> tuple[datetime, str, str]:
        return event_last_seen(event) or _NEVER, *place_of(event)

    return tuple(sorted(events, key=key))


def is_about(event: Json, about: ObjectRef) -> bool:
    """Return whether `event` is about this very object: by uid if both have one, else by namespace and name.

    The uid tells a pod of a StatefulSet from its predecessor of the same name. The kubelet writes a node's name in
    place of its uid.
    """
    involved = event.get("involvedObject") or {}
    if involved.get("kind") != about.kind:
        return False
    uid = involved.get("uid") or ""
    if uid and about.uid and not (about.kind == "Node" and uid == about.name):
        return bool(uid == about.uid)
    return involved.get("name") == about.name and (involved.get("namespace") or "") == about.namespace
