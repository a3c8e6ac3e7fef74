"""Read which class Ingresses have, whether it exists, and whether its controller runs in this cluster."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from bot.cluster.errors import ClusterError
from bot.cluster.events import event_last_seen
from bot.kube.ingresses import address_of, class_of, closest, hosts_of, is_default
from bot.kube.objects import created_at, name_of, place_of, ref, spec_of
from bot.kube.replicas import replicas_of
from bot.probes.contract import Look
from bot.probes.ingresses.controllers import workload_of
from bot.probes.ingresses.in_question import ingresses_in_question
from bot.probes.shared.ages import UNKNOWN, age_s
from bot.probes.shared.controllers import controller_workloads
from intents.domain import Gap, Json, ProbeResult, Row, RowType

KEYS: Final[Mapping[str, RowType]] = {
    "hosts": RowType.STRINGS,
    "address": RowType.STRING,  # "" where no controller has written one
    "since_s": RowType.INTEGER,  # since the Ingress was created
    "class": RowType.STRING,  # of the field, the annotation or the cluster's default; "" where none is named
    "class_missing": RowType.BOOLEAN,  # the field names a class that does not exist
    "closest": RowType.STRING,  # the class most like it
    "classes": RowType.STRINGS,  # all there are
    "controller": RowType.STRING,  # as the class names it
    "workload": RowType.STRING,  # namespace/name of what runs that controller here, "" where none is seen
    "workload_ready": RowType.INTEGER,
    "failure": RowType.STRING,  # the newest warning about the Ingress
    "failed_s": RowType.INTEGER,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cluster:
    """The classes of the cluster, None where they cannot be read, and its workloads."""

    classes: Mapping[str, Json] | None = None
    workloads: Sequence[Json] = ()


async def read(look: Look) -> ProbeResult:
    """Read the Ingresses in question; classes and controllers only where one has no address."""
    questioned = await ingresses_in_question(look)
    if questioned.ending:
        return questioned.ending
    gaps = list(questioned.gaps)
    waiting = any(not address_of(each) for each in questioned.items)
    cluster = await _cluster(look, gaps) if waiting else _Cluster()
    rows = await asyncio.gather(*(_row(look, each, cluster, gaps) for each in questioned.items))
    rows.sort(key=lambda row: (bool(row.values["address"]), not row.values["class_missing"], row.subject))
    return ProbeResult(rows=tuple(rows), gaps=tuple(dict.fromkeys(gaps)))


async def _cluster(look: Look, gaps: list[Gap]) -> _Cluster:
    look.snapshot.ahead(controller_workloads(look, []))
    try:
        listing = await look.snapshot.list("IngressClass")
    except ClusterError as error:
        gaps.append(error.gap("IngressClasses"))
        return _Cluster(workloads=await controller_workloads(look, gaps))
    if gap := listing.gap("IngressClasses"):
        gaps.append(gap)
    classes = {name_of(each): each for each in listing.items}
    return _Cluster(classes=None if gap else classes, workloads=await controller_workloads(look, gaps))


async def _row(look: Look, ingress: Json, cluster: _Cluster, gaps: list[Gap]) -> Row:
    namespace, name = place_of(ingress)
    address = address_of(ingress)
    known = cluster.classes or {}
    asked = class_of(ingress) or next((each for each, obj in known.items() if is_default(obj)), "")
    by_field = bool(spec_of(ingress).get("ingressClassName"))
    missing = not address and by_field and cluster.classes is not None and asked not in known
    controller = str(spec_of(known.get(asked, {})).get("controller") or ("" if by_field else asked))
    runs = None if address else workload_of(controller, cluster.workloads)
    failure, failed_s = ("", UNKNOWN) if address else await _failure(look, ingress, gaps)
    return Row(
        values={
            "namespace": namespace,
            "ingress": name,
            "hosts": hosts_of(ingress),
            "address": address,
            "since_s": age_s(look.snapshot, created_at(ingress)),
            "class": asked,
            "class_missing": missing,
            "closest": closest(asked, known) if missing else "",
            "classes": tuple(sorted(known)),
            "controller": controller,
            "workload": "/".join(place_of(runs)) if runs else "",
            "workload_ready": replicas_of(runs).ready if runs else UNKNOWN,
            "failure": failure,
            "failed_s": failed_s,
        },
        subject=ref(ingress, "Ingress"),
        quote=failure or f"ingressClassName: {asked or '-'}; status.loadBalancer: {address or '{}'}",
        reproduce=f"kubectl -n {namespace} describe ingress {name}",
        lasts=not address,
    )


async def _failure(look: Look, ingress: Json, gaps: list[Gap]) -> tuple[str, int]:
    """Return what the newest event about an Ingress warns of, and its age."""
    try:
        events = await look.snapshot.events(ref(ingress, "Ingress"))
    except ClusterError as error:
        gaps.append(error.gap(f"events of Ingress {name_of(ingress)}"))
        return "", UNKNOWN
    if not events or events[-1].get("type") != "Warning":
        return "", UNKNOWN
    newest, at = events[-1], event_last_seen(events[-1])
    failed_s = age_s(look.snapshot, at.isoformat()) if at else UNKNOWN
    return f"{newest.get('reason', '')}: {newest.get('message', '')}", failed_s
