"""Leader election leases: their holders, and whether these renew them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from bot.kube.objects import created_at, namespace_of, place_of, ref, spec_of
from bot.kube.timestamps import UNKNOWN
from bot.probes.contract import Look, RowValues, manifest_of, may, probe
from bot.probes.shared.holders import HEARTBEATS, Holders
from bot.probes.shared.scope import READS_PODS, pods_of
from intents.domain import Json, ProbeResult, Row

# A lease is stale when it was not renewed for this many of its durations.
_STALE_DURATIONS: Final = 2


class _Lease(RowValues):
    """A leader election lease, its holder, and the age of its last renewal."""

    of_subject = ("namespace", "name")

    holder: str
    transitions: int
    age_s: int
    renew_age_s: int
    stale: bool


@probe(
    says="a row per leader election lease: the one named, those the pods in question compete for, or all of the"
    " namespace",
    row=_Lease,
    permissions=(*READS_PODS, *may("get list", "leases.coordination.k8s.io")),
)
async def read(look: Look) -> ProbeResult:
    """Read the leases in question, and the pods that compete for them where an object is named."""
    name = look.focus.name if look.focus.kind == "Lease" else look.named.get("lease", "")
    if name:
        return ProbeResult(rows=_rows(look, await look.of_name("Lease", name, namespace=look.focus.namespace)))
    leases = await _all_leases(look)
    if not look.focus.names_object:
        return ProbeResult(rows=_rows(look, leases))
    pods = await look.list("Pod", namespace=look.focus.namespace)
    suspects = await pods_of(look)
    focused = set(map(place_of, suspects.pods))
    holders = Holders(pods or suspects.pods)
    own = [lease for lease in leases if focused & set(map(place_of, holders.competitors(lease)))]
    return ProbeResult(rows=_rows(look, own), missing=suspects.missing)


async def _all_leases(look: Look) -> list[Json]:
    """Return the leases of the namespace, or of all but that of the nodes' heartbeats, which has one per node."""
    namespace = look.focus.namespace
    fields = "" if namespace else f"metadata.namespace!={HEARTBEATS}"
    leases = await look.list("Lease", namespace=namespace, fields=fields)
    return [lease for lease in leases if namespace_of(lease) != HEARTBEATS]


def _rows(look: Look, leases: Sequence[Json]) -> tuple[Row, ...]:
    return tuple(_row(look, lease) for lease in sorted(leases, key=place_of))


def _row(look: Look, lease: Json) -> Row:
    spec = spec_of(lease)
    about = ref(lease, "Lease")
    duration = int(spec.get("leaseDurationSeconds") or UNKNOWN)
    renewed = look.age_s(spec.get("renewTime"))
    transitions = int(spec.get("leaseTransitions") or 0)
    identity = str(spec.get("holderIdentity") or "")
    stale = duration > 0 and renewed > _STALE_DURATIONS * duration
    acquired = look.age_s(spec.get("acquireTime"))
    return _Lease(
        holder=identity,
        transitions=transitions,
        age_s=look.age_s(created_at(lease)),
        renew_age_s=renewed,
        stale=stale,
    ).row(
        about,
        quote=f"holderIdentity: {identity}, renewTime: {spec.get('renewTime', '')}, leaseTransitions: {transitions}",
        reproduce=manifest_of(about),
        at=look.moment(renewed if stale else acquired),
    )
