"""The Ingresses in question: the one named, those before the Service or host named, else all of the namespace."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bot.cluster.errors import ClusterError
from bot.kube.ingresses import backends_of, certificates_of, hosts_of
from bot.kube.objects import namespace_of, place_of
from bot.probes.contract import Look
from intents.domain import Gap, Json, ProbeResult

_NAMED: Final = ("service", "secret")


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionedIngresses:
    """The Ingresses, sorted; `ending` is the whole result where none can be read."""

    items: tuple[Json, ...] = ()
    gaps: tuple[Gap, ...] = ()
    ending: ProbeResult | None = None


async def ingresses_in_question(look: Look) -> QuestionedIngresses:
    """Return the Ingresses in question; a text that names a Service, Secret or host means only those that have it."""
    focus = look.focus
    if focus.kind not in ("Ingress", "Service", "Secret", ""):
        return QuestionedIngresses(ending=ProbeResult(not_applicable=f"{focus.kind} is not an Ingress"))
    name = (focus.name if focus.kind == "Ingress" else "") or look.named.get("ingress", "")
    try:
        if name and focus.namespace:
            found = await look.snapshot.find("Ingress", name, namespace=focus.namespace)
            if found is None:
                missing = f"Ingress {focus.namespace}/{name}"
                return QuestionedIngresses(ending=ProbeResult(missing=missing))
            return QuestionedIngresses(items=(found,))
        fields = f"metadata.name={name}" if name else ""
        listing = await look.snapshot.list("Ingress", namespace=focus.namespace, fields=fields)
    except ClusterError as error:
        return QuestionedIngresses(ending=ProbeResult(gaps=(error.gap(),)))
    gaps = (gap,) if (gap := listing.gap("all Ingresses")) else ()
    if name and not listing.items and not gaps:
        return QuestionedIngresses(ending=ProbeResult(missing=f"Ingress {name}"))
    items = tuple(sorted((each for each in listing.items if _is_meant(look, each)), key=place_of))
    if not items and not gaps:
        return QuestionedIngresses(ending=ProbeResult(not_applicable="no Ingress leads there"))
    return QuestionedIngresses(items=items, gaps=gaps)


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
