"""Admission webhooks and policies: read the configuration that denies, and the backend that does not answer."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from bot.kube.refusals import Refused, Webhook
from bot.probes.contract import Look
from bot.probes.refused_creations.obstacles import Obstacle
from bot.probes.rows import RowValues
from bot.probes.shared import admission
from bot.probes.shared.backends import Backend, backend
from intents.domain import ObjectRef

_POLICY: Final = "ValidatingAdmissionPolicy"
_ENGINES: Final = {"kyverno": "Kyverno", "gatekeeper": "Gatekeeper", "opa": "OPA", "istio": "Istio",
                   "cert-manager": "cert-manager", "nginx": "ingress-nginx", "kubewarden": "Kubewarden"}  # fmt: skip
_KYVERNO: Final = re.compile(r"^([a-z0-9][a-z0-9.-]*):\s*$", re.M)
_GATEKEEPER: Final = re.compile(r"\[([a-z0-9][a-z0-9.-]*)\]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Denied(RowValues):
    """What denies a request by its own rules."""

    denier_kind: str = ""
    denier: str = ""
    engine: str = ""  # Kyverno, Gatekeeper …; "" where the names do not tell
    policies: tuple[str, ...] = ()  # of that engine, as its message names them


@dataclass(frozen=True, slots=True, kw_only=True)
class Failing(RowValues):
    """An admission webhook that does not answer."""

    denier_kind: str = ""
    denier: str = ""  # the webhook configuration
    failure: str = ""  # no-service, no-endpoints, certificate, answering, unknown
    service_namespace: str = ""
    service: str = ""
    unready_pods: tuple[str, ...] = ()


async def denied(look: Look, refused: Refused) -> Obstacle:
    """Return the webhook configuration or policy that denied, and its engine. Raises ClusterError."""
    details = (refused.why,) if refused.why else ()
    if refused.policy:
        policy = await look.snapshot.find(_POLICY, refused.by)
        more = Denied(denier_kind=_POLICY, denier=refused.by)
        return Obstacle(by=refused.by, details=details, stands=str(policy is not None), more=more)
    webhook = await _named(look, refused.by)
    engine = next((name for word, name in _ENGINES.items() if word in refused.by), "")
    pattern = {"Kyverno": _KYVERNO, "Gatekeeper": _GATEKEEPER}.get(engine)
    return Obstacle(
        by=refused.by,
        details=details,
        stands="True" if webhook else await _of_absent(look),
        more=Denied(
            denier_kind=webhook.kind if webhook else "",
            denier=webhook.configured_in if webhook else "",
            engine=engine,
            policies=tuple(dict.fromkeys(pattern.findall(refused.why))) if pattern else (),
        ),
    )


async def failing(look: Look, refused: Refused) -> Obstacle:
    """Return the webhook that does not answer, its Service and that Service's endpoints."""
    details = (refused.why,) if refused.why else ()
    webhook = await _named(look, refused.by)
    if webhook is None:
        failure = _failure(Backend(), refused.why)
        return Obstacle(by=refused.by, details=details, stands=await _of_absent(look), more=Failing(failure=failure))
    namespace, service = webhook.place
    behind = await backend(look, namespace=namespace, service=service) if webhook.service else Backend()
    failure = _failure(behind, refused.why)
    return Obstacle(
        by=refused.by,
        details=details,
        # A backend with endpoints may answer or not.
        stands="False" if not webhook.blocking else "True" if failure in ("no-service", "no-endpoints") else "",
        more=Failing(
            denier_kind=webhook.kind,
            denier=webhook.configured_in,
            failure=failure,
            service_namespace=namespace,
            service=service,
            unready_pods=behind.workload.unready_pods,
        ),
        subject=ObjectRef(kind=webhook.kind, namespace="", name=webhook.configured_in),
    )


async def _named(look: Look, name: str) -> Webhook | None:
    return next((each for each in await admission.webhooks(look) if each.name == name), None)


async def _of_absent(look: Look) -> str:
    """Tell whether a webhook that was not found stands: it is gone only if all that exist were read."""
    return "False" if await admission.all_listed(look) else ""


def _failure(behind: Backend, why: str) -> str:
    if not behind.service_exists:
        return "no-service"
    if behind.ready_endpoints == 0:
        return "no-endpoints"
    if any(word in why for word in ("x509", "tls:", "certificate")):
        return "certificate"
    return "answering" if behind.ready_endpoints > 0 else "unknown"
