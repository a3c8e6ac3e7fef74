"""Ingresses: the Services behind their rules, the controller that serves them, and the Secrets of their TLS."""

from __future__ import annotations

from typing import Final

from bot.probes.contract import Look, may, probe
from bot.probes.ingresses import backends, certificates, classes
from bot.probes.ingresses.in_question import IngressRow, ingresses_in_question
from intents.domain import ArgDeclaration, ProbeResult


async def read(look: Look) -> ProbeResult:
    """Read the Ingresses in question and what is asked about them."""
    if look.focus.kind not in ("Ingress", "Service", "Secret", ""):
        return ProbeResult(not_applicable=f"{look.focus.kind} is not an Ingress")
    ingresses = await ingresses_in_question(look)
    if not ingresses.items and not ingresses.truncated:
        return ProbeResult(not_applicable="no Ingress leads there")
    reads = {"class": classes.read, "certificates": certificates.read}
    return await reads.get(str(look.args.get("shows")), backends.read)(look, ingresses)


PROBE: Final = probe(
    name="ingresses",
    says="a row per Ingress in question: its backends, its class and controller, or its certificates",
    row=IngressRow,
    args={
        "shows": ArgDeclaration(
            says="backends: a row per rule, with the Service and port it leads to; class: a row per Ingress, with"
            " what serves it; certificates: a row per Secret of its TLS, with what the controller says of it",
            choices=("backends", "class", "certificates"),
            default="backends",
            fills={
                "backends": backends.BackendShown.keys(),
                "class": classes.ClassShown.keys(),
                "certificates": certificates.CertificateShown.keys(),
            },
        )
    },
    permissions=(
        *may("get list", "ingresses.networking.k8s.io"),
        *may(
            "list",
            "ingressclasses.networking.k8s.io",
            "services",
            "events",
            "pods",
            "daemonsets.apps",
            "deployments.apps",
        ),
        *may("get", "pods/log"),
    ),
    read=read,
)
