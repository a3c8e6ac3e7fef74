"""Leader election leases: their holders, and whether these renew them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from bot.cluster.errors import ClusterError, NotFound
from bot.kube.objects import created_at, name_of, namespace_of, place_of, ref, spec_of
from bot.probes.contract import Look, Probe
from bot.probes.shared.ages import UNKNOWN, age_s, moment
from bot.probes.shared.holders import HEARTBEATS, Holders, leases_named
from bot.probes.shared.scope import READS_PODS, pods_of
from intents.domain import Gap, Json, ObjectRef, Permission, ProbeDeclaration, ProbeResult, Row, RowType

# A lease is stale when it was not renewed for this many of its durations.
_STALE_DURATIONS: Final = 2

DECLARATION: Final = ProbeDeclaration(
    name="leases",
    says="a row per leader election lease: the one named, those the pods in question compete for, or all of the"
    " namespace",
    rows={
        "namespace": RowType.STRING,
        "name": RowType.STRING,
        "holder": RowType.STRING,
        "transitions": RowType.INTEGER,
        "age_s": RowType.INTEGER,
        "renew_age_s": RowType.INTEGER,
        "stale": RowType.BOOLEAN,
    },
    permissions=(
        *READS_PODS,
        Permission(verb="get", group="coordination.k8s.io", resource="leases"),
        Permission(verb="list", group="coordination.k8s.io", resource="leases"),
    ),
)


async def read(look: Look) -> ProbeResult:
    """Read the leases in question, and the pods that compete for them where an object is named."""
    name = look.focus.name if look.focus.kind == "Lease" else look.named.get("lease", "")
    if name:
        return await _of_name(look, name)
    try:
        leases = await _all_leases(look)
    except ClusterError as error:
        return ProbeResult(gaps=(error.gap("leases"),))
    if not look.focus.names_object:
        return ProbeResult(rows=_rows(look, leases))
    pods, gaps = await _pods(look)
    suspects = await pods_of(look)
    focused = set(map(place_of, suspects.pods))
    holders = Holders(pods or suspects.pods)
    own = [lease for lease in leases if focused & set(map(place_of, holders.competitors(lease)))]
    return ProbeResult(rows=_rows(look, own), gaps=(*suspects.gaps, *gaps), missing=suspects.missing)


async def _of_name(look: Look, name: str) -> ProbeResult:
    subject = ObjectRef(kind="Lease", namespace=look.focus.namespace, name=name)
    try:
        leases = await leases_named(look, name)
    except NotFound:
        return ProbeResult(missing=str(subject))
    except ClusterError as error:
        return ProbeResult(gaps=(error.gap(str(subject)),))
    return ProbeResult(rows=_rows(look, leases))


async def _all_leases(look: Look) -> list[Json]:
    """Return the leases of the namespace, or of all but that of the nodes' heartbeats, which has one per node."""
    namespace = look.focus.namespace
    fields = "" if namespace else f"metadata.namespace!={HEARTBEATS}"
    listing = await look.snapshot.list("Lease", namespace=namespace, fields=fields)
    return [lease for lease in listing.items if namespace_of(lease) != HEARTBEATS]


async def _pods(look: Look) -> tuple[Sequence[Json], tuple[Gap, ...]]:
    try:
        return (await look.snapshot.list("Pod", namespace=look.focus.namespace)).items, ()
    except ClusterError as error:
        return (), (error.gap("the pods that hold leases"),)


def _rows(look: Look, leases: Sequence[Json]) -> tuple[Row, ...]:
    return tuple(_row(look, lease) for lease in sorted(leases, key=place_of))


def _row(look: Look, lease: Json) -> Row:
    spec = spec_of(lease)
    namespace, name = namespace_of(lease), name_of(lease)
    duration = int(spec.get("leaseDurationSeconds") or UNKNOWN)
    renewed = age_s(look.snapshot, spec.get("renewTime"))
    transitions = int(spec.get("leaseTransitions") or 0)
    identity = str(spec.get("holderIdentity") or "")
    stale = duration > 0 and renewed > _STALE_DURATIONS * duration
    acquired = age_s(look.snapshot, spec.get("acquireTime"))
    return Row(
        values={
            "namespace": namespace,
            "name": name,
            "holder": identity,
            "transitions": transitions,
            "age_s": age_s(look.snapshot, created_at(lease)),
            "renew_age_s": renewed,
            "stale": stale,
        },
        subject=ref(lease, "Lease"),
        quote=f"holderIdentity: {identity}, renewTime: {spec.get('renewTime', '')}, leaseTransitions: {transitions}",
        reproduce=f"kubectl -n {namespace} get lease {name} -o yaml",
        at=moment(look.snapshot, renewed if stale else acquired),
    )


PROBE: Final = Probe(declaration=DECLARATION, read=read)
