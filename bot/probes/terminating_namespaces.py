"""Namespaces that are being deleted: what their conditions say is left, and what holds it."""

from __future__ import annotations

from typing import Final

from bot.kube.deletions import finalizers_left, finalizers_of, kinds_left, message_if_true
from bot.kube.objects import is_terminating, metadata_of, ref
from bot.probes.contract import Look, RowValues, manifest_of, probe
from bot.probes.shared.scope import READS_NAMESPACES, namespaces_of
from intents.domain import Json, ProbeResult, Row

_QUOTE: Final = 500


class _Namespace(RowValues):
    namespace: str
    since_s: int  # since its deletion was asked for
    left: tuple[str, ...]  # "configmaps (2)"; empty also while pods are left, which go first
    held: tuple[str, ...]  # finalizers of its content: "example.com/backup (2)"
    own: tuple[str, ...]  # finalizers of the namespace itself
    undiscovered: str  # which APIs its controller could not list, and why
    failure: str  # why its content could not be deleted


@probe(
    says="a row per namespace in question that is being deleted: what is left in it, and what holds that",
    row=_Namespace,
    permissions=READS_NAMESPACES,
)
async def read(look: Look) -> ProbeResult:
    """Read the namespaces in question, those deleted first before others."""
    found = await namespaces_of(look)
    rows = [_row(look, each) for each in found if is_terminating(each)]
    rows.sort(key=lambda row: (-int(str(row.values["since_s"])), str(row.values["namespace"])))
    return ProbeResult(rows=tuple(rows), looked_at=len(found))


def _row(look: Look, namespace: Json) -> Row:
    about = ref(namespace, "Namespace")
    deleted = metadata_of(namespace).get("deletionTimestamp")
    held = finalizers_left(namespace)
    return _Namespace(
        namespace=about.name,
        since_s=look.age_s(deleted),
        left=tuple(f"{kind} ({count})" for kind, count in kinds_left(namespace).items()),
        held=tuple(f"{finalizer} ({count})" for finalizer, count in held.items()),
        own=finalizers_of(namespace),
        undiscovered=message_if_true(namespace, "NamespaceDeletionDiscoveryFailure")[:_QUOTE],
        failure=message_if_true(namespace, "NamespaceDeletionContentFailure")[:_QUOTE],
    ).row(
        about,
        quote=f"deletionTimestamp {deleted}, finalizers {list(finalizers_of(namespace))}, left {list(held)}",
        reproduce=manifest_of(about),
    )
