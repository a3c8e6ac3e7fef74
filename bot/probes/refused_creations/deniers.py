"""Admission webhooks and policies: read the configuration that denies, and the backend that does not answer."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from bot.kube.refusals import Refused
from bot.kube.webhooks import Webhook
from bot.probes.contract import Look
from bot.probes.refused_creations.obstacles import Obstacle
from bot.probes.shared import admission, backends
from intents.domain import ObjectRef, RowType, Value

DENIED: Final[Mapping[str, RowType]] = {
    "denier_kind": RowType.STRING,
    "denier": RowType.STRING,
    "engine": RowType.STRING,  # Kyverno, Gatekeeper …; "" where the names do not tell
    "policies": RowType.STRINGS,  # of that engine, as its message names them
}
FAILING: Final[Mapping[str, RowType]] = {
    "denier_kind": RowType.STRING,
    "denier": RowType.STRING,  # the webhook configuration
    "failure": RowType.STRING,  # no-service, no-endpoints, certificate, answering, unknown
    "service_namespace": RowType.STRING,
    "service": RowType.STRING,
    "unready_pods": RowType.STRINGS,
}
_POLICY: Final = "ValidatingAdmissionPolicy"
_ENGINES: Final = {"kyverno": "Kyverno", "gatekeeper": "Gatekeeper", "opa": "OPA", "istio": "Istio",
                   "cert-manager": "cert-manager", "nginx": "ingress-nginx", "kubewarden": "Kubewarden"}  # fmt: skip
_KYVERNO: Final = re.compile(r"^([a-z0-9][a-z0-9.-]*):\s*$", re.M)
_GATEKEEPER: Final = re.compile(r"\[([a-z0-9][a-z0-9.-]*)\]")


async def denied(look: Look, refused: Refused) -> Obstacle:
    """Return the webhook configuration or policy that denied, and its engine. Raises ClusterError."""
    details = (refused.why,) if refused.why else ()
    if refused.policy:
        policy = await look.snapshot.find(_POLICY, refused.by)
        more: Mapping[str, Value] = {"denier_kind": _POLICY, "denier": refused.by, "engine": "", "policies": ()}
        return Obstacle(by=refused.by, details=details, stands=str(policy is not None), more=more)
    found, gaps = await admission.webhooks(look)
    webhook = next((each for each in found if each.name == refused.by), None)
    engine = next((name for word, name in _ENGINES.items() if word in refused.by), "")
    pattern = _KYVERNO if engine == "Kyverno" else _GATEKEEPER
    return Obstacle(
        by=refused.by,
        details=details,
        stands="True" if webhook else "" if gaps else "False",
        more={
            "denier_kind": webhook.kind if webhook else "",
            "denier": webhook.configured_in if webhook else "",
            "engine": engine,
            "policies": tuple(dict.fromkeys(pattern.findall(refused.why)))
            if engine in ("Kyverno", "Gatekeeper")
            else (),
        },
        gaps=gaps,
    )


async def failing(look: Look, refused: Refused) -> Obstacle:
    """Return the webhook that does not answer, its Service and that Service's endpoints. Raises ClusterError."""
    found, gaps = await admission.webhooks(look)
    webhook = next((each for each in found if each.name == refused.by), None)
    behind: Mapping[str, Value] = backends.UNKNOWN
    if webhook and webhook.service:
        namespace, service = webhook.place
        values, own_gaps = await backends.backend(look, namespace=namespace, service=service)
        behind, gaps = {**backends.UNKNOWN, **values}, (*gaps, *own_gaps)
    failure = _failure(behind, refused.why)
    place = webhook.place if webhook else ("", "")
    return Obstacle(
        by=refused.by,
        details=(refused.why,) if refused.why else (),
        stands=_stands(webhook, failure, behind, unread=bool(gaps)),
        more={
            "denier_kind": webhook.kind if webhook else "",
            "denier": webhook.configured_in if webhook else "",
            "failure": failure,
            "service_namespace": place[0],
            "service": place[1],
            "unready_pods": behind["unready_pods"],
        },
        gaps=gaps,
        subject=ObjectRef(
            kind=webhook.kind if webhook else "", namespace="", name=webhook.configured_in if webhook else ""
        ),
    )


def _failure(behind: Mapping[str, Value], why: str) -> str:
    if not behind["service_exists"]:
        return "no-service"
    if behind["ready_endpoints"] == 0:
        return "no-endpoints"
    if any(word in why for word in ("x509", "tls:", "certificate")):
        return "certificate"
    return "answering" if int(str(behind["ready_endpoints"])) > 0 else "unknown"


def _stands(webhook: Webhook | None, failure: str, behind: Mapping[str, Value], *, unread: bool) -> str:
    """Tell whether the webhook would still fail; a backend with endpoints may answer or not."""
    if webhook is None:
        return "" if unread else "False"
    if not webhook.blocking:
        return "False"
    return "True" if failure in ("no-service", "no-endpoints") else ""
