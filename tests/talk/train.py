"""Train the classifiers of texts, write their weights and print a report: `train.py acts|asks|origins|failures`.

It needs scikit-learn (dependency group `train`). A logistic regression is fitted to labelled messages, each in its
conversation; for requests, a network with one layer of units. For acts it is then fitted to texts of which less is
known as well (no incident, or one of several acts), with the act that the first fit finds likeliest among those
allowed. Origins are fitted to texts that were pasted alone, and to the printed ones that show an incident; failures to
what programs say of themselves, and lightly to all else. Weights are rounded to whole numbers of eight bits. The
report's figures are of files that are never trained on: `judge/`.
"""

from __future__ import annotations

import argparse
import json
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier

import intents.talk
from intents.background import ordinary_lines
from intents.catalog.checks import filled_signatures
from intents.failures import OTHER, features_of_failure
from intents.prose import is_prose
from intents.symptoms import read_symptoms
from intents.talk.acts import UNASKED, Act
from intents.talk.asks import Ask
from intents.talk.classifier import checksums_of, places_among
from intents.talk.features import Message, features_of, features_of_print, is_printed, printed_lines
from intents.talk.unasked import Origin
from tests.builtin import builtin_catalog, matcher_for
from tests.talk import linear

HERE: Final = Path(__file__).parent
TRAINING: Final = HERE / "training"
JUDGE: Final = HERE / "judge"
EVAL: Final = HERE.parent / "eval"
STATEMENTS: Final = TRAINING / "statements.jsonl"
# So much a text counts of which the act is not labelled.
PARTLY_KNOWN: Final = 0.1
# And one that shows an incident, whatever printed it.
SHOWN: Final = 0.3
# And one that is no failure that a program reports.
OTHERS: Final = 0.1
STRENGTH: Final = 30.0
LONGEST_PASTED: Final = 120
# Of the model with a layer.
PLACES: Final = 1 << 15
UNITS: Final = 32
DECAY: Final = 1e-3
RATE: Final = 2e-3
ROUNDS: Final = 12
SEED: Final = 0
# A general entry has no words of its own.
PROGRAMS: Final = sorted(each.id for each in builtin_catalog().catalog if each.is_of_programs and not each.shows)
SILENT: Final = frozenset(Act) - UNASKED
# The acts that the facts of a labelled statement leave open.
OF_FACTS: Final = {
    "DECISION:done": {Act.RESULT},
    "REPORT": {Act.TROUBLE},
    "DECISION": {Act.DECISION},
    "STATUS:mitigated": {Act.STATUS},
    "HYPOTHESIS:possible": {Act.SUSPICION},
    "HYPOTHESIS:ruled out": {Act.RULED_OUT},
    "DECISION:under way": {Act.PROGRESS},
    "QUESTION": {Act.QUESTION, Act.SUSPICION},
    "HYPOTHESIS:confirmed": {Act.CAUSE},
    "STATUS:resolved": {Act.STATUS},
    "DECISION:planned": {Act.DECISION, Act.COMMITMENT, Act.DIRECTIVE},
    "ROLE:commander": {Act.ROLE},
    "HANDOVER": {Act.ROLE},
    "ALERT:firing": {Act.EVIDENCE},
    "ALERT:resolved": {Act.PAST},
    "ERROR": {Act.EVIDENCE},
    "ROLE:comms": {Act.ROLE},
    "DEPLOY:succeeded": {Act.CHANGE},
    "DEPLOY": {Act.CHANGE},
    "DEPLOY:started": {Act.CHANGE},
    "ROLE:scribe": {Act.ROLE},
    "STATUS:monitoring": {Act.STATUS},
    "STATUS:identified": {Act.STATUS},
    "STATUS:investigating": {Act.STATUS},
    "STATUS:reopened": {Act.STATUS, Act.TROUBLE},
    "HYPOTHESIS:likely": {Act.SUSPICION, Act.CAUSE},
    "ROLE:ops": {Act.ROLE},
    "HYPOTHESIS": {Act.SUSPICION},
    "DECISION:called off": {Act.DECISION},
    "HANDOVER:commander": {Act.ROLE},
}


