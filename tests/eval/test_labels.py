"""Check the labels of the evaluation files: a misspelt one would count as `none` without notice."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.builtin import builtin_catalog
from tests.eval.cases import BLIND, EVERYDAY, FORMERLY_ORDINARY, IDS, NONE, PASTES, THREADS, TOLD, Case, cases_in
from tests.eval.figures import Answer, figures_of

FILES = (PASTES, TOLD, THREADS, BLIND, EVERYDAY, FORMERLY_ORDINARY)
LABELS = frozenset(line for line in IDS.read_text(encoding="utf-8").splitlines() if not line.startswith("#"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_labels_are_known_ids_and_agree_with_the_kind(path: Path) -> None:
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]

    assert rows
    assert [row["id"] for row in rows if not {row["label"], *row["also"]} <= LABELS | {NONE}] == []
    assert [row["id"] for row in rows if row["label"] in row["also"] or NONE in row["also"]] == []
    assert [row["id"] for row in rows if "kind" in row and (row["kind"] == "negative") != (row["label"] == NONE)] == []
    assert len({row["id"] for row in rows}) == len(rows)


def test_ids_of_the_catalog_are_allowed_labels() -> None:
    assert {incident.id for incident in builtin_catalog().catalog} - LABELS == set()


def test_labels_outside_the_catalog_count_as_none() -> None:
    both = Case("both", "a text", frozenset({"built", "planned"}))
    planned = Case("planned", "a text", frozenset({"planned"}))

    figures = figures_of([Answer(both, ("built",)), Answer(planned, ("built",)), Answer(planned, ())], {"built"})

    assert [answer.case.right for answer in figures.covered] == [frozenset({"built"})]
    assert (figures.hits, figures.false_alarms, len(figures.negative)) == (1, 1, 2)


def test_cases_of_a_file_are_limited_to_the_known_ids() -> None:
    every = cases_in(PASTES)
    known = cases_in(PASTES, known={"etcd-space-exceeded"})

    assert {case.label for case in known} == {NONE, "etcd-space-exceeded"}
    assert len(known) == len(every)
