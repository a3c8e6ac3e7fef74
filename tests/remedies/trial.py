"""An action on one object, under its own role: which permissions it uses is compared with those it declares."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from intents.domain import ObjectRef


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """An action on an object of `tests.remedies.every_kind`, or of a `world` of its own."""

    action: str
    target: ObjectRef
    args: Mapping[str, Any] = field(default_factory=dict)
    world: Mapping[str, Any] = field(default_factory=dict)


def trials(action: str, targets: Iterable[ObjectRef], **args: Any) -> tuple[Trial, ...]:
    """Return the same action on several objects, one of each kind."""
    return tuple(Trial(action=action, target=target, args=args) for target in targets)
