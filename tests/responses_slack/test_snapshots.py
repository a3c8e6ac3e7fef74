"""A message or a dialog of each kind, in both languages, word by word as a reader sees it.

After a change of words write `snapshots/` anew and read the diff; nothing else has to be done:
`REGENERATE_GOLDEN=1 .venv/bin/python -m pytest tests/responses_slack/test_snapshots.py`

Structure is not compared here: `test_every_message.py` has the rules for it.
"""

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from bot.diagnosing import build_engine
from intents.domain import Language
from tests.responses_slack.real import real_messages
from tests.responses_slack.rendered import rendered
from tests.responses_slack.specimens import Said, specimens

SNAPSHOTS = Path(__file__).parent / "snapshots"
REGENERATE = os.environ.get("REGENERATE_GOLDEN") == "1"
# More are not read in a review. Variants of a kind are left to the rules.
MOST = 64
MADE = (
    "placeholder-with-findings",
    "answer",
    "answer-of-text-alone",
    "report",
    "answer-unknown",
    "answer-nothing-wrong",
    "answer-after-presses",
    "details",
    "dialog",
    "dialog-asks-for-approval",
    "overview",
    "home",
    "dialog-loading",
    "dialog-asks-for-values",
    "dialog-asks-again",
    "refusal-expired",
    "failed-one-of-several",
    "which-cluster",
    "which-object",
    "repeated",
    "answered-above",
    "changed-since",
    "alerts-firing",
    "alerts-silenced",
    "alerts-resolved",
    "silence-dialog",
    "watch-pressed",
    "watch-digest",
    "muted",
    "unmuted",
    "all-muted",
    "record",
    "help",
    "offered-action",
    "sheet",
    "incident-list",
    "misused",
    "ask-dialog-half-named",
    "channel-answers-lowered",
    "answer-unasked-lowered",
    "told",
    "press-without-effect",
    "chronicle-summary",
    "chronicle-timeline",
    "chronicle-news",
    "chronicle-nudge",
    "chronicle-for-commander",
    "chronicle-for-status-page",
    "chronicle-resolved",
    "chronicle-resolve-dialog",
    "chronicle-mark-dialog",
    "chronicle-correction-dialog",
    "chronicle-resolve-button",
    "chronicle-looks-like",
    "chronicle-permissions",
    "chronicle-dismissed",
    "chronicle-reopened",
    "save-dialog-collides",
    "saved",
    "learned",
    "correction-dialog",
    "feedback-report",
)
REAL = ("real-image-pull-failed", "real-chain")
SAID = {language: dict(specimens(language)) for language in Language}


def reads_as_it_did(name: str, said: Mapping[Language, Said]) -> None:
    """Compare one snapshot: a page with the message in each language."""
    page = "\n".join(f"{f' {language} ':=^80}\n{rendered(said[language])}" for language in Language)
    path = SNAPSHOTS / f"{name}.txt"
    if REGENERATE:
        path.parent.mkdir(exist_ok=True)
        path.write_text(page, encoding="utf-8")
    assert page == path.read_text("utf-8")


@pytest.mark.parametrize("name", MADE)
def test_message_matches_its_snapshot(name: str) -> None:
    reads_as_it_did(name, {language: SAID[language][name] for language in Language})


async def test_real_diagnoses_match_their_snapshots() -> None:
    said: dict[str, dict[Language, Said]] = {}
    async for language, name, message in real_messages(build_engine()[0]):
        said.setdefault(name, {})[language] = message

    for name in REAL:
        reads_as_it_did(name, said[name])


def test_every_snapshot_is_compared_and_they_are_few_enough_to_read() -> None:
    kept = sorted(path.name for path in SNAPSHOTS.iterdir())

    assert kept == sorted(f"{name}.txt" for name in (*MADE, *REAL))
    assert len(kept) <= MOST