# Yields the features of a message.
Describe = Callable[[Message], Iterator[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A message, and the labels that it may have."""

    message: Message
    acts: frozenset[str]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("acts", "asks", "origins", "failures"))
    what = parser.parse_args().what
    of_what: dict[str, Iterable[str]] = {"acts": Act, "asks": Ask, "origins": Origin, "failures": (*PROGRAMS, OTHER)}
    labels = tuple(map(str, of_what[what]))
    labelled = {"acts": of_acts, "asks": of_asks, "origins": of_origins, "failures": of_failures}[what]
    samples, judged = list(labelled(TRAINING)), list(labelled(JUDGE))
    partly: list[Sample] = []
    weight, describe, home = PARTLY_KNOWN, of_message, Path(intents.talk.__file__).parent
    if what == "acts":
        partly = [*statements(), *evaluation_texts(), *catalog_texts()]
    elif what == "origins":
        partly, weight, describe = list(shown()), SHOWN, of_print
    elif what == "failures":
        samples += [*known_failures(), *(failure(line, OTHER) for line in ordinary_lines())]
        partly, weight, describe, home = list(no_failures()), OTHERS, of_failure, home.parent
    elif what == "asks":
        samples += pasted()
    print(f"{len(samples)} labelled messages, {len(partly)} texts of which less is known, {len(judged)} to judge by")
    known: Any = None
    if what == "asks":
        known = linear.known_among(checksums_of(describe(one.message)) for one in samples)

    def places(message: Message) -> list[int]:
        checksums = checksums_of(describe(message))
        return sorted({each % PLACES for each in checksums}) if known is None else places_among(known, checksums)

    def matrix_of(messages: Iterable[Sample]) -> Any:
        return linear.matrix_of(([places(one.message)] for one in messages), PLACES if known is None else len(known))

    gold = [labels.index(min(one.acts)) for one in samples]
    if what == "asks":
        model = layered(matrix_of(samples), gold, labels) | {"known": known}
    else:
        model = rounded(fitted(matrix_of(samples), gold, matrix_of(partly), partly, labels, weight=weight), labels)
    path = home / f"{what}.npz"
    np.savez_compressed(path, labels=np.array(labels), **model)
    print(f"size of the weights: {path.stat().st_size} bytes")
    report(shares_of(model, matrix_of(judged)), judged, labels, describe)


def of_message(message: Message) -> Iterator[str]:
    return features_of(message)


def of_print(message: Message) -> Iterator[str]:
    return features_of_print(message.text)


def of_failure(message: Message) -> Iterator[str]:
    return features_of_failure(printed_lines(message.text) or message.text.splitlines())


def of_failures(directory: Path) -> Iterator[Sample]:
    """Yield errors of programs: {"text", "incident"}, where a bar stands between incidents that are both right."""
    for path in sorted((directory / "failures").glob("*.jsonl")):
        for row in rows_of(path):
            yield failure(row["text"], row["incident"])


def failure(text: str, incident: str) -> Sample:
    return Sample(message=Message(text=text), acts=frozenset(incident.split("|")))


def known_failures() -> Iterator[Sample]:
    """Yield what the entries of programs recognise and what they do not, and their errors among pasted texts."""
    for entry in builtin_catalog().catalog:
        if entry.id in PROGRAMS:
            yield from (failure(text, entry.id) for text in (*filled_signatures(entry), *entry.examples.match))
            for text in entry.examples.other:
                incident = meant_by(text)
                yield failure(text, incident if incident in PROGRAMS else OTHER)
    for one in printed(TRAINING):
        if (incident := meant_by(one.message.text)) in PROGRAMS:
            yield failure(one.message.text, incident)


def meant_by(text: str) -> str:
    """Return the incident whose signature a text has, "" for none."""
    found = matcher_for(builtin_catalog().catalog).match(read_symptoms(text), printed=True).hypotheses
    return found[0].incident if found else ""


def no_failures() -> Iterator[Sample]:
    """Yield what all other entries recognise, what other tools say, and what people pasted for another reason."""
    for entry in builtin_catalog().catalog:
        if entry.id not in PROGRAMS:
            yield from (failure(text, OTHER) for text in filled_signatures(entry))
    others = (one.message.text for one in printed(TRAINING) if Act.EVIDENCE not in one.acts)
    pasted = (row["text"] for path in sorted(EVAL.glob("*.jsonl")) for row in rows_of(path) if is_no_failure(row))
    for text in (*others, *pasted):
        if meant_by(text) not in PROGRAMS:
            yield failure(text, OTHER)


def is_no_failure(row: Mapping[str, Any]) -> bool:
    return row.get("half") != "held" and not set(row["label"].split("|")) & set(PROGRAMS)


def of_acts(directory: Path) -> Iterator[Sample]:
    for path in sorted((directory / "acts").glob("*.jsonl")):
        yield from messages_in(path)
    for path in sorted((directory / "channels").glob("*.jsonl")):
        yield from channel_in(path)


def of_origins(directory: Path) -> Iterator[Sample]:
    """Yield texts that were pasted alone: {"text", "act"}. Evidence is of clusters, and so are errors of programs."""
    for one in printed(directory):
        origin = Origin.CLUSTER if Act.EVIDENCE in one.acts else Origin.ELSEWHERE
        yield Sample(message=one.message, acts=frozenset({origin}))
    for one in of_failures(directory):
        yield Sample(message=one.message, acts=frozenset({Origin.CLUSTER}))


def printed(directory: Path) -> Iterator[Sample]:
    for path in sorted((directory / "printed").glob("*.jsonl")):
        yield from messages_in(path)


def shown() -> Iterator[Sample]:
    """Yield the printed texts that show an incident, or what people took for evidence of one."""
    for one in (*evaluation_texts(), *catalog_texts(), *of_acts(TRAINING), *statements()):
        if one.acts in (UNASKED, {Act.EVIDENCE}) and is_printed(one.message.text):
            yield Sample(message=one.message, acts=frozenset({Origin.CLUSTER}))


def of_asks(directory: Path) -> Iterator[Sample]:
    """Yield requests: {"text", "kind", "object", "before"}, with several "wordings", or the "turns" of a thread."""
    for path in sorted((directory / "asks").glob("*.jsonl")):
        for row in rows_of(path):
            if "turns" in row:
                for number, turn in enumerate(row["turns"]):
                    yield request_of({**turn, "before": row["turns"][:number]})
            for text in row.get("wordings") or ([row["text"]] if "text" in row else []):
                yield request_of({**row, "text": text})


def pasted() -> Iterator[Sample]:
    """Yield single lines that programs printed. A person who sends us such a line asks what it means."""
    for one in (*of_failures(TRAINING), *printed(TRAINING)):
        lines = one.message.text.splitlines()
        if len(lines) == 1 and len(lines[0]) <= LONGEST_PASTED:
            yield Sample(message=Message(text=lines[0], user="u"), acts=frozenset({Ask.EXPLAIN}))


def request_of(row: Mapping[str, Any]) -> Sample:
    """Return a request of which the names are known, as they are once the cluster was asked."""
    objects = [str(row[one]).lower().split("/") for one in ("object", "object2") if row.get(one)]
    names = frozenset(name for _, *parts in objects for name in (*parts, "/".join(parts)) if name.strip("/"))
    before = tuple(
        Message(text=one["text"], user="u", names=names, said=one.get("kind", "")) for one in row.get("before") or ()
    )
    message = Message(text=row["text"], user="u", names=names, before=before[-3:])
    return Sample(message=message, acts=frozenset({row["kind"], *row.get("also", ())}))


def messages_in(path: Path) -> Iterator[Sample]:
    """Yield the messages of a file: {"text", "before": [{"by", "text"}], "by", "act"} a line."""
    for row in rows_of(path):
        before = tuple(Message(text=one["text"], user=one.get("by", "")) for one in row.get("before") or ())
        message = Message(text=row["text"], user=row.get("by", "b"), before=before)
        yield Sample(message=message, acts=frozenset({row["act"]}))


def channel_in(path: Path) -> Iterator[Sample]:
    """Yield the messages of a conversation: {"by", "text", "act", "thread"} a line."""
    said: list[tuple[Message, int, int]] = []
    for number, row in enumerate(rows_of(path), start=1):
        thread = row.get("thread") or 0
        before = [one for one, of, at in said if (thread in (of, at) if thread else not of)]
        alone = Message(text=row["text"], user=row.get("by", ""))
        said.append((alone, thread, number))
        message = Message(text=row["text"], user=row.get("by", ""), before=tuple(before[-3:]))
        yield Sample(message=message, acts=frozenset({row["act"]}))


def statements() -> Iterator[Sample]:
    """Yield statements of incident channels whose facts are labelled."""
    for row in rows_of(STATEMENTS):
        facts = row["facts"]
        acts = OF_FACTS.get(facts[0]) if facts else frozenset(Act) - {Act.CAUSE, Act.ROLE}
        if acts:
            yield Sample(message=Message(text=row["text"]), acts=frozenset(acts))


def evaluation_texts() -> Iterator[Sample]:
    """Yield texts that are labelled with their incident; without one, people did not report a known trouble."""
    for path in sorted(EVAL.glob("*.jsonl")):
        for row in rows_of(path):
            lines = [line for line in row["text"].splitlines() if line.strip()]
            typed = sum(map(is_prose, lines))
            if row.get("half") == "held" or (row["label"] == "none" and not typed):
                continue
            acts = UNASKED
            if row["label"] == "none":
                acts = SILENT | {Act.EVIDENCE} if typed < len(lines) else SILENT - {Act.STATUS, Act.ROLE, Act.CAUSE}
            yield Sample(message=Message(text=row["text"]), acts=frozenset(acts))


def catalog_texts() -> Iterator[Sample]:
    """Yield the texts that the catalog's entries recognise: people report them, or paste them."""
    for incident in builtin_catalog().catalog:
        texts = (*incident.examples.match, *(case.ask.text for case in incident.cases if case.ask and case.ask.text))
        yield from (Sample(message=Message(text=text), acts=UNASKED) for text in texts)


def rows_of(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        yield from (json.loads(line) for line in lines if line.strip())


def fitted(
    matrix: Any, gold: Sequence[int], other: Any, partly: Sequence[Sample], labels: Sequence[str], *, weight: float
) -> LogisticRegression:
    model = regression(matrix, gold, np.ones(len(gold)))
    if partly:
        allowed = np.array([[label in one.acts for label in labels] for one in partly])
        likely = np.zeros((len(partly), len(labels)))
        likely[:, model.classes_] = model.predict_proba(other)
        guessed = ((likely + 1e-9) * allowed).argmax(axis=1)
        weights = np.concatenate([np.ones(len(gold)), np.full(len(guessed), weight)])
        model = regression(sparse.vstack([matrix, other]), np.concatenate([gold, guessed]), weights)
    return model


def layered(matrix: Any, gold: Sequence[int], labels: Sequence[str]) -> dict[str, Any]:
    """Return the parts of the weights file of a model with a layer of units, fitted to labelled messages.

    What "and in staging?" asks for depends on what was asked before, which no sum of features tells.
    """
    model = MLPClassifier((UNITS,), alpha=DECAY, max_iter=ROUNDS, learning_rate_init=RATE, random_state=SEED)
    with warnings.catch_warnings():
        # It stops before it has learned everything by heart.
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(matrix, gold)
    first, second = model.coefs_
    rest = linear.rounded(second, model.intercepts_[1])
    assert list(model.classes_) == list(range(len(labels)))
    return linear.rounded(first, model.intercepts_[0]) | {f"labels_{name}": part for name, part in rest.items()}


def regression(matrix: Any, gold: Any, weights: Any) -> LogisticRegression:
    return LogisticRegression(C=STRENGTH, max_iter=200, tol=1e-3).fit(matrix, gold, sample_weight=weights)


def rounded(model: LogisticRegression, labels: Sequence[str]) -> dict[str, Any]:
    """Return the parts of the weights file; a label without examples gets a constant that it cannot win with."""
    weights, constants = np.zeros((model.coef_.shape[1], len(labels))), np.full(len(labels), -20.0)
    if len(model.classes_) == len(model.coef_):
        weights[:, model.classes_], constants[model.classes_] = model.coef_.T, model.intercept_
    else:
        # Of two labels it knows the second one's odds.
        weights[:, model.classes_] = np.array([[-0.5, 0.5]]) * model.coef_.T
        constants[model.classes_] = np.array([-0.5, 0.5]) * model.intercept_
    return linear.rounded(weights, constants)


def shares_of(model: dict[str, Any], matrix: Any) -> Any:
    logits = matrix @ model["weights"].astype(float) * float(model["unit"]) + model["constants"]
    if "labels_weights" in model:
        units = np.maximum(logits, 0) @ model["labels_weights"].astype(float)
        logits = units * float(model["labels_unit"]) + model["labels_constants"]
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def report(shares: Any, judged: Sequence[Sample], labels: Sequence[str], describe: Describe) -> None:
    first = [labels[index] for index in shares.argmax(axis=1)]
    right = [said in one.acts for said, one in zip(first, judged, strict=True)]
    print(f"right: {np.mean(right):.3f} of {len(judged)}")
    for label in labels:
        own = [said for said, one in zip(first, judged, strict=True) if label in one.acts]
        said = sum(each == label for each in first)
        hits = sum(each == label for each in own)
        wrong = Counter(each for each in own if each != label).most_common(3)
        if own:
            print(
                f"{label:12} {len(own):5} recall {hits / len(own):.2f} precision {hits / max(1, said):.2f} else {wrong}"
            )
    if Act.TROUBLE in labels:
        wanted = [labels.index(act) for act in UNASKED]
        answered = shares[:, wanted].sum(axis=1)
        reports = np.array([bool(UNASKED & one.acts) for one in judged])
        for least in (0.2, 0.3, 0.4, 0.5, 0.6):
            vain, kept = ((answered >= least) & which for which in (~reports, reports))
            print(f"from {least}: {vain.sum()} of {(~reports).sum()} in vain, {kept.sum()} of {reports.sum()} kept")
    began = time.perf_counter()
    for one in judged:
        checksums_of(describe(one.message))
    print(f"time for the features of a message: {(time.perf_counter() - began) / len(judged) * 1e3:.2f} ms")


if __name__ == "__main__":
    main()
