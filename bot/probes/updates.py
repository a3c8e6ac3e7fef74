"""Workloads that are updated all the time, who writes them, and which webhooks are asked about every update.

A controller that never comes to rest writes the same object again and again: its generation rises far faster than
people edit it, and the last write is always seconds old. Alone that is only noise; with blocking webhooks each write
costs a call to each of them. An update that changes nothing leaves no trace in the object: a steady generation does not
prove a calm controller.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from bot.kube.containers import template_containers
from bot.kube.objects import created_at, labels_of, metadata_of, name_of, namespace_of, place_of, ref
from bot.kube.owners import Write, controller_reference, writes_of
from bot.kube.refusals import Webhook
from bot.kube.timestamps import UNKNOWN
from bot.probes.contract import Look, RowValues, manifest_of, may, probe
from bot.probes.shared import backends
from intents.domain import Json, ProbeResult, Row

# Kinds that every cluster has, few enough to list, whose updates start work elsewhere.
_KINDS: Final[Mapping[str, str]] = {
    "Deployment": "deployments",
    "StatefulSet": "statefulsets",
    "DaemonSet": "daemonsets",
}
MOST_OBJECTS: Final = 2000  # of a kind
MOST_ROWS: Final = 10
# Fewer changes than this come from deploying and scaling.
_FEWEST: Final = 100
# A manager that wrote so lately is still writing.
_RECENT_S: Final = 300


class _Update(RowValues):
    of_subject = ("kind", "namespace", "name")

    asked: bool  # the request is about this one, or names none
    generation: int
    age_s: int
    per_hour: int  # generations over its whole age: a loop that began late looks slower
    last_s: int  # since the last write of anything but its status
    manager: str  # the field manager that wrote last, as metadata.managedFields has it
    writers: tuple[str, ...]  # all that wrote in the last five minutes: two may undo each other's changes
    webhooks: tuple[str, ...]  # blocking webhooks that are asked about each update (of the one named, if any)
    controller_namespace: str
    controller: str  # the Deployment that runs the manager, "" unless it is just one


@probe(
    says=f"a row per workload whose generation rises fastest, at most {MOST_ROWS}: who writes it, how often",
    row=_Update,
    permissions=(
        *may("list", *(f"{plural}.apps" for plural in _KINDS.values())),
        *backends.READS_WEBHOOKS,
        *may("list", "namespaces"),
    ),
)
async def read(look: Look) -> ProbeResult:
    """Read all workloads of the cluster, since each write loads the same API server; keep the most written."""
    # The controller that writes a workload may run in any namespace.
    listings = await asyncio.gather(*(look.list(kind, limit=MOST_OBJECTS) for kind in _KINDS))
    workloads = [each for listing in listings for each in listing]
    climbing = sorted(
        (each for each in workloads if _generation(each) >= _FEWEST),
        key=lambda each: (not _is_in_question(look, each), -_per_hour(look, each), namespace_of(each), name_of(each)),
    )[:MOST_ROWS]
    if not climbing:
        return ProbeResult()
    blocking = await _blocking(look)
    labels = await _namespace_labels(look, blocking)
    deployments = [each for each in workloads if each.get("kind") == "Deployment"]
    rows = (_row(look, each, blocking=blocking, labels=labels, deployments=deployments) for each in climbing)
    return ProbeResult(rows=tuple(rows))


def _is_in_question(look: Look, obj: Json) -> bool:
    """Tell whether the request means this workload, or names none."""
    focus = look.focus
    if focus.kind not in _KINDS or not focus.name:
        return True
    return (focus.kind, focus.name) == (obj.get("kind"), name_of(obj)) and focus.namespace in ("", namespace_of(obj))


async def _blocking(look: Look) -> list[Webhook]:
    named = backends.named_in(look)
    found = await backends.webhooks(look)
    return [each for each in found if each.blocking and (not named or named.means(each))]


async def _namespace_labels(look: Look, blocking: Iterable[Webhook]) -> dict[str, Mapping[str, str]]:
    """Return the labels of every namespace, if some webhook selects by them."""
    if not any(each.spec.get("namespaceSelector") for each in blocking):
        return {}
    return {name_of(item): labels_of(item) for item in await look.list("Namespace")}


def _generation(obj: Json) -> int:
    return int(metadata_of(obj).get("generation") or 0)


def _per_hour(look: Look, obj: Json) -> int:
    """Return the generations per hour; 0 where the age is not known. A younger object counts as one hour old."""
    age = look.age_s(created_at(obj))
    return 0 if age == UNKNOWN else _generation(obj) * 3600 // max(age, 3600)


def _row(
    look: Look,
    obj: Json,
    *,
    blocking: Sequence[Webhook],
    labels: Mapping[str, Mapping[str, str]],
    deployments: Sequence[Json],
) -> Row:
    about = ref(obj)
    writes = [each for each in writes_of(obj, look.now) if each.age_s != UNKNOWN]
    last = writes[0] if writes else Write(manager="", age_s=UNKNOWN)
    candidates = _run_by(last.manager, deployments) if last.manager else []
    controller = _the_one(candidates, written=obj, owner_kind=str(controller_reference(obj).get("kind") or "")) or {}
    return _Update(
        asked=_is_in_question(look, obj),
        generation=_generation(obj),
        age_s=look.age_s(created_at(obj)),
        per_hour=_per_hour(look, obj),
        last_s=last.age_s,
        manager=last.manager,
        writers=tuple(dict.fromkeys(each.manager for each in writes if each.age_s <= _RECENT_S)),
        webhooks=tuple(
            dict.fromkeys(each.name for each in blocking if _is_called(each, obj, labels.get(about.namespace)))
        ),
        controller_namespace=namespace_of(controller),
        controller=name_of(controller),
    ).row(
        about,
        quote=f"generation: {_generation(obj)}, last written by {last.manager or 'nobody known'}",
        reproduce=f"{manifest_of(about)} --show-managed-fields",
    )


def _is_called(webhook: Webhook, obj: Json, namespace_labels: Mapping[str, str] | None) -> bool:
    """Tell whether a webhook is asked about each update of a workload."""
    resource = _KINDS.get(str(obj.get("kind")), "")
    intercepted = webhook.intercepts(group="apps", resource=resource, operation="UPDATE")
    return intercepted and webhook.looks_at(obj, namespace_labels=namespace_labels)


def _run_by(manager: str, deployments: Iterable[Json]) -> list[Json]:
    """Return the Deployments that may run a field manager: client-go takes the name of the program's file."""
    tests = (
        lambda each: name_of(each) == manager or labels_of(each).get("app.kubernetes.io/name") == manager,
        lambda each: manager in _programs(each),
        lambda each: manager in _repositories(each),
    )
    for test in tests:
        if found := sorted(filter(test, deployments), key=place_of):
            return found
    return []


def _the_one(candidates: Sequence[Json], *, written: Json, owner_kind: str) -> Json | None:
    """Return the likely one: many programs are called `manager`, then the namespace or the owner's kind decides."""
    beside = [each for each in candidates if namespace_of(each) == namespace_of(written)]
    named = [each for each in candidates if owner_kind and owner_kind.lower() in name_of(each)]
    return next((found[0] for found in (candidates, named, beside) if len(found) == 1), None)


def _programs(deployment: Json) -> set[str]:
    commands = (each.get("command") or () for each in template_containers(deployment))
    return {str(command[0]).rpartition("/")[2] for command in commands if command}


def _repositories(deployment: Json) -> set[str]:
    images = (str(each.get("image") or "").partition("@")[0] for each in template_containers(deployment))
    return {image.rpartition("/")[2].partition(":")[0] for image in images}
