"""Match a text against a catalog and against saved entries beside it, without learning the catalog anew.

The matcher of a catalog takes seconds to build. Saved entries come and go while the bot runs, so they have small
matchers of their own, and their hypotheses are added below those of the catalog.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from intents.catalog.schema import Incident
from intents.domain import Hypothesis, Symptom
from intents.matcher import Learned, Matcher, MatchResult
from intents.prose_classifier import ProseClassifier
from intents.signature_finder import SignatureFinder


def signature_matcher(incidents: Sequence[Incident]) -> Matcher:
    """Return a matcher that goes by signatures alone: a few entries are too few to classify people's own words."""
    ordered = sorted(incidents, key=lambda incident: incident.id)
    return Matcher(ordered, learned=Learned(SignatureFinder(ordered), ProseClassifier(())))


class LayeredMatcher:
    """Finds the incidents of a catalog, and the saved entries of some layers. Immutable and thread-safe.

    A saved entry never displaces an entry of the catalog that is about something specific; it precedes `general` ones,
    which say no more than that something is in trouble. Entries of `left_out` are ignored.
    """

    def __init__(
        self, base: Matcher, layers: Sequence[Matcher], *, general: Collection[str], left_out: Collection[str] = ()
    ) -> None:
        self._base = base
        self._layers = tuple(layers)
        self._general = frozenset(general)
        self._left_out = frozenset(left_out)

    def match(self, symptoms: Sequence[Symptom], *, limit: int = 5) -> MatchResult:
        """Return at most `limit` hypotheses for the symptoms of a text."""
        first = self._base.match(symptoms, limit=limit)
        saved: list[Hypothesis] = []
        alignments = first.alignments
        for layer in self._layers:
            found = layer.match(symptoms, limit=limit)
            alignments += found.alignments
            saved += [one for one in found.hypotheses if one.incident not in self._left_out]
        if not saved:
            return replace(first, alignments=alignments)
        saved.sort(key=lambda one: (-one.score, one.incident))
        specific = [one for one in first.hypotheses if one.incident not in self._general]
        general = [one for one in first.hypotheses if one.incident in self._general]
        return replace(first, hypotheses=(*specific, *saved, *general)[:limit], alignments=alignments)
