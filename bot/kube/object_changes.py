"""Tell what changed in an object, and when: its pod template by revision, its data, its scale, a node's place.

Kubernetes keeps the templates of a workload and, of each field, only who wrote it last. So a change of a template can
be shown, of anything else only its time and author.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

from bot.kube.objects import annotations_of, created_at, name_of, ref, spec_of
from bot.kube.owners import LastWrite, last_written
from bot.kube.placement import is_cordoned
from bot.kube.rollouts import Revision, alike
from bot.kube.template_changes import template_changes
from bot.kube.timestamps import parse_time
from intents.domain import Json, ObjectRef, Text

JOINED: Final = Text(en="joined the cluster", zh="加入了集群")
CORDONED: Final = Text(en="was cordoned: it gets no new pods", zh="已禁止调度，不再接收新的 Pod")
_CREATED: Final = Text(en="was created", zh="已创建")
_RESTARTED: Final = Text(en="was restarted", zh="已重启")
_WRITTEN: Final = Text(en="was written", zh="已被写入")
_SCALED: Final = Text(en="was scaled to {}", zh="副本数已改为 {}")
# Each namespace has it, and every pod mounts it.
ROOT_CERTIFICATES: Final = "kube-root-ca.crt"
# Leader elections write their ConfigMap every few seconds.
_LEADER: Final = "control-plane.alpha.kubernetes.io/leader"
# What a controller writes right after an object was created belongs to its creation.
_CREATION: Final = timedelta(seconds=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A change of an object. `what` is empty if only the time is known, `by` the field manager, `cause` why it was made
    as people wrote it. `says` tells what happened if it is not a change of a template.
    """

    subject: ObjectRef
    at: datetime
    what: tuple[str, ...] = ()
    revision: int = 0
    by: str = ""
    cause: str = ""
    says: Text | None = None


def template_change(workload: Json, newest: Revision, older: Revision) -> Change | None:
    """Return what a revision brought; None if its time is not known."""
    by = last_written(workload, ("spec", "template")).manager
    return _between(workload, older, newest, at=parse_time(newest.made), by=by)


def _between(workload: Json, before: Revision, after: Revision, *, at: datetime | None, by: str) -> Change | None:
    if at is None:
        return None
    what = tuple(map(str, template_changes(before.template, after.template)))
    return Change(subject=ref(workload), at=at, what=what, revision=after.number, by=by, cause=after.cause)


def rollouts(workload: Json, revisions: Sequence[Revision]) -> Iterator[Change]:
    """Yield the changes of a workload's template by revision, the oldest first; who made an earlier one is not kept."""
    write = last_written(workload, ("spec", "template"))
    for before, after in pairwise(revisions):
        is_newest = after is revisions[-1]
        # A revision that was returned to keeps the time of its first creation.
        at = parse_time(write.time if is_newest else "") if after.returned else parse_time(after.made)
        found = _between(workload, before, after, at=at, by=write.manager if is_newest else "")
        if found:
            restarted = alike(before.template, after.template, but_restarts=True)
            yield replace(found, says=_RESTARTED) if restarted else found


def _template_write(workload: Json) -> Change | None:
    write = last_written(workload, ("spec", "template"))
    at = _later_than_creation(workload, write)
    return Change(subject=ref(workload), at=at, by=write.manager) if at else None


def scaling(workload: Json) -> Change | None:
    """Return the last write of a workload's scale by somebody who did not write its template."""
    write = last_written(workload, ("spec", "replicas"))
    at = _later_than_creation(workload, write)
    if at is None or write == last_written(workload, ("spec", "template")):
        return None
    count = spec_of(workload).get("replicas", 1)
    says = _SCALED.filled(count)
    return Change(subject=ref(workload), at=at, by=write.manager, says=says)


def creation(obj: Json) -> Change | None:
    """Return that an object was created."""
    at = parse_time(created_at(obj))
    by = last_written(obj, ("spec",)).manager or last_written(obj, ("data",)).manager
    return Change(subject=ref(obj), at=at, by=by, says=_CREATED) if at else None


def written(obj: Json, *, field: str = "spec") -> Change | None:
    """Return the last write of an object's spec, or of another field; None if nobody wrote it since it was created."""
    write = last_written(obj, (field,))
    at = _later_than_creation(obj, write, by=timedelta(0) if field == "data" else _CREATION)
    return Change(subject=ref(obj), at=at, by=write.manager, says=_WRITTEN) if at else None


def joined(node: Json) -> Change | None:
    """Return that a node joined the cluster."""
    at = parse_time(created_at(node))
    return Change(subject=ref(node, "Node"), at=at, says=JOINED) if at else None


def cordoned(node: Json) -> Change | None:
    """Return that a node was cordoned, if it still is."""
    write = last_written(node, ("spec", "unschedulable"))
    at = parse_time(write.time)
    if at is None or not is_cordoned(node):
        return None
    return Change(subject=ref(node, "Node"), at=at, by=write.manager, says=CORDONED)


def of_workload(workload: Json, revisions: Sequence[Revision]) -> Iterator[Change]:
    """Yield what is known to have changed in a workload; without its revisions, when its template was written last."""
    yield from rollouts(workload, revisions) if revisions else filter(None, [_template_write(workload)])
    yield from filter(None, (scaling(workload), creation(workload)))


def of_node(node: Json) -> Iterator[Change]:
    """Yield what is known to have changed in a node."""
    yield from filter(None, (joined(node), cordoned(node)))


def of_object(obj: Json) -> Iterator[Change]:
    """Yield what is known to have changed in an object without revisions."""
    if name_of(obj) == ROOT_CERTIFICATES or _LEADER in annotations_of(obj):
        return
    field = "data" if obj.get("kind") == "ConfigMap" else "spec"
    yield from filter(None, (written(obj, field=field), creation(obj)))


def latest_first(changes: Iterable[Change]) -> tuple[Change, ...]:
    """Return changes in the order in which they are told."""
    return tuple(sorted(changes, key=lambda one: (-one.at.timestamp(), one.subject.key, -one.revision)))


def _later_than_creation(obj: Json, write: LastWrite, *, by: timedelta = _CREATION) -> datetime | None:
    at, made = parse_time(write.time), parse_time(created_at(obj))
    return at if at and (made is None or at - made > by) else None
