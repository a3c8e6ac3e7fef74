"""What is counted is in the singular after a 1."""

from __future__ import annotations

import pytest

from intents.templates import counted, render_sentence


@pytest.mark.parametrize(
    ("template", "count", "says"),
    [
        ("{row.n} pods run the newest revision", 1, "1 pod runs the newest revision"),
        ("{row.n} pods run the newest revision", 2, "2 pods run the newest revision"),
        ("After 5s; {row.n} restarts", 1, "After 5s; 1 restart"),
        ("{row.n} restarts", 11, "11 restarts"),
        ("0 of {row.n} pods ready", 1, "0 of 1 pods ready"),
        ("{row.n} of 4 nodes admit it", 1, "1 of 4 nodes admit it"),
        ("重启 {row.n} 次", 1, "重启 1 次"),
        ("{row.n} status", 1, "1 status"),
    ],
)
def test_sentence_counts(template: str, count: int, says: str) -> None:
    assert render_sentence(template, {"row": {"n": count}}) == says


def test_counted_words() -> None:
    assert counted(1, "pods are still terminating") == "1 pod is still terminating"
    assert counted(0, "pods are still terminating") == "0 pods are still terminating"
