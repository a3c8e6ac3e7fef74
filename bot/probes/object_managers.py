"""The object in question: the tool that applies it, and the field managers that write it.

It reads the labels, annotations and managedFields of one object, never what its fields contain. A manager that only
writes the status is left out: it changes nothing that somebody else applies.
"""

from __future__ import annotations

from typing import Final

from bot.kube.gitops import Tool, managed_by
from bot.kube.objects import created_at, place_of, ref
from bot.kube.owners import Write, writes_of
from bot.kube.timestamps import UNKNOWN
from bot.probes.contract import Look, RowValues, manifest_of, probe
from bot.probes.shared.kinds import NAMED_KINDS, READS_NAMED
from intents.domain import Json, ProbeResult, Row

# A manager that wrote so lately may have written between somebody else's read and write.
_RECENT_S: Final = 300
_MOST_OBJECTS: Final = 20  # of one name, where the namespace is not known


class _Manager(RowValues):
    of_subject = ("kind", "namespace", "name")

    age_s: int
    applied_by: str  # Helm (release shop/web), Argo CD (Application web); "" unknown
    release: str  # the Helm release that owns it
    managers: tuple[str, ...]  # of its fields, the latest writer first
    recent: tuple[str, ...]  # those that wrote it in the last five minutes
    last_manager: str
    last_s: int


@probe(
    says="a row for the object in question: the tool that applies it, and who writes it",
    row=_Manager,
    permissions=READS_NAMED,
)
async def read(look: Look) -> ProbeResult:
    """Read the object in question; in every namespace where none is named. No rows without an object."""
    resource = NAMED_KINDS.get(look.focus.kind)
    if resource is None or not look.focus.name:
        return ProbeResult()
    found = await look.of_name(resource, look.focus.name, namespace=look.focus.namespace, limit=_MOST_OBJECTS)
    return ProbeResult(rows=tuple(_row(look, obj, resource.kind) for obj in sorted(found, key=place_of)))


def _row(look: Look, obj: Json, kind: str) -> Row:
    writes = writes_of(obj, look.now)
    last = writes[0] if writes else Write(manager="", age_s=UNKNOWN)
    by = managed_by(obj)
    about = ref(obj, kind)
    return _Manager(
        age_s=look.age_s(created_at(obj)),
        applied_by=str(by) if by else "",
        release=by.name if by and by.tool is Tool.HELM else "",
        managers=tuple(dict.fromkeys(each.manager for each in writes)),
        recent=tuple(dict.fromkeys(each.manager for each in writes if 0 <= each.age_s <= _RECENT_S)),
        last_manager=last.manager,
        last_s=last.age_s,
    ).row(
        about,
        quote=f"applied by {by}" if by else f"last written by {last.manager or 'nobody known'}",
        reproduce=f"{manifest_of(about)} --show-managed-fields",
    )
