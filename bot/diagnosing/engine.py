"""Hold the catalog and matcher of diagnoses, and match texts with them."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from uuid import uuid4

from bot.common.catalogs import load_catalog, matcher_of
from bot.probes.contract import Probe
from bot.probes.registry import probes, unreadable_parts
from intents.catalog.loader import Catalog, Check, Problem
from intents.catalog.schema import Incident
from intents.domain import Symptom
from intents.matcher import LayeredMatcher, Matcher, MatchResult
from intents.symptoms import read_symptoms

# Longer texts are parsed and matched in a thread, so that the event loop stays responsive.
_THREAD_FROM: Final = 16 * 1024
# A burst of pastes; later ones are matched again by their jobs.
_RECENT: Final = 500


@dataclass(frozen=True, slots=True)
class RecentMatches:
    """The last matches that a job may need, by a digest of the text: from the acknowledgement to the job."""

    _kept: OrderedDict[str, MatchResult] = field(default_factory=OrderedDict)

    def find(self, digest: str) -> MatchResult | None:
        return self._kept.get(digest)

    def keep(self, digest: str, matching: MatchResult) -> None:
        # Most texts are chat: no job matches it again.
        if matching.hypotheses:
            self._kept[digest] = matching
            self._kept.move_to_end(digest)
            if len(self._kept) > _RECENT:
                self._kept.popitem(last=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """The catalog and matcher of a diagnosis.

    A reloaded catalog makes a new engine with a new `revision`.
    """

    catalog: Catalog
    matcher: Matcher | LayeredMatcher
    probes: Mapping[str, Probe]
    revision: str = field(default_factory=lambda: uuid4().hex)
    recent: RecentMatches = field(default_factory=RecentMatches, compare=False, repr=False)


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

    return await asyncio.to_thread(match) if length > _THREAD_FROM else match()
