"""Tell to which open post an alert belongs: that of its cause, or of an object that edges connect with its own. Pure.

Two causes that are proven stay two posts, however close their objects are.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from bot.common.portable import Portable
from bot.diagnosing.fingerprints import fault_of
from bot.store.alert_groups import PendingAlert
from bot.workflows.kept_answer import AlertFinding
from intents.alerts.metrics import unseen_by
from intents.alerts.objects import KINDS, object_of
from intents.domain import Diagnosis, Focus, Verdict
from intents.edges import ObjectKey
from intents.subjects import unshared
from intents.verdicts import supported

Json = dict[str, Any]

# The key of a post's document with what connects alerts.
_LINKS: Final = "links"
_MOST: Final = 200
# All pods of a ReplicaSet have the same template.
_REPLICA: Final = re.compile(r"(.+-[a-z0-9]{6,10})-[a-z0-9]{5}")


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertLinks(Portable):
    """What connects alerts: their cause, its incident and namespace, their objects, and what edges connect with them.

    `fault` is "" without a cause.
    """

    fault: str = ""
    incident: str = ""
    namespace: str = ""
    objects: tuple[ObjectKey, ...] = ()
    connected: tuple[ObjectKey, ...] = ()

    def touches(self, other: AlertLinks) -> bool:
        return not {*self.objects}.isdisjoint(other.connected)


def links_of(document: Mapping[str, Any]) -> AlertLinks:
    """Return what connects the alerts of a post, from its document."""
    return AlertLinks.from_json(document[_LINKS])


def document_of(finding: AlertFinding, links: AlertLinks) -> Json:
    """Return the document of a post."""
    return {**finding.as_json(), _LINKS: links.as_json()}


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


def connections_of(found: Diagnosis, focus: Focus | None, place: Sequence[str]) -> AlertLinks:
    """Return what the document of an alert keeps of its diagnosis: its cause, if it has one, and its objects."""
    first = next(iter(found.hypotheses), None)
    about = [each.key for each in (*found.owners, *([focus.ref] if focus else ()))]
    links = AlertLinks(connected=_listed(found.connected), objects=_listed(about))
    if first is None or first.verdict is Verdict.RULED_OUT or not supported(first):
        return links
    return replace(
        links,
        objects=_listed((*about, *([first.subject.key] if first.subject else ()))),
        fault=fault_of(first) or "/".join((first.incident, *place)),
        incident=first.incident,
        namespace=focus.namespace if focus else "",
    )


def post_of(key: str, links: AlertLinks, documents: Mapping[str, Json]) -> str:
    """Return the key of the open post that an alert belongs to, by the posts' documents; its own for a new one."""
    posts = {each: links_of(document) for each, document in documents.items()}
    same = (each for each, known in posts.items() if each == key or (links.fault and known.fault == links.fault))
    near = (
        each
        for each, known in posts.items()
        if not (links.fault and known.fault) and (links.touches(known) or known.touches(links))
    )
    return next(same, None) or next(near, key)


def grown(known: Json, document: Json) -> Json:
    """Return the document of a post with one more alert: a cause takes the place of an answer without one."""
    before, added = links_of(known), links_of(document)
    shown, links = (document, added) if added.fault and not before.fault else (known, before)
    objects = _listed((*before.objects, *added.objects))
    both = replace(links, objects=objects, connected=_listed((*before.connected, *added.connected)))
    return {**shown, _LINKS: both.as_json()}


def _listed(keys: Iterable[ObjectKey]) -> tuple[ObjectKey, ...]:
    """Return the objects of kinds that alerts are about, without those that many others share."""
    return tuple(key for key in sorted(unshared(keys)) if key[0] in KINDS.values())[:_MOST]
