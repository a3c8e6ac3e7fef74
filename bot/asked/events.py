"""Tell the events of an object and of what belongs to it, the latest first, warnings before the rest."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence, Set
from typing import Final

from bot.asked.contract import Asked
from bot.cluster.errors import ClusterError
from bot.cluster.events import event_count, event_last_seen, involved_object
from bot.cluster.snapshot import Snapshot
from bot.kube.objects import name_of, named_ref
from bot.kube.owners import workload_of
from bot.probes.contract import may
from intents.domain import Gap, Json, ObjectRef, Text
from intents.sheets import Sheet, SheetRow
from intents.talk.asks import Ask

PERMISSIONS: Final = may("list", "events", "pods")
_SHOWN: Final = (8, 30)
_MADE: Final = {"Deployment": "ReplicaSet", "CronJob": "Job"}
_HEADING: Final = Text(en="Events of {}", zh="{} 的事件")
_NONE: Final = Text(
    en="No events are kept: the API server drops them after an hour.", zh="没有事件：API server 只保留约一小时。"
)
_TIMES: Final = Text(en="{}, {} times", zh="{}，{} 次")


async def events(asked: Asked) -> Sheet:
    """Return the events of an object and its pods; of a namespace or the cluster, the warnings."""
    about, snapshot = asked.about, asked.snapshot
    gaps: list[Gap] = []
    try:
        found = await _events(snapshot, about)
    except ClusterError as error:
        found = ()
        gaps.append(error.gap())
    ordered = sorted(found, key=lambda event: (not _warns(event), -_at(event)))
    rows = [_row(event, snapshot, about) for event in ordered]
    if not (rows or gaps):
        rows = [SheetRow(says=_NONE)]
    return asked.sheet(
        _HEADING.filled(about), rows, most=_SHOWN, ask=Ask.EVENTS, gaps=gaps, reproduce=_reproduce(about)
    )


async def _events(snapshot: Snapshot, about: ObjectRef) -> Sequence[Json]:
    if about.kind in ("Namespace", "Cluster"):
        space = about.name if about.kind == "Namespace" else ""
        return [event for event in (await snapshot.list("Event", namespace=space)).items if _warns(event)]
    if about.kind == "Node":
        return await snapshot.events(about)
    listed, pods = await asyncio.gather(
        snapshot.list("Event", namespace=about.namespace), snapshot.list("Pod", namespace=about.namespace)
    )
    own = {(one.kind, one.name) for one in (about, *_pods_of(about, pods.items))}
    return [event for event in listed.items if _concerns(involved_object(event), own, about)]


def _pods_of(about: ObjectRef, pods: Iterable[Json]) -> list[ObjectRef]:
    return [named_ref(pod, "Pod") for pod in pods if workload_of(pod).is_named_as(about) or name_of(pod) == about.name]


def _concerns(one: ObjectRef, own: Set[tuple[str, str]], about: ObjectRef) -> bool:
    """Return whether an event's object is one of them, or what the controller made for it."""
    return (one.kind, one.name) in own or (one.kind == _MADE.get(about.kind) and one.name.startswith(f"{about.name}-"))


def _warns(event: Json) -> bool:
    return event.get("type") == "Warning"


def _at(event: Json) -> float:
    at = event_last_seen(event)
    return at.timestamp() if at else 0.0


def _row(event: Json, snapshot: Snapshot, about: ObjectRef) -> SheetRow:
    at, of = event_last_seen(event), involved_object(event)
    reason = f"{event.get('type') or ''} {event.get('reason') or ''}".strip()
    where = reason if of.is_named_as(about) else f"{reason} · {of.kind} {of.name}"
    count = event_count(event)
    says = _TIMES.filled(where, count) if count > 1 else Text.same(where)
    ago = int((snapshot.now - at).total_seconds()) if at else None
    return SheetRow(says=says, quote=str(event.get("message") or ""), ago_s=ago)


def _reproduce(about: ObjectRef) -> str:
    if about.kind == "Cluster":
        return "kubectl get events -A --field-selector type=Warning"
    if about.kind == "Namespace":
        return f"kubectl get events -n {about.name} --field-selector type=Warning"
    space = f" -n {about.namespace}" if about.namespace else ""
    return f"kubectl events{space} --for {about.kind.lower()}/{about.name}"
