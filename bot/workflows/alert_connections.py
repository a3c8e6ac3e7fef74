"""Tell to which open post an alert belongs: that of its cause, or of an object that edges connect with its own. Pure.

Two causes that are proven stay two posts, however close their objects are.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from bot.diagnosing.fingerprints import fault_of
from bot.store.alert_groups import PendingAlert
from bot.workflows.alert_remedies import INCIDENT, NAMESPACE
from intents.alerts.metrics import unseen_by
from intents.alerts.objects import KINDS, object_of
from intents.domain import Diagnosis, Focus, Verdict
from intents.edges import ObjectKey
from intents.subjects import unshared
from intents.verdicts import supported

Json = dict[str, Any]

# The keys of a post's document: its cause, the objects of its alerts, and what edges connect with them.
FAULT: Final = "fault"
_OBJECTS: Final = "objects"
_CONNECTED: Final = "connected"
_MOST: Final = 200
# All pods of a ReplicaSet have the same template.
_REPLICA: Final = re.compile(r"(.+-[a-z0-9]{6,10})-[a-z0-9]{5}")


def likeness_of(alert: PendingAlert) -> tuple[str, ...]:
    """Return what is equal for alerts of which one is looked into: the object, a ReplicaSet's pods as one.

    The name counts for an alert without an object, and for one that metrics must explain.
    """
    place, name = place_of(alert), alert.labels.get("alertname", "")
    return (name if unseen_by(alert.labels) or not place else "", *place)


def place_of(alert: PendingAlert) -> tuple[str, ...]:
    """Return the object of an alert, a ReplicaSet's pods as one; () for an alert without an object."""
    focus = object_of(alert.labels)
    return (focus.kind, focus.namespace, _folded(focus)) if focus else ()


def _folded(focus: Focus) -> str:
    replica = _REPLICA.fullmatch(focus.name) if focus.kind == "Pod" else None
    return replica[1] if replica else focus.name


def connections_of(found: Diagnosis, focus: Focus | None, place: Sequence[str]) -> Json:
    """Return what the document of an alert keeps of its diagnosis: its cause, if it has one, and its objects."""
    first = next(iter(found.hypotheses), None)
    about = [each.key for each in (*found.owners, *([focus.ref] if focus else ()))]
    kept: Json = {_CONNECTED: _listed(found.connected)}
    if first is not None and first.verdict is not Verdict.RULED_OUT and supported(first):
        about += [first.subject.key] if first.subject else []
        kept |= {
            FAULT: fault_of(first) or "/".join((first.incident, *place)),
            INCIDENT: first.incident,
            NAMESPACE: focus.namespace if focus else "",
        }
    return {**kept, _OBJECTS: _listed(about)}


def post_of(key: str, document: Mapping[str, Any], posts: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the key of the open post that an alert belongs to; its own for a new one. `posts` are their documents."""
    fault = document.get(FAULT)
    same = (each for each, known in posts.items() if each == key or (fault and known.get(FAULT) == fault))
    near = (
        each
        for each, known in posts.items()
        if not (fault and known.get(FAULT)) and (_touch(document, known) or _touch(known, document))
    )
    return next(same, None) or next(near, key)


def grown(known: Mapping[str, Any], document: Mapping[str, Any]) -> Json:
    """Return the document of a post with one more alert: a cause takes the place of an answer without one."""
    leading = document if document.get(FAULT) and not known.get(FAULT) else known
    both = {
        key: _listed(map(tuple, (*known.get(key, ()), *document.get(key, ()))))
        for key in (_OBJECTS, _CONNECTED)
        if key in document
    }
    return {**leading, **both}


def _touch(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return not {*map(tuple, one.get(_OBJECTS, ()))}.isdisjoint(map(tuple, other.get(_CONNECTED, ())))


def _listed(keys: Iterable[ObjectKey]) -> list[list[str]]:
    """Return the objects of kinds that alerts are about, without those that many others share."""
    return [list(key) for key in sorted(unshared(keys)) if key[0] in KINDS.values()][:_MOST]
