"""Hold the catalog and matcher of diagnoses, with the entries that people saved, and match each text once."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from types import MappingProxyType
from typing import Final
from uuid import uuid4

from pydantic import ValidationError

from bot.common.catalogs import load_catalog, matcher_of
from bot.common.portable import Portable
from bot.common.recent import remember
from bot.common.tracing import SpanName, span
from bot.kube.log_causes import telling_words
from bot.probes.contract import Probe
from bot.probes.registry import probes, unreadable_parts
from intents.catalog.loader import Catalog, Check, Problem
from intents.catalog.schema import Incident
from intents.domain import Hypothesis, Json, Symptom
from intents.matcher import LayeredMatcher, Matcher, MatchResult, signature_matcher
from intents.symptoms import read_symptoms

# Longer texts are parsed and matched in a thread, so that the event loop stays responsive.
_THREAD_FROM: Final = 16 * 1024
# A burst of pastes; later ones are matched again by their jobs.
_RECENT: Final = 500
# A message with nearly all of a signature's information means its entry.
_SURE: Final = 0.75


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """The catalog and matcher of a diagnosis.

    A reloaded catalog makes a new engine with a new `revision`. `recent` are the last matches that a job may need, by a
    digest of the text: from the acknowledgement to the job.
    """

    catalog: Catalog
    matcher: Matcher | LayeredMatcher
    probes: Mapping[str, Probe]
    revision: str = field(default_factory=lambda: uuid4().hex)
    recent: OrderedDict[str, MatchResult] = field(default_factory=OrderedDict, compare=False, repr=False)

    def meaning(self, message: str) -> str:
        """Return the entry that a message of a program means, "" for none.

        An entry that only says how something fails, such as a crash loop, is not what a program says of the cause.
        """
        found = self.matcher.match(read_symptoms(message), printed=True).hypotheses
        causes = (each for each in found if not self.catalog.incidents[each.incident].shows)
        return next((each.incident for each in causes if _is_meant(each, message.lower())), "")


def _is_meant(one: Hypothesis, message: str) -> bool:
    """Tell whether a message surely means an entry: of one that has a signature in part, it has what tells the cause.

    Programs say much around a cause alike: "called `Result::unwrap()` on an `Err` value".
    """
    telling = (telling_words(each.signature).lower() for each in one.matches)
    return one.score >= _SURE or any(each and each in message for each in telling)


def build_engine(
    directories: Sequence[Path] = (), *, last_good: Catalog | None = None, check: Check = lambda _incident: ()
) -> tuple[Engine, tuple[Problem, ...]]:
    """Build the engine from the built-in catalog and the user's directories; also return the problems in files.

    `check` yields what keeps an entry of a user from being used, in addition to unknown probes and keys.
    """

    def checked(incident: Incident) -> Iterator[tuple[tuple[str | int, ...], str]]:
        yield from unreadable_parts(incident)
        yield from check(incident)

    loaded = load_catalog(directories, last_good=last_good, check=checked)
    return Engine(catalog=loaded.catalog, matcher=matcher_of(loaded), probes=probes()), loaded.problems


def engine_for(catalog: Catalog) -> Engine:
    """Return the engine for a catalog that was made in this process."""
    return Engine(catalog=catalog, matcher=Matcher(catalog), probes=probes())


async def match_text(text: str, *, engine: Engine) -> MatchResult:
    """Match a text without a cluster. Long texts are matched in a thread."""
    return await match_symptoms(lambda: read_symptoms(text), engine.matcher, length=len(text))


async def match_symptoms(
    read: Callable[[], Sequence[Symptom]], matcher: Matcher | LayeredMatcher, *, length: int
) -> MatchResult:
    """Match a text of this length, which `read` parses."""

    def match() -> MatchResult:
        return matcher.match(read())

    with span(SpanName.MATCH) as part:
        found = await asyncio.to_thread(match) if length > _THREAD_FROM else match()
        part.set(hypotheses=len(found.hypotheses))
        return found


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
            remember(self._made, key, _with(base, layers), most=_KEPT)
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


@dataclass(frozen=True, slots=True, kw_only=True)
class CarriedMatch(Portable):
    """A match with its text and catalog; it is valid for no other text or catalog. A job's payload has it redacted.

    `catalog` is the `Engine.revision`, so a match never outlives its process or a reload of the catalog.
    """

    text: str
    catalog: str
    matching: MatchResult

    def of(self, text: str, *, engine: Engine) -> MatchResult | None:
        """Return the match if it belongs to this text and engine."""
        return self.matching if (self.text, self.catalog) == (_digest(text), engine.revision) else None

    @classmethod
    def read(cls, payload: Json | None) -> CarriedMatch | None:
        """Read a match from a job's payload; None for jobs without one and for other versions of the format."""
        try:
            return cls.from_json(payload) if payload is not None else None
        except ValidationError:
            return None


async def carried_match(text: str, *, engine: Engine) -> CarriedMatch:
    """Return the match of a text that was matched lately; otherwise match it now."""
    digest = _digest(text)
    matching = engine.recent.get(digest)
    if matching is None:
        matching = await match_text(text, engine=engine)
        # Most texts are chat: no job matches it again.
        if matching.hypotheses:
            remember(engine.recent, digest, matching, most=_RECENT)
    return CarriedMatch(text=digest, catalog=engine.revision, matching=matching)


def _digest(text: str) -> str:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
