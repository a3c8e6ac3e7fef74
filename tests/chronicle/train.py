"""Train the models of the kinds of facts, write their weights and print a report: `python -m tests.chronicle.train`.

It needs scikit-learn (dependency group `train`). Of each kind a logistic regression is fitted to labelled channels,
over the words of a message and over what stands around it. The least share from which a kind is stated is chosen on
channels that its model had not seen: as many right ones as possible, where a wrong one costs `COST` of them. The
report's figures are of `judge/`, which is never trained on.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from sklearn.linear_model import LogisticRegression

import intents.chronicle
from intents.chronicle.channel_reader import ChannelMessage, utterance_of
from intents.chronicle.conversation import Conversation
from intents.chronicle.kinds import KINDS
from intents.chronicle.message_text import parse_message
from intents.talk.classifier import PLACES
from tests.chronicle.labelled import BEGAN, TRAINING, Labelled, channels_in
from tests.talk import linear

STRENGTH: Final = 50.0
PARTS: Final = 5
COST: Final = 1.5
# What everybody acts on: a wrong one costs more.
DEAR: Final = 5.0
# Whether it is open is what counts, and answers tell.
CHEAP: Final = 1.5
SHARES: Final = np.arange(0.06, 0.97, 0.02)


# So much a statement counts that is known without its conversation.
ALONE: Final = 0.5
STATEMENTS: Final = Path(__file__).parents[1] / "talk" / "training" / "statements.jsonl"
# The kinds of statements that are labelled alone; of the others less is known.
OF_STATEMENTS: Final = {
    "REPORT": "impact",
    "DECISION:done": "action.done",
    "DECISION:under way": "action.doing",
    "HYPOTHESIS:possible": "suspected",
    "HYPOTHESIS:ruled out": "ruled_out",
    "HYPOTHESIS:confirmed": "cause",
    "ROLE:commander": "role",
    "ROLE:comms": "role",
    "ROLE:scribe": "role",
    "HANDOVER": "role",
    "DEPLOY:succeeded": "change",
}


class Sample(NamedTuple):
    """A message: the places of its features, its kinds, and the part of the data it belongs to.

    `open` are kinds of which it is not known whether it states them.
    """

    own: list[int]
    around: list[int]
    kinds: frozenset[str]
    part: int
    weight: float = 1.0
    open: frozenset[str] = frozenset()


def main() -> None:
    files = sorted(TRAINING.glob("*.txt"))
    channels = [channel for path in files for channel in channels_in(path)]
    samples = [sample for number, channel in enumerate(channels) for sample in samples_of(channel, number % PARTS)]
    print(f"{len(channels)} conversations, {len(samples)} messages")
    samples += statements()
    matrix = matrix_of(samples)
    weights, constants = np.zeros((2 * PLACES, len(KINDS))), np.zeros(len(KINDS))
    thresholds = np.ones(len(KINDS))
    for number, kind in enumerate(KINDS):
        gold = np.array([kind in sample.kinds for sample in samples])
        known = np.array([kind not in sample.open for sample in samples])
        own = [sample for sample in samples if kind not in sample.open]
        model = fitted(matrix[known], gold[known], own)
        weights[:, number], constants[number] = model.coef_[0], model.intercept_[0]
        told = np.array([sample.weight == 1.0 for sample in own])
        shares = shares_unseen(matrix[known], gold[known], own)
        thresholds[number] = threshold(kind, gold[known][told], shares[told])
    path = Path(intents.chronicle.__file__).with_name("kinds.npz")
    np.savez_compressed(path, **linear.rounded(weights, constants), thresholds=thresholds.round(2))
    print(f"size of the weights: {path.stat().st_size} bytes")


def samples_of(channel: Sequence[Labelled], part: int) -> Iterable[Sample]:
    conversation = Conversation([utterance_of(one.message, parse_message(one.message.text)) for one in channel])
    for number, one in enumerate(channel):
        kinds = one.kinds | ({"question"} if any(kind.startswith("question") for kind in one.kinds) else set())
        yield Sample([*conversation.messages[number].own], conversation.places_around(number), frozenset(kinds), part)


def matrix_of(samples: Iterable[Sample]) -> Any:
    return linear.matrix_of(([sample.own, sample.around] for sample in samples), 2 * PLACES)


def statements() -> Iterator[Sample]:
    """Yield statements that are labelled without a conversation."""
    for number, line in enumerate(STATEMENTS.read_text(encoding="utf-8").splitlines()):
        row = json.loads(line)
        (alone,) = samples_of([Labelled(message=alone_of(row["text"]), kinds=frozenset())], number % PARTS)
        facts: list[str] = row["facts"]
        status = facts[0].removeprefix("STATUS:") if facts else ""
        kind = OF_STATEMENTS.get(facts[0]) if facts else None
        kind = f"status.{status}" if f"status.{status}" in KINDS else kind
        if facts and kind is None:
            continue
        unknown = frozenset(KINDS) - {kind} if kind else frozenset({"question", "answer", "action.planned", "followup"})
        unknown -= {each for each in KINDS if kind and each.startswith("status.")}
        yield Sample(alone.own, alone.around, frozenset({kind} if kind else ()), alone.part, ALONE, unknown)


def alone_of(text: str) -> ChannelMessage:
    return ChannelMessage(ts="1", at=BEGAN, text=text, user="a")


def fitted(matrix: Any, gold: Any, samples: Sequence[Sample]) -> LogisticRegression:
    model = LogisticRegression(C=STRENGTH, solver="liblinear", max_iter=300)
    return model.fit(matrix, gold, sample_weight=[sample.weight for sample in samples])


def shares_unseen(matrix: Any, gold: Any, samples: Sequence[Sample]) -> Any:
    """Return the share of each message by a model that was not fitted to its channel."""
    parts = np.array([sample.part for sample in samples])
    shares = np.zeros(len(samples))
    for part in range(PARTS):
        others = [sample for sample in samples if sample.part != part]
        model = fitted(matrix[parts != part], gold[parts != part], others)
        shares[parts == part] = model.predict_proba(matrix[parts == part])[:, 1]
    return shares


def threshold(kind: str, gold: Any, shares: Any) -> float:
    """Return the share from which right statements outweigh wrong ones most."""
    cost = DEAR if kind == "cause" or kind.startswith("status.") else CHEAP if kind == "question" else COST
    worth = [((shares >= least) & gold).sum() - cost * ((shares >= least) & ~gold).sum() for least in SHARES]
    return float(SHARES[int(np.argmax(worth))])


if __name__ == "__main__":
    main()
