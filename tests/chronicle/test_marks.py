"""Explicit marks never fail: whatever the language, the place, the markup and the words around them."""

from __future__ import annotations

from itertools import product
from typing import Final

import pytest

from intents.chronicle.channel_reader import facts_of_channel
from intents.chronicle.facts import kind_of
from tests.chronicle.fact_builders import message

MARKS: Final = {
    "impact": ("impact", "影响"),
    "cause": ("cause", "root cause", "根因"),
    "next": ("next", "下一步"),
    "decision": ("decision", "决定"),
    "action.planned": ("action", "行动"),
    "followup": ("follow-up", "follow up", "后续"),
    "status.mitigated": ("status", "状态"),
}
SAYS: Final = {
    "impact": ("EU card payments fail", "华东用户无法下单"),
    "cause": ("the report job held 90 connections", "报表任务占满了连接"),
    "next": ("dirk looks at the queue", "大伟看一下队列"),
    "decision": ("no failover tonight", "今晚不切换"),
    "action.planned": ("restart the workers", "重启 worker"),
    "followup": ("an alert on the pool", "给连接池加告警"),
    "status.mitigated": ("mitigated, errors are falling", "已缓解，失败率在下降"),
}
MARKUPS: Final = ("{}: {}", "{}： {}", "*{}*: {}", "*{}:* {}", "_{}_: {}", "[{}] {}", "【{}】{}", "{} - {}", "`{}`: {}")
PLACES: Final = (
    "{}", "morning all\n{}", "{}\nmore when I know more", "<@U0BO> {}", "- {}", "1. {}", ":rotating_light: {}",
    "&gt; ok?\n{}", "14:05 {}", "ok, {}", "we looked at it. {}", "• {}\n• nothing else",
)  # fmt: skip


def spelt(word: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys((word, word.capitalize(), word.upper())))


@pytest.mark.parametrize("kind", MARKS)
def test_a_mark_counts_in_every_form_and_place(kind: str) -> None:
    missed = []
    for mark, says, markup, place in product(MARKS[kind], SAYS[kind], MARKUPS, PLACES):
        for word in spelt(mark):
            text = place.format(markup.format(word, says))
            found = facts_of_channel([message(1, text)])
            if not any(kind_of(fact) == kind and says in fact.says for fact in found):
                missed.append((text, [kind_of(fact) for fact in found]))

    assert missed == []


@pytest.mark.parametrize(
    "text",
    [
        "the impact: who knows", "what is the root cause: x or y?", "root cause: tbd", "根因：待查", "impact?",
        "no impact", "> impact: everything is down", "```impact: everything```", "cause", "next", "status:",
    ],
)  # fmt: skip
def test_what_only_looks_like_a_mark_states_no_such_fact(text: str) -> None:
    found = facts_of_channel([message(1, text)])

    assert not [fact for fact in found if kind_of(fact) in MARKS and fact.says in ("everything is down", "tbd", "待查")]
    assert not [fact for fact in found if kind_of(fact) == "cause"]


def test_several_marks_in_one_message_are_several_facts() -> None:
    text = "*Impact:* a third of orders fails\nRoot cause - the cache has no limit\nnext: raise it to 4Gi\n后续：加告警"

    found = facts_of_channel([message(1, text)])

    assert {"impact", "cause", "next", "followup"} <= {kind_of(fact) for fact in found}
