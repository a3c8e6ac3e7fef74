"""Find the object that a text names by a word and its namespace by another, joined in any way.

A word counts as a namespace if the cluster has it, or if the text says that it is one. A name that the namespace lacks
counts if an object elsewhere has it: the answer then says that it does not exist here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from bot.cluster.errors import ClusterError
from bot.cluster.snapshot import Snapshot
from bot.diagnosing.named_objects import has_namespace
from bot.diagnosing.similar_names import listed_anywhere
from bot.kube.objects import name_of
from intents.catalog.schema import Incident
from intents.domain import Entity
from intents.kinds import CLUSTER_SCOPED, KINDS, WORDS
from intents.matcher import MatchResult
from intents.naming import namespaces_in
from intents.spoken_places import SpokenWords, placed, spoken_words

# The kinds that people ask about by name alone, those first that they most often mean.
BY_NAME: Final = ("Deployment", "StatefulSet", "DaemonSet", "CronJob", "Job", "TidbCluster", "Pod", "Service")
_KINDS: Final = (*BY_NAME, "PersistentVolumeClaim", "Ingress")
_WORKLOADS: Final = ("Deployment", "StatefulSet", "DaemonSet")
# So many words are looked up one by one where namespaces cannot be listed.
_MOST_APART: Final = 4


async def with_place(
    snapshot: Snapshot,
    matching: MatchResult,
    text: str,
    *,
    incidents: Mapping[str, Incident],
    asked: bool,
    default: str = "",
) -> MatchResult:
    """Return what a text matches with the object that it names in a namespace, if it names one. Never raise.

    A word without a kind counts in a question only (`asked`), or in a text that matches an incident. Beside a `default`
    namespace of the surface, a mere word is the namespace of a name only if that one has such an object.
    """
    certain = [one for one in matching.objects if one.certain and KINDS[one.kind] in _KINDS]
    spoken = spoken_words(text)
    if any(one.namespace for one in certain) or not spoken.words:
        return matching
    if not (asked or matching.hypotheses or matching.objects):
        return matching
    said = tuple(dict.fromkeys(one.value for one in namespaces_in(spoken.line) if one.certain))
    homes = said or await _existing(snapshot, spoken.words)
    if certain:
        homes = tuple(home for home in homes if home not in {one.value for one in certain})
        named = replace(certain[0], namespace=homes[0]) if len(homes) == 1 else None
        if named and default and not said and named.value not in await _names(snapshot, KINDS[named.kind], homes[0]):
            named = None
    else:
        elsewhere = _kinds_elsewhere(matching, incidents)
        named = await _named(snapshot, matching.objects, spoken, homes, elsewhere=elsewhere) if homes else None
    counts = asked or matching.hypotheses or any(one.value == named.value for one in matching.objects if named)
    return placed(matching, named, incidents) if named and counts else matching


def _kinds_elsewhere(matching: MatchResult, incidents: Mapping[str, Incident]) -> tuple[str, ...]:
    """Return the kinds that a word without one may mean in other namespaces: workloads, and what the text is about."""
    about = [KINDS.get(word, "") for one in matching.hypotheses for word in incidents[one.incident].about]
    kinds = (*_WORKLOADS, *about) if matching.hypotheses else _KINDS
    # Pods are too many to be listed for a word.
    return tuple(dict.fromkeys(kind for kind in kinds if kind in _KINDS and kind != "Pod"))


async def _existing(snapshot: Snapshot, words: Sequence[str]) -> tuple[str, ...]:
    """Return the words that are namespaces of the cluster."""
    try:
        known = {name_of(one) for one in (await snapshot.list("Namespace")).items}
    except ClusterError:
        words = words[:_MOST_APART]
        answers = await asyncio.gather(*(has_namespace(snapshot, word) for word in words), return_exceptions=True)
        known = {word for word, answer in zip(words, answers, strict=True) if answer is True}
    return tuple(word for word in words if word in known)


async def _named(
    snapshot: Snapshot,
    guesses: Sequence[Entity],
    spoken: SpokenWords,
    homes: Sequence[str],
    *,
    elsewhere: Sequence[str],
) -> Entity | None:
    """Return the object that one of the words names in one of the namespaces, or that only others have.

    Of a word without a kind, others are asked for the kinds `elsewhere`.
    """
    kind_of = {one.value: kind for one in guesses if (kind := KINDS.get(one.kind)) and kind not in CLUSTER_SCOPED}
    places = tuple(home for home in homes if home not in kind_of) or homes
    for home in places:
        words = sorted(spoken.beside(home), key=lambda word: word not in kind_of)
        if words and (found := await _first(snapshot, words, kind_of, home)):
            return found
    if len(places) > 1:
        return None
    (home,) = places
    kinds_of = {word: (kind_of[word],) if word in kind_of else elsewhere for word in spoken.beside(home)}
    return await _elsewhere(snapshot, kinds_of, home)


async def _first(snapshot: Snapshot, words: Sequence[str], kind_of: Mapping[str, str], home: str) -> Entity | None:
    """Return the first word that an object of a namespace has as its name: of the kind that the text gives, if any."""
    kinds = tuple(dict.fromkeys((*kind_of.values(), *_KINDS)))
    listed = await asyncio.gather(*(_names(snapshot, kind, home) for kind in kinds))
    names = dict(zip(kinds, listed, strict=True))
    found = (
        Entity(kind=WORDS[kind], value=word, namespace=home)
        for word in words
        for kind in _kinds_of(word, kind_of)
        if word in names[kind]
    )
    return next(found, None)


def _kinds_of(word: str, kind_of: Mapping[str, str]) -> Iterable[str]:
    return dict.fromkeys((kind_of.get(word, _KINDS[0]), *_KINDS))


async def _names(snapshot: Snapshot, kind: str, home: str) -> frozenset[str]:
    try:
        return frozenset(map(name_of, (await snapshot.list(kind, namespace=home)).items))
    except ClusterError:
        return frozenset()


async def _elsewhere(snapshot: Snapshot, kinds_of: Mapping[str, Sequence[str]], home: str) -> Entity | None:
    """Return the first of some words that a namespace lacks as the name of such a kind, and others have.

    Each kind is listed once, however many words there are.
    """
    kinds = tuple(dict.fromkeys(kind for each in kinds_of.values() for kind in each))
    listed = await asyncio.gather(*(listed_anywhere(snapshot, kind, namespace=home) for kind in kinds))
    names = {kind: frozenset(map(name_of, found)) for kind, found in zip(kinds, listed, strict=True)}
    found = (
        Entity(kind=WORDS[kind], value=word, namespace=home)
        for word, each in kinds_of.items()
        for kind in each
        if word in names[kind]
    )
    return next(found, None)
