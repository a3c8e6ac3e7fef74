"""What recognition must not fall below on pasted errors, most of them reworded from public threads.

The pastes have been looked at while signatures were written: a floor against getting worse, no measure of the unseen.
"""

from __future__ import annotations

from intents.catalog.loader import builtin_directory, load
from tests.eval.run import PASTES, answers_to, cases_in


def test_pasted_errors_find_their_incident_and_nothing_else_is_answered() -> None:
    catalog = load([builtin_directory()]).catalog
    answers = answers_to(cases_in(PASTES), catalog)
    covered = [answer for answer in answers if answer.case.right & set(catalog.incidents)]
    hits = [answer for answer in covered if answer.first in answer.case.right]
    astray = [answer.case.id for answer in answers if answer.ranked and answer.first not in answer.case.right]

    assert len(hits) >= 0.95 * len(covered)
    assert astray == []
