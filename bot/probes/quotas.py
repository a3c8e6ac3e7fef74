"""The ResourceQuota in question: what it admits and what of it is used."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bot.kube.objects import ref, status_of
from bot.kube.quotas import quota_amounts
from bot.probes.contract import Look, Probe
from bot.probes.rows import RowValues
from intents.domain import Permission, ProbeDeclaration, ProbeResult


@dataclass(frozen=True, slots=True, kw_only=True)
class _Limited(RowValues):
    """A resource of which a quota admits so much."""

    namespace: str
    quota: str
    resource: str
    used: str
    hard: str
    percent: int  # 0 for a resource of which none is admitted on purpose


async def read(look: Look) -> ProbeResult:
    """Read the quota, and nothing for an object of another kind."""
    focus = look.focus
    if focus.kind != "ResourceQuota" or not (focus.namespace and focus.name):
        return ProbeResult()
    found = await look.in_question()
    hard, used = status_of(found).get("hard") or {}, status_of(found).get("used") or {}
    taken = quota_amounts(used)
    rows = (
        _Limited(
            namespace=focus.namespace,
            quota=focus.name,
            resource=resource,
            used=str(used.get(resource, 0)),
            hard=str(hard[resource]),
            percent=taken.get(resource, 0) * 100 // limit if limit else 0,
        ).row(
            ref(found, "ResourceQuota"),
            quote=f"{resource}: {used.get(resource, 0)} of {hard[resource]}",
            reproduce=f"kubectl -n {focus.namespace} describe resourcequota {focus.name}",
        )
        for resource, limit in sorted(quota_amounts(hard).items())
    )
    return ProbeResult(rows=tuple(rows))


PROBE: Final = Probe(
    declaration=ProbeDeclaration(
        name="quotas",
        says="a row per resource of the ResourceQuota in question: what it admits, and what of it is used",
        rows=_Limited.keys(),
        permissions=(Permission(verb="get", resource="resourcequotas"),),
    ),
    read=read,
)
