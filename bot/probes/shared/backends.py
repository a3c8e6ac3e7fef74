"""Read the backends that the API server calls: admission webhooks, with the one in the text, and aggregated APIs.

Aggregated APIs and admission webhooks are served the same way, so "its backend" means the same for both: the endpoints
of the Service, its pods, and their workload.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from bot.kube.objects import label_selector, labels_of, name_of, namespace_of, pod_template_of, spec_of
from bot.kube.owners import owner_of
from bot.kube.pod_states import is_ready
from bot.kube.refusals import KINDS, Webhook
from bot.kube.services import ready_addresses, slices_of_service
from bot.probes.contract import Look, RowValues, may
from intents.domain import Json

READS_WEBHOOKS: Final = may("list", *(f"{kind.lower()}s.admissionregistration.k8s.io" for kind in KINDS))
_CERTIFICATE: Final = re.compile(r"x509|tls:|certificate|证书")
_SERVICE_URL: Final = re.compile(r"//([a-z0-9-]+)\.([a-z0-9-]+)\.svc\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """The webhook that a text names, by its name, else by the Service that was called; empty if it names none."""

    name: str = ""
    place: tuple[str, str] = ("", "")

    def __bool__(self) -> bool:
        return bool(self.name or self.place[1])

    def __str__(self) -> str:
        return (
            f"admission webhook {self.name}" if self.name else f"an admission webhook of Service {'/'.join(self.place)}"
        )

    def means(self, webhook: Webhook) -> bool:
        """Tell whether the text names this webhook."""
        if self.name:
            return self.name in (webhook.name, webhook.configured_in)
        return self.place == webhook.place


def named_in(look: Look) -> Named:
    """Return the webhook that the text names."""
    if name := look.named.get("webhook", ""):
        return Named(name=name)
    return Named(place=called_service(look))


def called_service(look: Look) -> tuple[str, str]:
    """Return namespace and name of the Service in the text's URL; two empty strings without one."""
    called = _SERVICE_URL.search(look.named.get("url", ""))
    return (called[2], called[1]) if called else ("", "")


async def webhooks(look: Look) -> tuple[Webhook, ...]:
    """Return all readable webhooks, mutating ones first, by configuration and order of calls."""
    listings = await asyncio.gather(*map(look.list, KINDS))
    return tuple(
        Webhook(configuration=item, kind=kind, spec=spec)
        for kind, items in zip(KINDS, listings, strict=True)
        for item in sorted(items, key=name_of)
        for spec in item.get("webhooks") or ()
    )


async def all_listed(look: Look) -> bool:
    """Tell whether `webhooks` returned all that exist: only then one that is not among them is gone."""
    return None not in await asyncio.gather(*map(look.whole, KINDS))


PERMISSIONS: Final = (
    *may("get", "services"),
    *may("list", "endpointslices.discovery.k8s.io", "pods", "deployments.apps"),
)


class BackendWorkload(RowValues):
    """The workload whose pods a Service selects; empty where it is not known."""

    backend_kind: str = ""
    backend: str = ""
    unready_pods: tuple[str, ...] = ()


class Backend(RowValues):
    """A Service and what is behind it; the defaults stand for what was not looked for or is not readable."""

    service_exists: bool = True  # also where it could not be read: nothing is deleted on a guess
    ready_endpoints: int = -1
    backend_replicas: int = -1  # desired
    workload: BackendWorkload = BackendWorkload()

    def failure(self, why: str) -> str:
        """Return what keeps it from answering; `why` is what a text says of the call. "" where it is not known."""
        if not self.service_exists:
            return "no-service"
        if self.ready_endpoints == 0:
            return "no-endpoints"
        if _CERTIFICATE.search(why):
            return "certificate"
        return "answering" if self.ready_endpoints > 0 else ""


async def backends_at(look: Look, places: Sequence[tuple[str, str]]) -> Mapping[tuple[str, str], Backend]:
    """Return the backends of Services by the namespace and name of each."""
    found = await asyncio.gather(*(backend(look, namespace=namespace, service=name) for namespace, name in places))
    return dict(zip(places, found, strict=True))


async def backend(look: Look, *, namespace: str, service: str) -> Backend:
    """Return a Service, its ready endpoints and the workload behind it, as far as they are readable."""
    return await look.unless_refused(_backend(look, namespace=namespace, service=service), Backend())


async def _backend(look: Look, *, namespace: str, service: str) -> Backend:
    found = await look.snapshot.find("Service", service, namespace=namespace)
    if found is None:
        return Backend(service_exists=False, ready_endpoints=0)
    spec = spec_of(found)
    if spec.get("type") == "ExternalName":
        return Backend()
    selector = spec.get("selector") or {}
    ready, pods, deployment = await asyncio.gather(
        ready_endpoints(look, namespace, service),
        pods_selected_by(look, found),
        _deployment(look, namespace=namespace, selector=selector),
    )
    kind, name, replicas = "", "", -1
    # A Deployment says more surely than its pods who owns them.
    if deployment is not None:
        kind, name, replicas = "Deployment", name_of(deployment), int(spec_of(deployment).get("replicas", 1))
    elif owners := sorted(owner for pod in pods if (owner := owner_of(pod)).kind not in ("Pod", "StaticPod")):
        kind, name = owners[0].kind, owners[0].name
    unready = tuple(sorted(name_of(pod) for pod in pods if not is_ready(pod)))
    return Backend(
        ready_endpoints=-1 if ready is None else len(ready),
        backend_replicas=replicas,
        workload=BackendWorkload(backend_kind=kind, backend=name, unready_pods=unready),
    )


async def ready_endpoints(look: Look, namespace: str, service: str) -> frozenset[str] | None:
    """Return the addresses of the ready endpoints of a Service; None if they are not readable."""
    slices = await look.readable("EndpointSlice", namespace=namespace, labels=slices_of_service(service))
    return None if slices is None else frozenset(ready_addresses(slices).get(service, ()))


async def pods_selected_by(look: Look, service: Json) -> tuple[Json, ...]:
    """Return the pods with the labels that a Service asks for; none where it asks for none."""
    selector = spec_of(service).get("selector")
    return await look.list("Pod", namespace=namespace_of(service), labels=label_selector(selector)) if selector else ()


async def _deployment(look: Look, *, namespace: str, selector: Mapping[str, str]) -> Json | None:
    """Return the Deployment whose pods the selector would select, even if it has none now."""
    if not selector:
        return None
    deployments = await look.list("Deployment", namespace=namespace)
    meant = (each for each in deployments if selector.items() <= labels_of(pod_template_of(each)).items())
    return min(meant, key=name_of, default=None)
