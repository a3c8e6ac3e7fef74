"""Train the models of the kinds of facts, write their weights and print a report: `python -m tests.chronicle.train`.

It needs scikit-learn (dependency group `train`). Of each kind two logistic regressions are fitted to labelled channels:
one over the words of a message and what stands around it, and one over these and what the first says of the messages
around, each said by a model that had not seen their channel. A word weighs by how much more often it stands in messages
of the kind (Wang and Manning 2012, "Baselines and Bigrams"). The least share from which a kind is stated is chosen on
channels that its model had not seen: as many right ones as possible, where a wrong one costs `COST` of them. The
report's figures are of `judge/`, which is never trained on.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from scipy import sparse
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

import intents.chronicle
from intents.chronicle.channel_reader import ChannelMessage, utterance_of
from intents.chronicle.conversation import Conversation
from intents.chronicle.kinds import KINDS
from intents.chronicle.message_text import parse_message
from intents.talk.classifier import places_among
from tests.chronicle.labelled import BEGAN, TRAINING, Labelled, channels_in
from tests.talk import linear

STRENGTH: Final = 15.0
PARTS: Final = 5
COST: Final = 1.4
# What everybody acts on: a wrong one costs more.
DEAR: Final = 15.0
# Whether it is open is what counts, and answers tell.
CHEAP: Final = 1.5
SHARES: Final = np.append(np.arange(0.06, 0.97, 0.02), (0.97, 0.98, 0.985, 0.99, 0.995, 0.997, 0.998, 0.999))
# So much of a word's weight follows how much more often it stands in messages of the kind.
TELLING: Final = 0.5
# Beside words, shares count so much.
BESIDE: Final = 0.5


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
    """A message in its conversation: its kinds, and the part of the data it belongs to.

    `open` are kinds of which it is not known whether it states them.
    """

    conversation: Conversation
    number: int
    kinds: frozenset[str]
    part: int
    weight: float = 1.0
    open: frozenset[str] = frozenset()


class Model(NamedTuple):
    """The weights of one kind: of each known feature, and of each value beside them; `constant` is added."""

    words: Any
    beside: Any
    constant: float


def main() -> None:
    files = sorted(TRAINING.glob("*.txt"))
    channels = [channel for path in files for channel in channels_in(path)]
    samples = [sample for number, channel in enumerate(channels) for sample in samples_of(channel, number % PARTS)]
    print(f"{len(channels)} conversations, {len(samples)} messages")
    samples += statements()
    described = [(one.conversation.messages[one.number].own, one.conversation.around(one.number)) for one in samples]
    known = linear.known_among({*own, *around} for own, around in described)
    blocks = [[places_among(known, each) for each in both] for both in described]
    words = linear.matrix_of(blocks, len(known))
    first, shares, _ = trained(samples, words, sparse.csr_matrix((len(samples), 0)))
    second, _, thresholds = trained(samples, words, sparse.csr_matrix(beside(samples, shares.round(3))))
    path = Path(intents.chronicle.__file__).with_name("kinds.npz")
    stored = {
        "known": known,
        "thresholds": thresholds.round(3),
        **rounded("first", [one.words for one in first]),
        **rounded("second", [one.words for one in second]),
        **rounded("beside", [one.beside for one in second]),
        "first_constants": np.array([one.constant for one in first]).round(3),
        "second_constants": np.array([one.constant for one in second]).round(3),
    }
    np.savez_compressed(path, **stored)
    print(f"{len(known)} features; size of the weights: {path.stat().st_size} bytes")


def trained(samples: Sequence[Sample], words: Any, values: Any) -> tuple[list[Model], Any, Any]:
    """Return the model of each kind, the shares of all messages by models that had not seen them, and thresholds."""
    weights, parts = np.array([one.weight for one in samples]), np.array([one.part for one in samples])

    def of_kind(kind: str) -> tuple[Model, Any, float]:
        gold = np.array([kind in one.kinds for one in samples])
        told = np.array([kind not in one.open for one in samples])
        shares = np.zeros(len(samples))
        for part in range(PARTS):
            others, own = told & (parts != part), parts == part
            model = fitted(words[others], values[others], gold[others], weights[others])
            shares[own] = shares_by(model, words[own], values[own])
        whole = told & (weights == 1.0)
        model = fitted(words[told], values[told], gold[told], weights[told])
        return model, shares, threshold(kind, gold[whole], shares[whole])

    # A fit runs outside the interpreter's lock; its own threads would only wait for each other.
    with threadpool_limits(1), ThreadPoolExecutor() as threads:
        models, shares, thresholds = zip(*threads.map(of_kind, KINDS), strict=True)
    return list(models), np.array(shares).T, np.array(thresholds)


def fitted(words: Any, values: Any, gold: Any, weights: Any) -> Model:
    scale = telling(words, gold)
    columns = sparse.hstack([words @ sparse.diags(scale), values * BESIDE], format="csr")
    model = LogisticRegression(C=STRENGTH, solver="liblinear", max_iter=300).fit(columns, gold, sample_weight=weights)
    coefficients = model.coef_[0]
    return Model(coefficients[: len(scale)] * scale, coefficients[len(scale) :] * BESIDE, float(model.intercept_[0]))


def telling(words: Any, gold: Any) -> Any:
    """Return for each feature how much more often it stands in messages of a kind than in others, or less often."""
    there = (words > 0).astype(float)
    inside, outside = ((1 + np.asarray(there[each].sum(axis=0)).ravel()) / (2 + each.sum()) for each in (gold, ~gold))
    ratio = np.abs(np.log(inside / outside))
    return (1 - TELLING) * ratio.mean() + TELLING * ratio


def shares_by(model: Model, words: Any, values: Any) -> Any:
    return 1 / (1 + np.exp(-(words @ model.words + values @ model.beside + model.constant)))


def beside(samples: Sequence[Sample], shares: Any) -> Any:
    """Return the values beside the words of each message, from the first shares of its conversation."""
    rows, begin = [], 0
    while begin < len(samples):
        conversation = samples[begin].conversation
        own = shares[begin : begin + len(conversation.messages)]
        rows += conversation.beside(own)
        begin += len(own)
    return np.array(rows)


def rounded(name: str, weights: Sequence[Any]) -> dict[str, Any]:
    """Return weights as whole numbers of eight bits, with the unit of each kind."""
    columns = np.array(weights).T
    units = np.abs(columns).max(axis=0) / linear.BITS
    return {f"{name}_weights": np.rint(columns / units).astype(np.int8), f"{name}_units": units.round(6)}


def samples_of(channel: Sequence[Labelled], part: int) -> Iterable[Sample]:
    conversation = Conversation([utterance_of(one.message, parse_message(one.message.text)) for one in channel])
    for number, one in enumerate(channel):
        kinds = one.kinds | ({"question"} if any(kind.startswith("question") for kind in one.kinds) else set())
        yield Sample(conversation, number, frozenset(kinds), part)


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
        unknown = (
            frozenset(KINDS) - {kind}
            if kind
            else frozenset({"question", "question.open", "answer", "action.planned", "followup"})
        )
        unknown -= {each for each in KINDS if kind and each.startswith("status.")}
        kinds = frozenset({kind} if kind else ())
        yield alone._replace(kinds=kinds, weight=ALONE, open=unknown)


def alone_of(text: str) -> ChannelMessage:
    return ChannelMessage(ts="1", at=BEGAN, text=text, user="a")


def threshold(kind: str, gold: Any, shares: Any) -> float:
    """Return the share from which right statements outweigh wrong ones most."""
    cost = DEAR if kind == "cause" or kind.startswith("status.") else CHEAP if kind == "question" else COST
    worth = [((shares >= least) & gold).sum() - cost * ((shares >= least) & ~gold).sum() for least in SHARES]
    return float(SHARES[int(np.argmax(worth))])


if __name__ == "__main__":
    main()
