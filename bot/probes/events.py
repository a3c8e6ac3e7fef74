"""The events about the object in question, as controllers, the scheduler and kubelets wrote them; do they still hold?

Of a workload those about its pods that are not ready can be read.

No event is written when an object recovers: so a warning is stale when the object's own state contradicts it since, or
when the object is gone or another one of the same name. Rows come newest first.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from bot.cluster import owners
from bot.cluster.events import event_last_seen, involved_object, oldest_first
from bot.cluster.snapshot import Snapshot
from bot.kube.objects import condition, has_ended, phase_of, ref, uid_of
from bot.kube.owners import controller_of, owner_of
from bot.kube.pod_states import is_ready
from bot.kube.rollouts import replicas_of
from bot.kube.timestamps import parse_time
from bot.probes.contract import Look, Missing, RowValues, at_most, kubectl, may, probe
from bot.probes.shared.log_lines import compile_pattern, quoted
from bot.probes.shared.scope import READS_PODS, pods_of
from intents.domain import ArgDeclaration, Json, ObjectRef, ProbeResult, Row

# So many events are kept, the newest; for so many objects the state is read to tell whether these still hold.
_MOST_EVENTS: Final = 200
_MOST_SUBJECTS: Final = 20
# Of a workload the events of so many pods that are not ready are read.
_MOST_PODS: Final = 5
_WORKLOADS: Final = ("Deployment", "StatefulSet", "ReplicaSet", "DaemonSet", "Job")


class _Event(RowValues):
    """An event, and whether it still holds."""

    of_subject = ("kind", "namespace", "name")

    message: str
    last_s: int
    stale: bool


@probe(
    says="a row per event about the object in question and its owners, or of the namespace",
    row=_Event,
    args={
        "reason": "only these reasons, separated by commas",
        "kind": "only events about objects of this kind; Pod: those about the pods of a workload",
        "capture": ArgDeclaration(says="RE2 pattern that the message must contain", adds_keys="regex"),
    },
    permissions=(*owners.PERMISSIONS, *READS_PODS, *may("list", "events"), *may("get", "nodes")),
)
async def read(look: Look) -> ProbeResult:
    """Read the events in question, and the objects they are about."""
    pattern = compile_pattern(look.args.get("capture"))
    events, missing = await look.unless_refused(_in_question(look), ((), ""))
    chosen = [event for event in events if _is_chosen(event, look)]
    matched = [(event, match) for event in chosen if (match := pattern.search(_message(event)))]
    kept = at_most(_MOST_EVENTS, matched[::-1], what="events", says="were read, the newest")
    objects = await _objects(look, (event for event, _ in kept))
    rows = tuple(_row(look, event, objects, quoted(_message(event), match, pattern).groups) for event, match in kept)
    return ProbeResult(rows=rows, missing=missing)


async def _in_question(look: Look) -> tuple[Sequence[Json], str]:
    """Return the events in question, oldest first, and the pod that is missing."""
    focus, snapshot = look.focus, look.snapshot
    if not focus.name:
        return await snapshot.events_in(focus.namespace), ""
    about = ObjectRef(kind=focus.kind or "Pod", namespace=focus.namespace, name=focus.name)
    if about.kind != "Pod" and look.args.get("kind") == "Pod":
        suspects = await pods_of(look)
        unready = [ref(pod, "Pod") for pod in suspects.pods if not (is_ready(pod) or has_ended(pod))]
        return await _of_named(snapshot, unready[:_MOST_PODS]), suspects.missing
    if about.kind != "Pod":
        return await _of_named(snapshot, (about,)), ""
    try:
        pods = await look.of_name("Pod", about.name, namespace=about.namespace)
    except Missing:
        return await _of_named(snapshot, (about,)), str(about)
    # A pod's owners report why it was not created or was deleted.
    return await _of_named(snapshot, dict.fromkeys(each for pod in pods for each in _chain(pod))), ""


def _chain(pod: Json) -> list[ObjectRef]:
    """Return a pod, its controller, and the workload above that."""
    itself, controller, workload = ref(pod, "Pod"), controller_of(pod), replace(owner_of(pod), uid="")
    if controller is None:
        return [itself]
    is_same = (controller.kind, controller.name) == (workload.kind, workload.name)
    return [itself, controller] if is_same else [itself, controller, workload]


async def _of_named(snapshot: Snapshot, about: Iterable[ObjectRef]) -> tuple[Json, ...]:
    """Return the events about objects; for one without a namespace those in any namespace."""

    async def of(one: ObjectRef) -> Sequence[Json]:
        resource = await snapshot.served(one.kind)
        if one.namespace or (resource is not None and not resource.namespaced):
            return await snapshot.events(one)
        return [
            event
            for event in await snapshot.events_in("")
            if (named := involved_object(event)).kind == one.kind and named.name == one.name
        ]

    found = await asyncio.gather(*map(of, about))
    return oldest_first(event for events in found for event in events)


_UNREAD: Final[Json] = {}


async def _objects(look: Look, newest_first: Iterable[Json]) -> dict[ObjectRef, Json | None]:
    """Return the objects of events by reference: None for one that is gone, _UNREAD where it could not be read."""

    async def read(one: ObjectRef) -> Json | None:
        resource = await look.snapshot.served(one.kind)
        return await look.snapshot.find(resource, one.name, namespace=one.namespace) if resource else _UNREAD

    async def state(one: ObjectRef) -> Json | None:
        return await look.unless_refused(read(one), _UNREAD, what=f"{one}, to tell whether its events still hold")

    about = list(dict.fromkeys(map(involved_object, newest_first)))[:_MOST_SUBJECTS]
    return dict(zip(about, await asyncio.gather(*map(state, about)), strict=True))


def _row(look: Look, event: Json, objects: Mapping[ObjectRef, Json | None], groups: Mapping[str, str]) -> Row:
    about = involved_object(event)
    manifest = objects.get(about, _UNREAD)
    return _Event(
        message=_message(event),
        last_s=look.seen_s(event),
        stale=manifest is not _UNREAD and is_stale(event, manifest),
    ).row(
        about,
        quote=_message(event),
        reproduce=kubectl(about.namespace, f"events --for {about.kind.lower()}/{about.name}"),
        at=event_last_seen(event),
        more=groups,
    )


def is_stale(event: Json, manifest: Json | None) -> bool:
    """Tell whether an event no longer holds for its object as that is now; None is an object that is gone."""
    about = involved_object(event)
    if manifest is None:
        return True
    uid = uid_of(manifest)
    # The kubelet writes a node's name in the place of its uid.
    if about.uid and uid and about.uid not in (uid, about.name):
        return True
    if event.get("type") != "Warning":
        return False
    if about.kind in _WORKLOADS:
        counts = replicas_of(manifest)
        return counts.desired <= min(counts.created, counts.ready)
    if phase_of(manifest) == "Succeeded":
        return True
    ready = condition(manifest, "Ready")
    since, seen = parse_time(ready.get("lastTransitionTime")), event_last_seen(event)
    return ready.get("status") == "True" and since is not None and seen is not None and seen <= since


def _is_chosen(event: Json, look: Look) -> bool:
    reasons = [each.strip() for each in str(look.args.get("reason") or "").split(",") if each.strip()]
    kind = look.args.get("kind")
    return (not reasons or event.get("reason") in reasons) and (not kind or involved_object(event).kind == kind)


def _message(event: Mapping[str, Any]) -> str:
    return str(event.get("message", ""))
