"""Workloads that are updated all the time, who writes them, and which webhooks are asked about every update.

A controller that never comes to rest writes the same object again and again: its generation rises far faster than
people edit it, and the last write is always seconds old. Alone that is only noise; with blocking webhooks each write
costs a call to each of them. An update that changes nothing leaves no trace in the object: a steady generation does not
prove a calm controller.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from bot.cluster.errors import ClusterError
from bot.cluster.object_lists import ObjectList
from bot.kube.objects import created_at, labels_of, metadata_of, name_of, namespace_of, place_of, ref, spec_of
from bot.kube.owners import controller_reference
from bot.kube.webhooks import Webhook
from bot.probes.contract import Look, Probe
from bot.probes.shared import admission
from bot.probes.shared.ages import UNKNOWN, age_s
from intents.domain import Gap, Json, Permission, ProbeDeclaration, ProbeResult, Row, RowType

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

DECLARATION: Final = ProbeDeclaration(
    name="updates",
    says=f"a row per workload whose generation rises fastest, at most {MOST_ROWS}: who writes it, how often",
    rows={
        "kind": RowType.STRING,
        "namespace": RowType.STRING,
        "name": RowType.STRING,
        "asked": RowType.BOOLEAN,  # the request is about this one, or names none
        "generation": RowType.INTEGER,
        "age_s": RowType.INTEGER,
        "per_hour": RowType.INTEGER,  # generations over its whole age: a loop that began late looks slower
        "last_s": RowType.INTEGER,  # since the last write of anything but its status
        "manager": RowType.STRING,  # the field manager that wrote last, as metadata.managedFields has it
        "writers": RowType.STRINGS,  # all that wrote in the last five minutes: two may undo each other's changes
        "webhooks": RowType.STRINGS,  # blocking webhooks that are asked about each update (of the one named, if any)
        "controller_namespace": RowType.STRING,
        "controller": RowType.STRING,  # the Deployment that runs the manager, "" unless it is just one
    },
    permissions=(
        *(Permission(verb="list", group="apps", resource=plural) for plural in _KINDS.values()),
        *admission.PERMISSIONS,
        Permission(verb="list", resource="namespaces"),
    ),
)


async def read(look: Look) -> ProbeResult:
    """Read all workloads of the cluster, since each write loads the same API server; keep the most written."""
    workloads, gaps = await _workloads(look)
    climbing = sorted(
        (each for each in workloads if _generation(each) >= _FEWEST),
        key=lambda each: (not _is_in_question(look, each), -_per_hour(look, each), namespace_of(each), name_of(each)),
    )[:MOST_ROWS]
    if not climbing:
        return ProbeResult(gaps=gaps)
    blocking, own_gaps = await _blocking(look)
    labels, label_gaps = await _namespace_labels(look, blocking)
    deployments = [each for each in workloads if each.get("kind") == "Deployment"]
    rows = (_row(look, each, blocking=blocking, labels=labels, deployments=deployments) for each in climbing)
    return ProbeResult(rows=tuple(rows), gaps=(*gaps, *own_gaps, *label_gaps))


async def _workloads(look: Look) -> tuple[list[Json], tuple[Gap, ...]]:
    """Return every workload of the cluster: the controller that writes one may run in any namespace."""
    answers = await asyncio.gather(
        *(look.snapshot.list(kind, limit=MOST_OBJECTS) for kind in _KINDS), return_exceptions=True
    )
    found: list[Json] = []
    gaps: list[Gap] = []
    for plural, answer in zip(_KINDS.values(), answers, strict=True):
        if isinstance(answer, ClusterError):
            gaps.append(answer.gap())
        elif isinstance(answer, ObjectList):
            found += answer.items
            if gap := answer.gap(f"all {plural}"):
                gaps.append(gap)
        else:
            raise answer
    return found, tuple(gaps)


def _is_in_question(look: Look, obj: Json) -> bool:
    """Tell whether the request means this workload, or names none."""
    focus = look.focus
    if focus.kind not in _KINDS or not focus.name:
        return True
    return (focus.kind, focus.name) == (obj.get("kind"), name_of(obj)) and focus.namespace in ("", namespace_of(obj))


async def _blocking(look: Look) -> tuple[list[Webhook], tuple[Gap, ...]]:
    found, gaps = await admission.webhooks(look)
    named = admission.named_in(look)
    return [each for each in found if each.blocking and (not named or named.means(each))], gaps


async def _namespace_labels(
    look: Look, blocking: Iterable[Webhook]
) -> tuple[dict[str, Mapping[str, str]], tuple[Gap, ...]]:
    """Return the labels of every namespace, if some webhook selects by them."""
    if not any(each.spec.get("namespaceSelector") for each in blocking):
        return {}, ()
    try:
        listing = await look.snapshot.list("Namespace")
    except ClusterError as error:
        return {}, (error.gap(),)
    return {name_of(item): labels_of(item) for item in listing.items}, ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Write:
    """The last write of a field manager to an object."""

    manager: str
    last_s: int


def _writes(look: Look, obj: Json) -> list[_Write]:
    """Return the writes of anything but the status, the latest first."""
    entries = metadata_of(obj).get("managedFields") or ()
    found = [
        _Write(manager=str(entry.get("manager") or "unknown"), last_s=age_s(look.snapshot, entry.get("time")))
        for entry in entries
        if entry.get("subresource") != "status"
    ]
    return sorted((each for each in found if each.last_s != UNKNOWN), key=lambda each: (each.last_s, each.manager))


def _generation(obj: Json) -> int:
    return int(metadata_of(obj).get("generation") or 0)


def _age(look: Look, obj: Json) -> int:
    return age_s(look.snapshot, created_at(obj))


def _per_hour(look: Look, obj: Json) -> int:
    """Return the generations per hour; 0 where the age is not known. A younger object counts as one hour old."""
    age = _age(look, obj)
    return 0 if age == UNKNOWN else _generation(obj) * 3600 // max(age, 3600)


def _row(
    look: Look,
    obj: Json,
    *,
    blocking: Sequence[Webhook],
    labels: Mapping[str, Mapping[str, str]],
    deployments: Sequence[Json],
) -> Row:
    kind, namespace, name = str(obj.get("kind")), namespace_of(obj), name_of(obj)
    writes = _writes(look, obj)
    last = writes[0] if writes else _Write(manager="", last_s=UNKNOWN)
    called = [each for each in blocking if _is_called(each, obj, labels.get(namespace))]
    owner = controller_reference(obj)
    candidates = _run_by(last.manager, deployments) if last.manager else []
    controller = _the_one(candidates, written=obj, owner_kind=str(owner.get("kind") or "")) or {}
    return Row(
        values={
            "kind": kind,
            "namespace": namespace,
            "name": name,
            "asked": _is_in_question(look, obj),
            "generation": _generation(obj),
            "age_s": _age(look, obj),
            "per_hour": _per_hour(look, obj),
            "last_s": last.last_s,
            "manager": last.manager,
            "writers": tuple(dict.fromkeys(each.manager for each in writes if each.last_s <= _RECENT_S)),
            "webhooks": tuple(dict.fromkeys(each.name for each in called)),
            "controller_namespace": namespace_of(controller),
            "controller": name_of(controller),
        },
        subject=ref(obj, kind),
        quote=f"generation: {_generation(obj)}, last written by {last.manager or 'nobody known'}",
        reproduce=f"kubectl -n {namespace} get {kind.lower()} {name} -o yaml --show-managed-fields",
    )


def _is_called(webhook: Webhook, obj: Json, namespace_labels: Mapping[str, str] | None) -> bool:
    """Tell whether a webhook is asked about each update of a workload."""
    resource = _KINDS.get(str(obj.get("kind")), "")
    intercepted = webhook.intercepts(group="apps", resource=resource, operation="UPDATE")
    return intercepted and webhook.looks_at(obj, namespace_labels=namespace_labels)


def _run_by(manager: str, deployments: Iterable[Json]) -> list[Json]:
    """Return the Deployments that may run a field manager: client-go takes the name of the program's file."""
    tests = (
        lambda each: name_of(each) == manager or _label(each, "app.kubernetes.io/name") == manager,
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


def _label(obj: Json, key: str) -> str:
    return str(labels_of(obj).get(key) or "")


def _containers(deployment: Json) -> Iterator[Mapping[str, Any]]:
    template = spec_of(deployment).get("template") or {}
    yield from spec_of(template).get("containers") or ()


def _programs(deployment: Json) -> set[str]:
    commands = (each.get("command") or () for each in _containers(deployment))
    return {str(command[0]).rpartition("/")[2] for command in commands if command}


def _repositories(deployment: Json) -> set[str]:
    images = (str(each.get("image") or "").partition("@")[0] for each in _containers(deployment))
    return {image.rpartition("/")[2].partition(":")[0] for image in images}


PROBE: Final = Probe(declaration=DECLARATION, read=read)
