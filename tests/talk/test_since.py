"""How far back a question looks, in both languages; names are no durations."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from intents.talk.since import since

NOW = datetime(2026, 3, 4, 15, 30, tzinfo=UTC)  # a Wednesday


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("what changed in the last 2 hours?", 2),
        ("what changed in the past hour", 1),
        ("changes in the last few hours", 3),
        ("changes 30m", 0.5),
        ("what was deployed in the last half an hour", 0.5),
        ("in the last 90 minutes", 1.5),
        ("last 24h", 24),
        ("two hours ago", 2),
        ("any change in the last week?", 168),
        ("what changed this week", 168),
        ("what changed in shop since yesterday?", 39.5),
        ("what changed today", 15.5),
        ("what changed last night", 21.5),
        ("anything since 14:05?", 85 / 60),
        ("what changed since 23:00", 16.5),
        ("since yesterday 14:00", 25.5),
        ("what changed since Monday", 63.5),
        ("最近一小时有什么变更", 1),
        ("最近 2 小时 shop 改了什么", 2),
        ("过去三天谁动过 cart", 72),
        ("昨天以来有什么变化", 39.5),
        ("今天改了什么", 15.5),
        ("从14:05开始有什么变更", 85 / 60),
        ("半小时内有谁改过", 0.5),
        ("一个半小时内", 1.5),
        ("最近半天", 12),
        ("近一周", 168),
        ("上周的变更", 168),
        ("周一以来", 63.5),
    ],
)
def test_a_time_is_read(text: str, hours: float) -> None:
    assert since(text, NOW) == timedelta(hours=hours)


@pytest.mark.parametrize(
    "text",
    [
        "what changed in shop?",
        "what changed in api-2d?",
        "changes of pod web-5d8f and cart-1h",
        "which version of api 1.2.3 runs?",
        "shop 改了什么",
        "events of web:8080",
        "what changed in the last deployment?",
    ],
)
def test_other_words_are_no_time(text: str) -> None:
    assert since(text, NOW) is None


def test_a_window_has_bounds() -> None:
    assert since("in the last 5000 days", NOW) == timedelta(days=90)
    assert since("last " + "9" * 400 + " days", NOW) is None
