"""Which incidents may be confirmed together, because one of their entries causes the other."""

from __future__ import annotations

from intents.catalog.loader import Catalog
from intents.catalog.schema import Incident


def related_to(incident: Incident, catalog: Catalog) -> set[str]:
    """Return the incident, its causes, and the incidents that it causes, directly or through others."""
    causes = {one.id: {link.incident for link in catalog.causes_of(one.id)} for one in catalog}
    upstream = _closure({incident.id}, causes)
    effects = {one: {name for name, named in causes.items() if one in named} for one in causes}
    return upstream | _closure({incident.id}, effects)


def _closure(names: set[str], further: dict[str, set[str]]) -> set[str]:
    found = set(names)
    while more := {other for name in found for other in further.get(name, set())} - found:
        found |= more
    return found
