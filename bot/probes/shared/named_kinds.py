"""The built-in kinds whose objects a text or a command may name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bot.cluster.resources import Resource, well_known
from intents.domain import Permission
from intents.kinds import KINDS

NAMED_KINDS: Final[Mapping[str, Resource]] = {
    kind: resource for kind in KINDS.values() if (resource := well_known(kind))
}
READS_NAMED: Final = tuple(
    Permission(verb=verb, group=resource.group, resource=resource.plural)
    for resource in NAMED_KINDS.values()
    for verb in ("get", "list")
)
