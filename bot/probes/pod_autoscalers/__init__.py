"""HorizontalPodAutoscalers: how far they scaled, by which metric, why they have none, and what an Istio proxy adds."""

from __future__ import annotations

from typing import Final

from bot.cluster.errors import ClusterError
from bot.kube.objects import place_of
from bot.probes.contract import Look, Probe
from bot.probes.pod_autoscalers import istio, pipeline
from bot.probes.pod_autoscalers.scalers import in_question, row, worst_first
from intents.domain import ArgDeclaration, Permission, ProbeDeclaration, ProbeResult, RowType

DECLARATION: Final = ProbeDeclaration(
    name="pod-autoscalers",
    says="a row per HorizontalPodAutoscaler in question",
    rows={
        "namespace": RowType.STRING,
        "name": RowType.STRING,
        "target_kind": RowType.STRING,
        "target": RowType.STRING,
        "current": RowType.INTEGER,
        "max": RowType.INTEGER,
        "at_max": RowType.BOOLEAN,
        "resource": RowType.STRING,  # cpu or memory: the one of its metrics that is highest against its target
        "percent": RowType.INTEGER,  # of the request, over all containers; -1 unknown
        "target_percent": RowType.INTEGER,
        "over": RowType.BOOLEAN,  # above its target now
        "one_container": RowType.BOOLEAN,  # it measures single containers only, so that no proxy counts
        "created_s": RowType.INTEGER,
        "no_scale": RowType.STRING,  # why its controller cannot read the scale of its target, "" if it can
        "no_scale_s": RowType.INTEGER,  # since when
        "active": RowType.STRING,  # the condition ScalingActive: True, False, "" before the first look
        "active_reason": RowType.STRING,
        "active_message": RowType.STRING,
        "active_s": RowType.INTEGER,  # since when
        "limited": RowType.BOOLEAN,  # it would run more replicas than its maximum
        "limited_s": RowType.INTEGER,  # since when it is limited or not
        "above": RowType.STRING,  # the metrics above their targets: cpu: 188%/60%
        "api": RowType.STRING,  # the API of the metrics that it cannot read, "" where it can
        "api_problem": RowType.STRING,  # why that API answers nothing, "" if it is available
        "no_request": RowType.STRINGS,  # containers of its target without the request that the metric needs
    },
    args={
        "proxy": ArgDeclaration(
            says="istio: only those whose pods carry an Istio proxy, with its share of the use and the Sidecar that"
            " bounds it",
            choices=("istio",),
            fills={"istio": istio.KEYS},
        )
    },
    permissions=(
        Permission(verb="list", group="autoscaling", resource="horizontalpodautoscalers"),
        Permission(verb="list", resource="pods"),
        Permission(verb="list", group="metrics.k8s.io", resource="pods"),
        Permission(verb="list", group="networking.istio.io", resource="sidecars"),
        Permission(verb="get", resource="configmaps"),
        *pipeline.PERMISSIONS,
    ),
)


async def read(look: Look) -> ProbeResult:
    """Read the autoscalers in question; `missing` where the one named does not exist."""
    if look.args.get("proxy") == "istio":
        return await istio.read(look)
    try:
        listing = await look.snapshot.list("HorizontalPodAutoscaler")
    except ClusterError as error:
        return ProbeResult(gaps=(error.gap(),))
    scalers, missing = in_question(look, listing.items)
    gap = listing.gap("all HorizontalPodAutoscalers")
    found, gaps = await pipeline.read(look, scalers)
    rows = sorted((row(look, each, found.get(place_of(each), {})) for each in scalers), key=worst_first)
    return ProbeResult(rows=tuple(rows), gaps=(*((gap,) if gap else ()), *gaps), missing=missing)


PROBE: Final = Probe(declaration=DECLARATION, read=read)
