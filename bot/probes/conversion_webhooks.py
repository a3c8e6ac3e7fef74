"""CustomResourceDefinitions whose versions a webhook converts, and the backend of that webhook.

While it does not answer, no object of the kind can be read or written in a version other than the stored one, and lists
fail too; no condition or event says so.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from bot.kube.objects import name_of, ref, spec_of
from bot.kube.refusals import Webhook
from bot.probes.contract import Look, RowValues, may, probe
from bot.probes.shared import backends
from bot.probes.shared.backends import called_service
from intents.domain import Json, ProbeResult, Row

# Many definitions of a product share one webhook; each backend is read once.
_MOST: Final = 10
_KIND: Final = re.compile(r"[A-Za-z0-9]+")


class _Converted(RowValues):
    """A CustomResourceDefinition whose versions a webhook converts."""

    crd: str
    kind: str
    stored: str  # the version in which new objects are stored
    versions: tuple[str, ...]  # all that are served
    url: str  # the URL that is called instead of a Service
    service_namespace: str
    service: str
    failure: str  # no-service, no-endpoints, certificate (as the text says), answering; "" where it is not known
    trusted: bool  # the definition has a caBundle
    workload: backends.BackendWorkload


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
        return not self.place[1] or _webhook(definition).place == self.place


@probe(
    says="a row per CustomResourceDefinition in question that a webhook converts, with the backend of that webhook",
    row=_Converted,
    permissions=(*backends.PERMISSIONS, *may("list", "customresourcedefinitions.apiextensions.k8s.io")),
)
async def read(look: Look) -> ProbeResult:
    """Read the definitions that a webhook converts; `missing` where the one that is named does not exist."""
    listing = await look.snapshot.list("CustomResourceDefinition")
    asked = _asked(look)
    meant = [each for each in listing.items if asked.means(each)]
    webhooks = (_webhook(each) for each in sorted(meant, key=name_of))
    converted = [each for each in webhooks if each.spec.get("clientConfig")]
    places = list(dict.fromkeys(each.place for each in converted if each.place[1]))[:_MOST]
    behind = await backends.backends_at(look, places)
    named = asked.crd or asked.kind
    is_gone = named and not meant and not listing.truncated
    return ProbeResult(
        rows=tuple(_row(look, each, behind.get(each.place, backends.Backend())) for each in converted),
        missing=f"a CustomResourceDefinition of {named}" if is_gone else "",
    )


def _asked(look: Look) -> _Asked:
    named, focus = look.named, look.focus
    if focus.kind == "CustomResourceDefinition" and focus.name:
        return _Asked(crd=focus.name)
    if named.get("crd"):
        return _Asked(crd=named["crd"])
    if kind := _KIND.fullmatch(named.get("kind", "")):
        return _Asked(kind=kind[0], group=named.get("api", "").rpartition("/")[0])
    return _Asked(place=called_service(look))


def _webhook(definition: Json) -> Webhook:
    """Return the webhook that converts a definition; an empty one if none does."""
    conversion = spec_of(definition).get("conversion") or {}
    spec = conversion.get("webhook") or {} if conversion.get("strategy") == "Webhook" else {}
    return Webhook(configuration=definition, kind="CustomResourceDefinition", spec=spec)


def _row(look: Look, webhook: Webhook, behind: backends.Backend) -> Row:
    (namespace, service), crd = webhook.place, webhook.configured_in
    spec = spec_of(webhook.configuration)
    versions = spec.get("versions") or ()
    called = f"Service {namespace}/{service}" if service else webhook.url
    return _Converted(
        crd=crd,
        kind=str((spec.get("names") or {}).get("kind") or ""),
        stored=next((str(each["name"]) for each in versions if each.get("storage")), ""),
        versions=tuple(str(each["name"]) for each in versions if each.get("served")),
        url=webhook.url,
        service_namespace=namespace,
        service=service,
        failure=behind.failure(look.named.get("reason", "")),
        trusted=bool(webhook.spec["clientConfig"].get("caBundle")),
        workload=behind.workload,
    ).row(
        ref(webhook.configuration, webhook.kind),
        quote=f"{crd}: spec.conversion.strategy: Webhook, {called}",
        reproduce=f"kubectl get crd {crd} -o jsonpath='{{.spec.conversion}}'",
    )
