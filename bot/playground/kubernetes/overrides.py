"""Parse a world's `reactions`: what pods become after a write, where it differs from what the controllers do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from bot.playground.kubernetes.resources import Json
from bot.playground.kubernetes.world_checks import WorldError, check_keys


class OverrideTrigger(StrEnum):
    """The write that triggers an override."""

    DELETED = "deleted"
    TEMPLATE_CHANGED = "template-changed"
    PATCHED = "patched"


class PodOutcome(StrEnum):
    """The state of the affected pods after the write, if it is not a patch."""

    HEALTHY = "healthy"
    SAME = "same"


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """After the write `when` to the object, its pods become healthy, the same, or the same with a merge patch."""

    when: OverrideTrigger
    kind: str
    namespace: str
    name: str
    becomes: PodOutcome | Json


def parse_override(item: Json, *, where: str) -> Override:
    """Parse an override from a world's `reactions`. WorldError if it is malformed."""
    check_keys(item, where=where, known=("when", "object", "becomes"))
    becomes: Any = item.get("becomes")
    parts = str(item.get("object", "")).split("/")
    if len(parts) not in (2, 3) or not all(parts):
        raise WorldError(f'{where}.object: expected "Kind/namespace/name" or "Kind/name", got {item.get("object")!r}')
    if item.get("when") not in tuple(OverrideTrigger):
        raise WorldError(f"{where}.when: expected one of {', '.join(OverrideTrigger)}, got {item.get('when')!r}")
    if not isinstance(becomes, dict) and becomes not in tuple(PodOutcome):
        raise WorldError(f"{where}.becomes: expected {' or '.join(PodOutcome)} or a merge patch, got {becomes!r}")
    return Override(
        when=OverrideTrigger(item["when"]),
        kind=parts[0],
        namespace=parts[1] if len(parts) == 3 else "",
        name=parts[-1],
        becomes=becomes if isinstance(becomes, dict) else PodOutcome(becomes),
    )
