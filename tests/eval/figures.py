"""Compute recall, precision and false alarms of answers to labelled texts, as defined in the project's issues."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from tests.eval.cases import NONE, Case


@dataclass(frozen=True, slots=True)
class Answer:
    case: Case
    ranked: tuple[str, ...]

    @property
    def first(self) -> str:
        return self.ranked[0] if self.ranked else NONE

    @property
    def hit(self) -> bool:
        return self.first in self.case.right

    @property
    def in_three(self) -> bool:
        return not self.case.right.isdisjoint(self.ranked[:3])

    @property
    def wrong(self) -> bool:
        """Return whether the answer is not among the right ones. No answer is a miss, never wrong."""
        if self.case.right:
            return bool(self.ranked) and not self.hit
        return self.first in self.case.wrong if self.case.wrong else bool(self.ranked)


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of a set of answers: to texts that an entry of the catalog explains, and to all others."""

    covered: tuple[Answer, ...]
    negative: tuple[Answer, ...]

    @property
    def hits(self) -> int:
        return sum(answer.hit for answer in self.covered)

    @property
    def recall(self) -> float:
        return _share(self.hits, len(self.covered))

    @property
    def recall_at_3(self) -> float:
        return _share(sum(answer.in_three for answer in self.covered), len(self.covered))

    @property
    def precision(self) -> float:
        return _share(self.hits, self.hits + len(self.wrong))

    @property
    def f1(self) -> float:
        return 2 * self.precision * self.recall / (self.precision + self.recall) if self.hits else 0.0

    @property
    def false_alarms(self) -> int:
        """Return the number of answers to texts that no entry explains."""
        return sum(answer.wrong for answer in self.negative)

    @property
    def wrong(self) -> tuple[Answer, ...]:
        return tuple(answer for answer in (*self.covered, *self.negative) if answer.wrong)

    @property
    def mistakes(self) -> tuple[Answer, ...]:
        """Return the wrong and the missed answers."""
        return (*(answer for answer in self.covered if not answer.hit and not answer.wrong), *self.wrong)

    def confusion(self) -> list[tuple[str, str, int]]:
        """Return (expected, answered, count) of wrong answers."""
        counted = Counter((answer.case.label, answer.first) for answer in self.mistakes)
        return [(wanted, said, times) for (wanted, said), times in sorted(counted.items())]


def figures_of(answers: Iterable[Answer], known: Iterable[str]) -> Figures:
    """Compute the figures for a catalog with the ids `known`; labels outside of it count as `none`."""
    known = frozenset(known)
    counted = [replace(answer, case=answer.case.among(known)) for answer in answers]
    return Figures(
        covered=tuple(answer for answer in counted if answer.case.right),
        negative=tuple(answer for answer in counted if not answer.case.right),
    )


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


def columns() -> Sequence[str]:
    return ("recall@1", "recall@3", "precision", "false alarms", "wrong", "missed", "positive", "negative")


def row_of(figures: Figures) -> tuple[str, ...]:
    """Return the figures as a table row under `columns`."""
    wrong = sum(answer.wrong for answer in figures.covered)
    return (
        f"{figures.recall:.3f}",
        f"{figures.recall_at_3:.3f}",
        f"{figures.precision:.3f}",
        str(figures.false_alarms),
        str(wrong),
        str(len(figures.covered) - figures.hits - wrong),
        str(len(figures.covered)),
        str(len(figures.negative)),
    )
