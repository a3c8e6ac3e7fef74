"""CustomResourceDefinitions whose versions a webhook converts, and the backend of that webhook.

While it does not answer, no object of the kind can be read or written in a version other than the stored one, and lists
fail too; no condition or event says so.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from bot.cluster.errors import ClusterError
from bot.kube.objects import name_of, ref, spec_of
from bot.probes.contract import Look, Probe
from bot.probes.shared import backends
from intents.domain import Json, Permission, ProbeDeclaration, ProbeResult, Row, RowType, Value

# Many definitions of a product share one webhook; each backend is read once.
_MOST: Final = 10
_SERVICE_URL: Final = re.compile(r"//([a-z0-9-]+)\.([a-z0-9-]+)\.svc\b")
_KIND: Final = re.compile(r"^([A-Za-z0-9]+)$")
_CERTIFICATE: Final = re.compile(r"x509|tls:|certificate|证书")

DECLARATION: Final = ProbeDeclaration(
    name="conversion-webhooks",
    says="a row per CustomResourceDefinition in question that a webhook converts, with the backend of that webhook",
    rows={
        "crd": RowType.STRING,
        "kind": RowType.STRING,
        "stored": RowType.STRING,  # the version in which new objects are stored
        "versions": RowType.STRINGS,  # all that are served
        "url": RowType.STRING,  # the URL that is called instead of a Service
        "service_namespace": RowType.STRING,
        "service": RowType.STRING,
        # no-service, no-endpoints, certificate (as the text says), answering; "" where it is not known
        "failure": RowType.STRING,
        "trusted": RowType.BOOLEAN,  # the definition has a caBundle
        "backend_kind": RowType.STRING,  # the workload whose pods the Service selects; "" where unknown
        "backend": RowType.STRING,
        "unready_pods": RowType.STRINGS,
    },
    permissions=(
        Permission(verb="list", group="apiextensions.k8s.io", resource="customresourcedefinitions"),
        *backends.PERMISSIONS,
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What the request names of a definition: its name, its kind with the group, or the Service that converts."""

    crd: str = ""
    kind: str = ""
    group: str = ""
    place: tuple[str, str] = ("", "")

    def means(self, definition: Json) -> bool:
        spec = spec_of(definition)
        if self.crd:
            return name_of(definition) == self.crd
        if self.kind:
            same = (spec.get("names") or {}).get("kind") == self.kind
            return same and self.group in ("", spec.get("group"))
        return not self.place[1] or _place(definition) == self.place


async def read(look: Look) -> ProbeResult:
    """Read the definitions that a webhook converts; `missing` where the one that is named does not exist."""
    try:
        listing = await look.snapshot.list("CustomResourceDefinition")
    except ClusterError as error:
        return ProbeResult(gaps=(error.gap("the CustomResourceDefinitions"),))
    asked = _asked(look)
    meant = [each for each in listing.items if asked.means(each)]
    converted = sorted((each for each in meant if _client(each)), key=name_of)
    gaps = [gap] if (gap := listing.gap("the CustomResourceDefinitions")) else []
    places = list(dict.fromkeys(_place(each) for each in converted if _place(each)[1]))[:_MOST]
    answers = await asyncio.gather(
        *(backends.backend(look, namespace=namespace, service=service) for namespace, service in places),
        return_exceptions=True,
    )
    behind: dict[tuple[str, str], Mapping[str, Value]] = {}
    for place, answer in zip(places, answers, strict=True):
        if isinstance(answer, ClusterError):
            gaps.append(answer.gap())
        elif isinstance(answer, BaseException):
            raise answer
        else:
            behind[place] = answer[0]
            gaps += answer[1]
    named = asked.crd or asked.kind
    return ProbeResult(
        rows=tuple(_row(look, each, behind=behind.get(_place(each))) for each in converted),
        gaps=tuple(dict.fromkeys(gaps)),
        missing=f"a CustomResourceDefinition of {named}" if named and not meant and not gaps else "",
    )


def _asked(look: Look) -> _Asked:
    named, focus = look.named, look.focus
    if focus.kind == "CustomResourceDefinition" and focus.name:
        return _Asked(crd=focus.name)
    if named.get("crd"):
        return _Asked(crd=named["crd"])
    if kind := _KIND.match(named.get("kind", "")):
        return _Asked(kind=kind[1], group=named.get("api", "").rpartition("/")[0])
    called = _SERVICE_URL.search(named.get("url", ""))
    return _Asked(place=(called[2], called[1])) if called else _Asked()


def _client(definition: Json) -> Mapping[str, Any]:
    """Return how the webhook of a definition is called; empty if no webhook converts it."""
    conversion = spec_of(definition).get("conversion") or {}
    webhook = conversion.get("webhook") or {} if conversion.get("strategy") == "Webhook" else {}
    return webhook.get("clientConfig") or {}


def _place(definition: Json) -> tuple[str, str]:
    service = _client(definition).get("service") or {}
    return str(service.get("namespace") or ""), str(service.get("name") or "")


def _row(look: Look, definition: Json, *, behind: Mapping[str, Value] | None) -> Row:
    namespace, service = _place(definition)
    spec, client = spec_of(definition), _client(definition)
    versions = spec.get("versions") or ()
    known = {**backends.UNKNOWN, **(behind or {})}
    called = f"Service {namespace}/{service}" if service else str(client.get("url") or "")
    return Row(
        values={
            "crd": name_of(definition),
            "kind": str((spec.get("names") or {}).get("kind") or ""),
            "stored": next((str(each["name"]) for each in versions if each.get("storage")), ""),
            "versions": tuple(str(each["name"]) for each in versions if each.get("served")),
            "url": str(client.get("url") or ""),
            "service_namespace": namespace,
            "service": service,
            "failure": _failure(known, said=look.named.get("reason", "")),
            "trusted": bool(client.get("caBundle")),
            "backend_kind": known["backend_kind"],
            "backend": known["backend"],
            "unready_pods": known["unready_pods"],
        },
        subject=ref(definition, "CustomResourceDefinition"),
        quote=f"{name_of(definition)}: spec.conversion.strategy: Webhook, {called}",
        reproduce=f"kubectl get crd {name_of(definition)} -o jsonpath='{{.spec.conversion}}'",
    )


def _failure(known: Mapping[str, Value], *, said: str) -> str:
    if not known["service_exists"]:
        return "no-service"
    ready = int(str(known["ready_endpoints"]))
    if ready == 0:
        return "no-endpoints"
    if _CERTIFICATE.search(said):
        return "certificate"
    return "answering" if ready > 0 else ""


PROBE: Final = Probe(declaration=DECLARATION, read=read)
