"""Read short pieces of channels: the impact, the cause, the next step, open questions and decisions taken back.

The first two parts of `snippets.yaml` were written before their author had read the grammar: impact, cause and next
step were right in 11 of 39, 9 of 34 and 11 of 40. The rules were improved with `tuned` in view. `later` and `last` were
written after that, each read once before anything was changed: 2 of 12, 1 of 12 and 7 of 12 for `later` (before the
rules: 1, 0 and 5), then 0 of 8, 0 of 8 and 6 of 8 for `last` (0, 0 and 3). So the floors only prevent regressions:
expect the next step of an unseen channel, and its impact and cause only where people use common words.
"""

from __future__ import annotations

from collections import Counter
from typing import Final

import pytest

from intents.chronicle.facts import FactKind
from tests.chronicle.snippets import ASKED, differences, facts_in, load_harmless, load_snippets, message

# Right answers by part, in the order of `ASKED`. Raise the floors when the grammar improves.
FLOORS: Final = {
    "tuned": (21, 19, 23, 7, 2),
    "unseen": (11, 10, 12, 6, 2),
    "later": (12, 8, 12, 3, 0),
    "last": (0, 0, 6, 1, 0),
}


@pytest.mark.parametrize("part", FLOORS)
def test_each_part_keeps_its_figures(part: str) -> None:
    right: Counter[str] = Counter()
    mistakes = []
    for snippet in load_snippets():
        if snippet.part == part:
            wrong = differences(snippet)
            right.update(snippet.expected.keys() - wrong.keys())
            mistakes += [(snippet.name, *each) for each in wrong.items()]

    figures = tuple(right[asked] for asked in ASKED)
    assert all(got >= floor for got, floor in zip(figures, FLOORS[part], strict=True)), (figures, mistakes)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_harmless_lines_state_nothing(language: str) -> None:
    """A line kept as a possible answer is in no summary."""
    lines = load_harmless()[language]

    assert len(set(lines)) == len(lines) >= 28
    for number, line in enumerate(lines, start=1):
        assert not [fact for fact in facts_in([message(number, "ana", line)]) if fact.kind is not FactKind.ANSWERED], (
            line
        )
