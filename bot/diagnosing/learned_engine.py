"""Add saved entries to the engine in force: those that everybody may see, and those of one channel.

Each layer of entries has a matcher of its own, so saving an entry rebuilds one layer and leaves the catalog's matcher.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final
from uuid import uuid4

from bot.diagnosing.engine import Engine
from intents.catalog.loader import Catalog
from intents.catalog.schema import Incident
from intents.matcher import LayeredMatcher, Matcher, signature_matcher

# So many engines are kept: one for each channel with entries of its own. Making one again is quick.
_KEPT: Final = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """Saved entries with the same audience, and their matcher."""

    entries: Mapping[str, Incident]
    matcher: Matcher
    revision: str = field(default_factory=lambda: uuid4().hex)

    @classmethod
    def of(cls, entries: Sequence[Incident]) -> Layer:
        """Build the matcher; takes a twentieth of a second and more: keep it off the event loop."""
        return cls(
            entries=MappingProxyType({incident.id: incident for incident in entries}),
            matcher=signature_matcher(entries),
        )


class LearnedEngines:
    """The engines of channels: the base engine with the entries that the channel may see."""

    def __init__(self, shared: Layer | None = None, own: Mapping[str, Layer] = MappingProxyType({})) -> None:
        self._shared = shared
        self._own = own
        self._made: OrderedDict[tuple[str, str], Engine] = OrderedDict()

    def of(self, base: Engine, channel: str) -> Engine:
        """Return the engine for a channel, "" for no channel; the base engine if no saved entry may be seen there."""
        layers = [layer for layer in (self._shared, self._own.get(channel)) if layer is not None]
        if not layers:
            return base
        key = (base.revision, channel if channel in self._own else "")
        if key not in self._made:
            self._made[key] = _with(base, layers)
            if len(self._made) > _KEPT:
                self._made.popitem(last=False)
        return self._made[key]


def _with(base: Engine, layers: Sequence[Layer]) -> Engine:
    """Return an engine with these layers too. An entry that joined the catalog meanwhile counts there."""
    known = base.catalog.incidents
    saved = {id: each for layer in layers for id, each in layer.entries.items() if id not in known}
    catalog = Catalog(incidents=MappingProxyType({**known, **saved}), sources=base.catalog.sources)
    base_matcher = base.matcher
    if not isinstance(base_matcher, Matcher):
        raise TypeError("the base engine has layers already")
    matcher = LayeredMatcher(
        base_matcher,
        [layer.matcher for layer in layers],
        general={incident.id for incident in base.catalog if incident.shows},
        left_out=frozenset(known),
    )
    revision = ".".join((base.revision, *(layer.revision for layer in layers)))
    return Engine(catalog=catalog, matcher=matcher, probes=base.probes, revision=revision)
