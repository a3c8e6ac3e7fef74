"""The ResourceQuota in question: what it admits and what of it is used."""

from __future__ import annotations

from typing import Final

from bot.cluster.errors import ClusterError
from bot.kube.objects import ref, status_of
from bot.kube.quotas import quota_amounts
from bot.probes.contract import Look, Probe
from intents.domain import Permission, ProbeDeclaration, ProbeResult, Row, RowType

DECLARATION: Final = ProbeDeclaration(
    name="quotas",
    says="a row per resource of the ResourceQuota in question: what it admits, and what of it is used",
    rows={
        "namespace": RowType.STRING,
        "quota": RowType.STRING,
        "resource": RowType.STRING,
        "used": RowType.STRING,
        "hard": RowType.STRING,
        "percent": RowType.INTEGER,  # 0 for a resource of which none is admitted on purpose
    },
    permissions=(Permission(verb="get", resource="resourcequotas"),),
)


async def read(look: Look) -> ProbeResult:
    """Read the quota, and nothing for an object of another kind."""
    focus = look.focus
    if focus.kind != "ResourceQuota" or not (focus.namespace and focus.name):
        return ProbeResult()
    try:
        found = await look.snapshot.find("ResourceQuota", focus.name, namespace=focus.namespace)
    except ClusterError as error:
        return ProbeResult(gaps=(error.gap(str(focus.ref)),))
    if found is None:
        return ProbeResult(missing=str(focus.ref))
    status = status_of(found)
    hard, used = status.get("hard") or {}, status.get("used") or {}
    admitted, taken = quota_amounts(hard), quota_amounts(used)
    return ProbeResult(
        rows=tuple(
            Row(
                values={
                    "namespace": focus.namespace,
                    "quota": focus.name,
                    "resource": resource,
                    "used": str(used.get(resource, 0)),
                    "hard": str(hard[resource]),
                    "percent": taken.get(resource, 0) * 100 // limit if limit else 0,
                },
                subject=ref(found, "ResourceQuota"),
                quote=f"{resource}: {used.get(resource, 0)} of {hard[resource]}",
                reproduce=f"kubectl -n {focus.namespace} describe resourcequota {focus.name}",
            )
            for resource, limit in sorted(admitted.items())
        )
    )


PROBE: Final = Probe(declaration=DECLARATION, read=read)
