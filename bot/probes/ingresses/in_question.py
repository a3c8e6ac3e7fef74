"""The Ingresses in question: the one named, those before the Service or host named, else all of the namespace."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from bot.cluster.object_lists import ObjectList
from bot.kube.ingresses import backends_of, certificates_of, hosts_of
from bot.kube.objects import namespace_of, place_of, ref
from bot.probes.contract import Look, Missing
from bot.probes.rows import RowValues
from intents.domain import Json, Row

_NAMED: Final = ("service", "secret")


@dataclass(frozen=True, slots=True, kw_only=True)
class IngressRow(RowValues):
    """An Ingress in question."""

    namespace: str
    ingress: str


def row_of(ingress: Json, shown: RowValues, *, quote: str, lasts: bool = False) -> Row:
    """Return the row of an Ingress, with the values that the argument `shows` adds."""
    namespace, name = place_of(ingress)
    return IngressRow(namespace=namespace, ingress=name).row(
        ref(ingress, "Ingress"),
        quote=quote,
        reproduce=f"kubectl -n {namespace} describe ingress {name}",
        lasts=lasts,
        more=shown.values(),
    )


async def ingresses_in_question(look: Look) -> ObjectList:
    """Return the Ingresses in question, sorted; a text that names a Service, Secret or host means those that have it.

    Raise Missing and ClusterError.
    """
    focus = look.focus
    name = (focus.name if focus.kind == "Ingress" else "") or look.named.get("ingress", "")
    if name and focus.namespace:
        found = await look.snapshot.find("Ingress", name, namespace=focus.namespace)
        if found is None:
            raise Missing(f"Ingress {focus.namespace}/{name}")
        return ObjectList(items=(found,))
    fields = f"metadata.name={name}" if name else ""
    listing = await look.snapshot.list("Ingress", namespace=focus.namespace, fields=fields)
    if name and not listing.items and not listing.truncated:
        raise Missing(f"Ingress {name}")
    meant = (each for each in listing.items if _is_meant(look, each))
    return replace(listing, items=tuple(sorted(meant, key=place_of)))


def _is_meant(look: Look, ingress: Json) -> bool:
    services = {backend.service for backend in backends_of(ingress)}
    secrets = {certificate.secret for certificate in certificates_of(ingress)}
    # A text names the Service or the Secret by namespace and name, or by the name alone.
    for word, names in zip(_NAMED, (services, secrets), strict=True):
        said = look.focus.name if look.focus.kind.lower() == word else look.named.get(word, "")
        namespace, _, name = said.rpartition("/")
        if name and (name not in names or namespace not in ("", namespace_of(ingress))):
            return False
    host = look.named.get("host", "")
    return not host or "." not in host or host.replace(".", "").isdigit() or host in hosts_of(ingress)
