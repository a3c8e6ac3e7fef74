"""Score the facts that are read from labelled channels, as `shared/eval/channels/score.py` does."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from intents.chronicle.channel_reader import facts_of_channel
from intents.chronicle.facts import FactKind, kind_of
from tests.chronicle.labelled import Labelled

# Not scored: pasted errors, alerts, and answers, which show in their questions.
_OTHERS: Final = frozenset({FactKind.ERROR, FactKind.ALERT, FactKind.ANSWER})


class Score(NamedTuple):
    """Of one kind: the labelled facts, those found, those stated, and those of them that are right."""

    labelled: int
    found: int
    stated: int
    right: int


def scores_of(channels: Iterable[Sequence[Labelled]]) -> dict[str, Score]:
    """Return the score of each kind."""
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for channel in channels:
        people = {one.message.user: one.message.user for one in channel if one.message.user}
        facts = facts_of_channel([one.message for one in channel], people=people)
        labels = {one.message.ts: one.kinds for one in channel}
        stated = {(fact.ts, kind_of(fact)) for fact in facts if fact.kind not in _OTHERS}
        for ts, kinds in labels.items():
            for kind in kinds - {"answer"}:
                counts[kind][0] += 1
                counts[kind][1] += (ts, kind) in stated
        for fact in facts:
            if fact.kind not in _OTHERS:
                counts[kind_of(fact)][2] += 1
                counts[kind_of(fact)][3] += kind_of(fact) in labels[fact.ts]
    return {kind: Score(*count) for kind, count in sorted(counts.items())}


def total(scores: dict[str, Score]) -> Score:
    return Score(*map(sum, zip(*scores.values(), strict=True)))


def table(scores: dict[str, Score]) -> str:
    """Return a line for each kind and for all."""
    return "\n".join(
        f"{kind:24} {one.labelled:5} recall {one.found / max(1, one.labelled):.2f}"
        f" precision {one.right / max(1, one.stated):.2f} of {one.stated}"
        for kind, one in (*scores.items(), ("all", total(scores)))
    )
