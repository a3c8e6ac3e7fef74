"""Any input gives facts of limited size and number, quickly, and the same each time."""

from __future__ import annotations

import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import intents.chronicle
from intents.chronicle.facts import LONGEST_SAYS
from intents.chronicle.statements import MOST_FACTS, ChannelMessage, facts_of

AT = datetime(2026, 11, 21, 14, 2, tzinfo=UTC)
PIECES = st.sampled_from([
    "rolling back", "mitigated", "resolved", "已恢复", "先回滚", "如果", "if", "not", "?", "？", "\n", "```", "`",
    "<@U0BO>", "error: failed",
    "<https://x.io/d/1|x>", "&gt; ", "> ", "~", "*", "_", "@", "IC", "handing over to", "looks like", "DNS",
    "[FIRING:1]", "\x00", "\u202e", "\ud800", "。", "，", ", ", ": ", "#", '"', "“", "”",
])  # fmt: skip
# Prints the number of pattern characters compiled by importing the message parser.
COMPILED = """
import re
compiled, lengths = re.compile, []
re.compile = lambda pattern, flags=0: (lengths.append(len(pattern)), compiled(pattern, flags))[1]
import intents.chronicle.statements
print(sum(lengths))
"""
TEXTS = st.one_of(st.text(max_size=400), st.lists(PIECES, max_size=40).map(" ".join), st.lists(PIECES).map("".join))


@given(TEXTS, st.sampled_from(["", "Alertmanager"]), st.sampled_from(["", "1.0"]))
def test_any_text_gives_limited_facts_with_unique_keys(text: str, bot: str, thread_ts: str) -> None:
    message = ChannelMessage(ts="2.0", at=AT, text=text, user="" if bot else "U0ME", bot=bot, thread_ts=thread_ts)

    facts = facts_of(message)

    assert facts == facts_of(message)
    assert len(facts) <= MOST_FACTS
    assert len({fact.key for fact in facts}) == len(facts)
    for fact in facts:
        assert 0 < len(fact.says) <= LONGEST_SAYS
        assert "\n" not in fact.says
        assert fact.key.startswith("m:2.0:")


@pytest.mark.parametrize("bot", ["", "Alertmanager"])
@pytest.mark.parametrize(
    "text",
    [
        "we are " * 6_000,
        "the service api " * 2_600,
        "rolling back to 4.0.9\n" * 1_800,
        "should we roll back? " * 1_900,
        "https://a.b/c " * 2_800,
        "我们已经" * 10_000,
        "x" * 40_000,
        "a-1" * 13_000,
        "moved taken put likely " * 1_700,
        "`" * 40_000,
        '"' * 40_000,
        "<" * 40_000,
        " " * 40_000,
        "```" + "E1121 14:02:11.118201 1 main.go:30] error retrieving lock: timed out\n" * 600,
    ],
    ids=lambda text: text[:12],
)
def test_a_message_of_forty_thousand_characters_is_read_quickly(text: str, bot: str) -> None:
    message = ChannelMessage(ts="2.0", at=AT, text=text[:40_000], user="" if bot else "U0ME", bot=bot)
    assert len(facts_of(message)) <= MOST_FACTS
    assert least_seconds(message) < 0.1


def test_an_ordinary_message_takes_less_than_two_milliseconds() -> None:
    message = ChannelMessage(
        ts="2.0", at=AT, text="rolling back to 4.0.9, error rate on checkout is climbing", user="U0ME"
    )

    assert least_seconds(message, of=50) < 0.002


def least_seconds(message: ChannelMessage, *, of: int = 3) -> float:
    """Return the fastest of several runs in CPU time, because other load slows down some of them."""
    took = []
    for _ in range(of):
        began = time.process_time()
        facts_of(message)
        took.append(time.process_time() - began)
    return min(took)


def test_facts_at_both_ends_of_a_long_message_are_found() -> None:
    text = "rolling back to 4.0.9\n" + "just words here\n" * 2_500 + "this is mitigated"

    kinds = {fact.kind for fact in facts_of(ChannelMessage(ts="2.0", at=AT, text=text, user="U0ME"))}

    assert {"decision", "status"} <= kinds


def test_importing_compiles_no_more_patterns_than_written() -> None:
    """A word list pasted into every row of a table would cost each process start half a second."""
    package = Path(intents.chronicle.__file__).parent
    written = sum(len(each.read_text("utf-8")) for each in package.glob("*.py"))

    told = subprocess.run(
        [sys.executable, "-c", COMPILED], capture_output=True, text=True, check=True, cwd=package.parent.parent
    )

    assert 0 < int(told.stdout) < written
