"""HorizontalPodAutoscalers: how far they scaled, by which metric, why they have none, and what an Istio proxy adds."""

from __future__ import annotations

from typing import Final

from bot.kube.objects import place_of
from bot.probes.contract import Look, may, probe
from bot.probes.pod_autoscalers import istio, pipeline
from bot.probes.pod_autoscalers.scalers import ScalerRow, in_question, row_of, worst_first
from intents.domain import ArgDeclaration, ProbeResult


async def read(look: Look) -> ProbeResult:
    """Read the autoscalers in question; `missing` where the one named does not exist."""
    if look.args.get("proxy") == "istio":
        return await istio.read(look)
    scalers, missing = in_question(look, (await look.snapshot.list("HorizontalPodAutoscaler")).items)
    found = await pipeline.pipelines(look, scalers)
    rows = [row_of(look, each, pipeline=found.get(place_of(each))) for each in scalers]
    return ProbeResult(rows=tuple(sorted(rows, key=worst_first)), missing=missing)


PROBE: Final = probe(
    name="pod-autoscalers",
    says="a row per HorizontalPodAutoscaler in question",
    row=ScalerRow,
    args={
        "proxy": ArgDeclaration(
            says="istio: only those whose pods carry an Istio proxy, with its share of the use and the Sidecar that"
            " bounds it",
            choices=("istio",),
            fills={"istio": istio.ProxiesShown.keys()},
        )
    },
    permissions=(
        *pipeline.PERMISSIONS,
        *may(
            "list",
            "horizontalpodautoscalers.autoscaling",
            "pods",
            "pods.metrics.k8s.io",
            "sidecars.networking.istio.io",
        ),
        *may("get", "configmaps"),
    ),
    read=read,
)
