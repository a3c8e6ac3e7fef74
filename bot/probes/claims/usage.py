"""How full the volumes of the claims in question are, as the kubelets report it to the cluster's Prometheus.

Where the request names neither a claim nor pods, only volumes that are nearly full have a row.
"""

from __future__ import annotations

import asyncio
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from bot.kube.objects import name_of, namespace_of
from bot.kube.timestamps import UNKNOWN
from bot.kube.volumes import claim_names
from bot.probes.claims.in_question import ClaimRow
from bot.probes.contract import Look, probe
from bot.probes.shared.scope import pods_of
from bot.prometheus import PrometheusError
from intents.domain import ObjectRef, ProbeResult, Row

_BYTES: Final = "kubelet_volume_stats_available_bytes{0} / kubelet_volume_stats_capacity_bytes{0}"
_INODES: Final = "kubelet_volume_stats_inodes_free{0} / kubelet_volume_stats_inodes{0}"
# As in the alert KubePersistentVolumeFillingUp: with this much used, the future is looked at.
_NEARLY: Final = 85

_NO_SERIES: Final = "Prometheus has no such series: no kubelet reports the use of these volumes"

# Namespace and name of a claim, with the first pod that mounts it.
_Pods = Mapping[tuple[str, str], str]


class UsageShown(ClaimRow):
    """How full the volume of a claim is."""

    used: int  # percent of its bytes
    inodes: int  # percent of its inodes, -1 where it has none


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """The volumes to ask for: a selector of series, and the claims among them; None for every claim."""

    selector: str
    claims: _Pods | None = None
    missing: str = ""

    def takes(self, place: tuple[str, str]) -> bool:
        """Tell whether a claim is in question."""
        return self.claims is None or place in self.claims or ("", place[1]) in self.claims


@probe(says="how full their volumes are, where a Prometheus is configured", row=UsageShown)
async def read(look: Look) -> ProbeResult:
    """Ask Prometheus for the free share of bytes and inodes."""
    asked = await _asked(look)
    if asked.claims is not None and not asked.claims:
        return ProbeResult(missing=asked.missing)
    try:
        used, inodes = await asyncio.gather(*(_used(look, each.format(asked.selector)) for each in (_BYTES, _INODES)))
    except PrometheusError as error:
        return ProbeResult(gaps=(error.gap(),), missing=asked.missing)
    if not used:
        return ProbeResult(not_applicable=_NO_SERIES, missing=asked.missing)
    rows = [
        _row(place, share, inodes.get(place, UNKNOWN), asked)
        for place, share in sorted(used.items())
        if asked.takes(place) and (asked.claims is not None or max(share, inodes.get(place, 0)) >= _NEARLY)
    ]
    return ProbeResult(rows=tuple(rows), missing=asked.missing, looked_at=len(used))


async def _asked(look: Look) -> _Asked:
    focus = look.focus
    if focus.kind == "PersistentVolumeClaim" and focus.name:
        place = (focus.namespace, focus.name)
        return _Asked(selector=_selector({place}), claims={place: ""})
    if look.flag("without_pods") and focus.names_object:
        return _Asked(selector="", claims={})
    if not focus.names_object:
        return _Asked(selector=f'{{namespace="{focus.namespace}"}}' if focus.namespace else "")
    suspects = await pods_of(look)
    claims = {(namespace_of(pod), name): name_of(pod) for pod in reversed(suspects.pods) for name in claim_names(pod)}
    return _Asked(selector=_selector(set(claims)), claims=claims, missing=suspects.missing)


def _selector(claims: set[tuple[str, str]]) -> str:
    names = "|".join(sorted({re.escape(name).replace("\\", "\\\\") for _, name in claims}))
    spaces = "|".join(sorted({namespace for namespace, _ in claims if namespace}))
    within = f'namespace=~"{spaces}",' if spaces else ""
    return f'{{{within}persistentvolumeclaim=~"{names}"}}'


async def _used(look: Look, query: str) -> dict[tuple[str, str], int]:
    """Return the used percent by claim: the most of what the nodes that mount it report."""
    found: dict[tuple[str, str], int] = {}
    for each in (await look.snapshot.metrics(query)).series:
        place = (each.labels.get("namespace", ""), each.labels.get("persistentvolumeclaim", ""))
        free = each.points[-1][1] if each.points else 1.0
        # No number where the file system has no inodes: 0 / 0.
        if place[1] and not math.isnan(free):
            found[place] = max(found.get(place, 0), int(100 - 100 * free))
    return found


def _row(place: tuple[str, str], used: int, inodes: int, asked: _Asked) -> Row:
    namespace, name = place
    return UsageShown(pod=(asked.claims or {}).get(place, ""), pvc=name, used=used, inodes=inodes).row(
        ObjectRef(kind="PersistentVolumeClaim", namespace=namespace, name=name),
        quote=f"{namespace}/{name}: {used} % used",
        reproduce=f"kubectl -n {namespace} get pvc {name}",
        lasts=True,
    )
