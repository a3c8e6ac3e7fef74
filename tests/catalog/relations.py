"""Which incidents may be confirmed together, because their entries name each other."""

from __future__ import annotations

from collections.abc import Iterable

from intents.catalog.schema import Incident


def related_to(incident: Incident, catalog: Iterable[Incident]) -> set[str]:
    """Return the incident, those it names as causes or points to, and those that name it."""
    named = {incident.id, *_names(incident)}
    return named | {other.id for other in catalog if incident.id in _names(other)}


def _names(incident: Incident) -> set[str]:
    return {cause.incident for cause in incident.all_causes}
