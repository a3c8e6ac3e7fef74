"""Hold matching of pasted errors above a floor; most of them are reworded from public threads.

A label counts from the day on which the catalog has an entry of that id; until then an answer to it is a false alarm.
Recall is held over all entries of the catalog together.

`pastes.jsonl` and `told.jsonl` were seen while signatures were written, `blind.jsonl` and `threads.jsonl` in part: the
floors only detect regressions. The figures of the held half, printed by `make eval`, estimate unseen texts.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.builtin import builtin_catalog
from tests.eval.cases import BLIND, EVERYDAY, PASTES, THREADS, TOLD, cases_in
from tests.eval.figures import figures_of
from tests.eval.run import answers_to


@pytest.mark.parametrize(
    ("cases", "recall", "precision"),
    [(PASTES, 0.97, 0.96), (TOLD, 0.96, 0.97), (BLIND, 0.9, 0.97), (THREADS, 0.95, 0.96), (EVERYDAY, 0.82, 0.94)],
    ids=lambda of: str(getattr(of, "stem", of)),
)
def test_recall_and_precision_stay_above_the_floor(cases: Path, recall: float, precision: float) -> None:
    catalog = builtin_catalog().catalog

    figures = figures_of(answers_to(cases_in(cases), catalog), (incident.id for incident in catalog))

    assert figures.recall >= recall, [(answer.case.id, answer.first) for answer in figures.mistakes]
    assert figures.precision >= precision, [(answer.case.id, answer.first) for answer in figures.wrong]
