"""Measure speed and recall of matching, beside two scorers of rapidfuzz over the same signatures.

The large catalog is the real one plus entries made of its own words, shuffled. This is the worst case for an index,
because no word tells a synthetic entry from a real one.
"""

from __future__ import annotations

import gc
import random
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from rapidfuzz import fuzz, process, utils
from rich.console import Console
from rich.table import Table

from intents.catalog.loader import builtin_directory, load
from intents.catalog.schema import Examples, Incident
from intents.catalog.signatures import Signature
from intents.matcher import Matcher
from intents.symptoms import read_symptoms
from tests.bench.perturbations import PERTURBATIONS, log_of
from tests.eval.contestants import written

SEED: Final = 20250412
ENTRIES: Final = 5000
SIGNATURES_PER_ENTRY: Final = 3
SHORT_BYTES: Final = 200
LONG_BYTES: Final = 64 * 1024
TEXTS: Final = 40  # Number of different texts of each size.
LONG_BASELINE_TEXTS: Final = 2  # The baselines take seconds on a long text.
RECALL_TEXTS: Final = 70
NO_EXAMPLES: Final = Examples.model_construct(match=(), other=())

Answer = Callable[[str], str | None]


@dataclass(frozen=True, slots=True)
class Case:
    how: str
    text: str
    incident: str


def real_catalog() -> tuple[Incident, ...]:
    return tuple(load([builtin_directory()]).catalog)


def enlarged(catalog: Sequence[Incident], chance: random.Random) -> tuple[Incident, ...]:
    """Return the catalog plus recombined entries, `ENTRIES` in total."""
    phrases = [phrase for incident in catalog for signature in incident.signatures for phrase in signature.phrases]
    words = [word for phrase in phrases for word in phrase.split()]

    def phrase() -> str:
        return " ".join(chance.choices(words, k=chance.randint(6, 14)))

    made = []
    for number in range(ENTRIES - len(catalog)):
        signatures = tuple(Signature(text=phrase()) for _ in range(SIGNATURES_PER_ENTRY))
        changed = {"id": f"made-{number}", "signatures": _with_words(signatures), "examples": NO_EXAMPLES}
        made.append(catalog[0].model_copy(update=changed))
    return (*catalog, *made)


def cases_of(catalog: Sequence[Incident], chance: random.Random) -> list[Case]:
    """Return every example of the catalog under every perturbation, in random order."""
    cases = [
        Case(how, perturb(chance, text), incident.id)
        for incident in catalog
        for text in incident.examples.match
        for how, perturb in PERTURBATIONS.items()
    ]
    chance.shuffle(cases)
    return cases


def casebook(catalog: Sequence[Incident]) -> Answer:
    matcher = Matcher(catalog)

    def answer(text: str) -> str | None:
        hypotheses = matcher.match(read_symptoms(text)).hypotheses
        return hypotheses[0].incident if hypotheses else None

    return answer


def baseline(catalog: Sequence[Incident], scorer: Callable[..., float], *, by_line: bool = False) -> Answer:
    """Return the best of all signatures by `process.extractOne`. It always answers, even on chat.

    It stops at a score of 100, so signatures are shuffled, or it would always meet the real entries first. This also
    makes it fast on a long text, where some short signature has all its words. `by_line` scores each line, as finding
    the right answer in a log requires.
    """
    pairs = written(catalog)
    choices = [utils.default_process(phrase) for phrase, _ in pairs]

    def answer(text: str) -> str | None:
        parts = text.splitlines() if by_line else [text]
        found = [process.extractOne(utils.default_process(part), choices, scorer=scorer) for part in parts]
        best = max(filter(None, found), key=lambda one: one[1], default=None)
        return pairs[best[2]][1] if best else None

    return answer


def show(console: Console) -> None:
    """Measure and print the results."""
    chance = random.Random(SEED)
    real = real_catalog()
    large = enlarged(real, chance)
    cases = cases_of(real, chance)
    plain = [case for case in cases if case.how == "as it is"][:TEXTS]
    short = [replace(case, text=case.text[:SHORT_BYTES]) for case in plain]
    long = [replace(case, text=log_of(chance, LONG_BYTES, case.text)) for case in short]
    speed = Table(title="text in, hypotheses out (ms)", title_justify="left")
    for column in ("entries", "text", "by", "p50", "p99", "times casebook's p50", "right"):
        speed.add_column(column, justify="left" if column in ("entries", "text", "by") else "right")
    recall = Table(title="recall@1 on the catalog's examples", title_justify="left")
    for column in ("entries", "by", *PERTURBATIONS, "all"):
        recall.add_column(column)
    for catalog in (real, large):
        answers: dict[str, Answer] = {
            "casebook": casebook(catalog),
            "WRatio": baseline(catalog, fuzz.WRatio),
            "token_set_ratio": baseline(catalog, fuzz.token_set_ratio),
            "token_set_ratio, by line": baseline(catalog, fuzz.token_set_ratio, by_line=True),
        }
        # Exempt long-lived objects from garbage collection, as the service does.
        gc.collect()
        gc.freeze()
        # The service has matched many texts before: what its first ones load is there.
        for case in (*short, *long[:2]):
            answers["casebook"](case.text)
        for size, texts in (("200 B", short), ("64 KiB", long)):
            measured = _interleaved(answers, texts, few=TEXTS if size == "200 B" else LONG_BASELINE_TEXTS)
            for name, runs in measured.items():
                slower = statistics.median(runs.seconds) / statistics.median(measured["casebook"].seconds)
                right = f"{sum(runs.right) / len(runs.right):.2f}"
                speed.add_row(str(len(catalog)), size, name, *_ms(runs.seconds), f"{slower:.1f}×", right)
        for name, answer in answers.items():
            recall.add_row(
                str(len(catalog)), name, *_recall(answer, cases[:RECALL_TEXTS] if len(catalog) > 100 else cases)
            )
    console.print(speed)
    console.print(recall)


@dataclass(frozen=True, slots=True)
class Runs:
    seconds: list[float]
    right: list[bool]


def _interleaved(answers: dict[str, Answer], texts: Sequence[Case], *, few: int) -> dict[str, Runs]:
    """Run the first answer three times on every text and the slow ones once on a few, interleaved."""
    first = next(iter(answers))
    for case in texts[:3]:
        answers[first](case.text)
    runs = {name: Runs([], []) for name in answers}
    for round_ in range(3):
        for number, case in enumerate(texts):
            for name, answer in answers.items():
                if name != first and (number >= few or round_):
                    continue
                start = time.perf_counter()
                said = answer(case.text)
                runs[name].seconds.append(time.perf_counter() - start)
                runs[name].right.append(said == case.incident)
    return runs


def _ms(seconds: Sequence[float]) -> tuple[str, str]:
    ordered = sorted(seconds)
    return (
        f"{1000 * statistics.median(ordered):.2f}",
        f"{1000 * ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]:.2f}",
    )


def _recall(answer: Answer, cases: Sequence[Case]) -> list[str]:
    hits: dict[str, list[bool]] = {how: [] for how in (*PERTURBATIONS, "all")}
    for case in cases:
        hit = answer(case.text) == case.incident
        hits[case.how].append(hit)
        hits["all"].append(hit)
    return [f"{sum(of) / len(of):.2f}" if of else "" for of in hits.values()]


def _with_words(signatures: tuple[Signature, ...]) -> tuple[Signature, ...]:
    """Return signatures that have words: a shuffled phrase of placeholders alone is not a signature."""
    return tuple(
        item if any(char.isalpha() for char in item.text.replace("<", " <")) else Signature(text="pod")
        for item in signatures
    )
