"""The object in question: the tool that applies it, and the field managers that write it.

It reads the labels, annotations and managedFields of one object, never what its fields contain. A manager that only
writes the status is left out: it changes nothing that somebody else applies.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from bot.cluster.errors import ClusterError, NotFound, NotServed
from bot.cluster.resources import Resource
from bot.kube.managed_by import Tool, managed_by
from bot.kube.objects import created_at, metadata_of, name_of, namespace_of, place_of, ref
from bot.probes.contract import Look, Probe
from bot.probes.shared.ages import UNKNOWN, age_s
from bot.probes.shared.named_kinds import NAMED_KINDS, READS_NAMED
from intents.domain import Json, ProbeDeclaration, ProbeResult, Row, RowType

# A manager that wrote so lately may have written between somebody else's read and write.
_RECENT_S: Final = 300
_MOST_OBJECTS: Final = 20  # of one name, where the namespace is not known

DECLARATION: Final = ProbeDeclaration(
    name="object-managers",
    says="a row for the object in question: the tool that applies it, and who writes it",
    rows={
        "kind": RowType.STRING,
        "namespace": RowType.STRING,
        "name": RowType.STRING,
        "age_s": RowType.INTEGER,
        "applied_by": RowType.STRING,  # Helm (release shop/web), Argo CD (Application web); "" unknown
        "release": RowType.STRING,  # the Helm release that owns it
        "managers": RowType.STRINGS,  # of its fields, the latest writer first
        "recent": RowType.STRINGS,  # those that wrote it in the last five minutes
        "last_manager": RowType.STRING,
        "last_s": RowType.INTEGER,
    },
    permissions=READS_NAMED,
)


async def read(look: Look) -> ProbeResult:
    """Read the object in question; in every namespace where none is named. No rows without an object."""
    resource = NAMED_KINDS.get(look.focus.kind)
    if resource is None or not look.focus.name:
        return ProbeResult()
    try:
        found = await _objects(look, resource)
    except NotFound:
        found = ()
    except NotServed as error:
        return ProbeResult(not_applicable=f"this cluster has no {resource.kind}: {error.detail}")
    except ClusterError as error:
        return ProbeResult(gaps=(error.gap(str(look.focus.ref)),))
    if not found:
        return ProbeResult(missing=str(look.focus.ref))
    return ProbeResult(rows=tuple(_row(look, obj, resource.kind) for obj in sorted(found, key=place_of)))


async def _objects(look: Look, resource: Resource) -> Sequence[Json]:
    """Return the objects of the name in question. Raises ClusterError."""
    focus = look.focus
    if focus.namespace or not resource.namespaced:
        return (await look.snapshot.get(resource, focus.name, namespace=focus.namespace),)
    listing = await look.snapshot.list(resource, fields=f"metadata.name={focus.name}", limit=_MOST_OBJECTS)
    return listing.items


@dataclass(frozen=True, slots=True, kw_only=True)
class _Write:
    """The last write of a field manager."""

    manager: str
    age_s: int


def _writes(look: Look, obj: Json) -> list[_Write]:
    """Return the last write of each manager to anything but the status, the latest first."""
    entries = metadata_of(obj).get("managedFields") or ()
    writes = [
        _Write(manager=str(entry.get("manager") or "unknown"), age_s=age_s(look.snapshot, entry.get("time")))
        for entry in entries
        if entry.get("subresource") != "status"
    ]
    return sorted(writes, key=lambda each: (each.age_s == UNKNOWN, each.age_s, each.manager))


def _row(look: Look, obj: Json, kind: str) -> Row:
    writes = _writes(look, obj)
    last = writes[0] if writes else _Write(manager="", age_s=UNKNOWN)
    by = managed_by(obj)
    namespace, name = namespace_of(obj), name_of(obj)
    return Row(
        values={
            "kind": kind,
            "namespace": namespace,
            "name": name,
            "age_s": age_s(look.snapshot, created_at(obj)),
            "applied_by": str(by) if by else "",
            "release": by.name if by and by.tool is Tool.HELM else "",
            "managers": tuple(dict.fromkeys(each.manager for each in writes)),
            "recent": tuple(dict.fromkeys(each.manager for each in writes if 0 <= each.age_s <= _RECENT_S)),
            "last_manager": last.manager,
            "last_s": last.age_s,
        },
        subject=ref(obj, kind),
        quote=f"applied by {by}" if by else f"last written by {last.manager or 'nobody known'}",
        reproduce=f"kubectl {f'-n {namespace} ' if namespace else ''}get {kind.lower()} {name} -o yaml"
        " --show-managed-fields",
    )


PROBE: Final = Probe(declaration=DECLARATION, read=read)
