"""Facts from messages of incident channels, measured on labelled messages.

`statements.jsonl` holds invented messages in ten parts. `tuned` and `held` were written before any rule (but by the
rules' author, who knew both), the others later, one after another; each was read once before the rules were improved
with it in view. So these floors only prevent regressions. Expect the figures of those first readings for unseen
messages; their noise was written to mislead: precision and recall 0.77 and 0.57 for `fresh`, 0.85 and 0.80 for `blind`,
0.74 and 0.69 for `unseen`, 0.82 and 0.33 for `wide`, which has more kinds of change, confirmation and announcement;
once the rules were improved with it in view, 0.92 and 0.89 for `later`, then 0.70 and 0.48 for `third`, written to find
the remaining errors; 0.97 and 0.71 for `fourth`, whose noise is plain talk, and, improved with that in view, 0.95 and
0.58 for `fifth`.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from intents.chronicle.facts import RECOVERED, Fact, FactKind, LinkKind
from intents.chronicle.statements import ChannelMessage, facts_of

AT = datetime(2026, 11, 21, 14, 2, tzinfo=UTC)
ROWS: list[dict[str, Any]] = [
    json.loads(line) for line in Path(__file__).with_name("statements.jsonl").read_text("utf-8").splitlines()
]
MATTER = [
    kind.name for kind in FactKind if kind.name not in {"REMEDY", "ANSWERED", "JOIN", "NAMED", "PINNED", "ROOT_CAUSE"}
]


def read(text: str, *, bot: str = "", thread_ts: str = "", user: str = "U0ME") -> tuple[Fact, ...]:
    message = ChannelMessage(
        ts="1795269720.000100", at=AT, text=text, user="" if bot else user, bot=bot, thread_ts=thread_ts
    )
    return facts_of(message)


def told(text: str, *, bot: str = "", thread_ts: str = "") -> set[str]:
    """Return kind:state of each fact."""
    return {f"{fact.kind}:{fact.role or fact.state}" for fact in read(text, bot=bot, thread_ts=thread_ts)}


@cache
def heard(text: str, bot: str) -> frozenset[tuple[str, str]]:
    """Return (kind, state) of each fact of a labelled message; each message is read once for all figures."""
    return frozenset((fact.kind.name, fact.role or fact.state) for fact in read(text, bot=bot))


@dataclass
class Figures:
    right: Counter[str]
    wrong: Counter[str]
    missed: Counter[str]
    mistakes: list[tuple[str, str]]


def figures(rows: list[dict[str, Any]]) -> Figures:
    counted = Figures(Counter(), Counter(), Counter(), [])
    for row in rows:
        got = heard(row["text"], row.get("bot", ""))
        wanted = {tuple(each.partition(":")[::2]) for each in row["facts"]}
        for kind, state in wanted:
            found = any(kind == other and state in ("", how) for other, how in got)
            (counted.right if found else counted.missed)[kind] += 1
            if not found:
                counted.mistakes.append((row["text"], f"missed {kind}:{state}"))
        for kind, state in got:
            if not any(kind == other and how in ("", state) for other, how in wanted):
                counted.wrong[kind] += 1
                counted.mistakes.append((row["text"], f"wrong {kind}:{state}"))
    return counted


def test_the_labelled_messages_cover_both_languages_and_half_are_noise() -> None:
    noise = sum(not row["facts"] for row in ROWS)

    assert len(ROWS) >= 400
    assert 0.45 <= noise / len(ROWS) <= 0.6
    assert sum(row["language"] == "zh" for row in ROWS) >= len(ROWS) / 4
    assert len({row["text"] for row in ROWS}) >= 0.98 * len(ROWS)


def test_noise_gives_no_fact() -> None:
    quiet = [row for row in ROWS if not row["facts"]]

    taken = [(row["text"], facts) for row in quiet if (facts := heard(row["text"], row.get("bot", "")))]

    assert len(taken) <= 0.01 * len(quiet), taken


@pytest.mark.parametrize(
    "part", ["tuned", "held", "fresh", "blind", "unseen", "wide", "later", "third", "fourth", "fifth"]
)
def test_each_part_keeps_its_figures(part: str) -> None:
    counted = figures([row for row in ROWS if row["part"] == part])
    right, wrong, missed = (sum(each.values()) for each in (counted.right, counted.wrong, counted.missed))

    assert right / (right + wrong) >= 0.97, counted.mistakes
    assert right / (right + missed) >= 0.9, counted.mistakes


@pytest.mark.parametrize("kind", MATTER)
def test_each_relevant_kind_keeps_precision_and_recall(kind: str) -> None:
    counted = figures(ROWS)

    assert counted.right[kind] >= 5
    assert counted.right[kind] / (counted.right[kind] + counted.wrong[kind]) >= 0.97, counted.mistakes
    assert counted.right[kind] / (counted.right[kind] + counted.missed[kind]) >= 0.85, counted.mistakes


@pytest.mark.parametrize(
    ("said", "not_said"),
    [
        ("rolling back to 4.0.9", "&gt; rolling back to 4.0.9"),
        ("rolling back to 4.0.9", "if rolling back to 4.0.9 helps, good"),
        ("rolling back to 4.0.9", "rolling back to 4.0.9 takes ten minutes"),
        ("rolling back to 4.0.9", "rolling back to 4.0.9?"),
        ("rolling back to 4.0.9", "<@U0BO> said he is rolling back to 4.0.9"),
        ("rolling back to 4.0.9", 'it says "rolling back to 4.0.9" here'),
        ("rolling back to 4.0.9", "~rolling back to 4.0.9~"),
        ("rolled back to 4.0.9", "rolled back to 4.0.9 yesterday"),
        ("mitigated", "not mitigated"),
        ("mitigated", "almost mitigated"),
        ("this is resolved", "this should be resolved"),
        ("this is resolved", "this is resolved?"),
        ("this is resolved", "when this is resolved ping me"),
        ("已恢复", "还没恢复"),
        ("已恢复", "恢复了吗"),
        ("先回滚", "如果先回滚会丢数据"),
        ("正在回滚", "“正在回滚”是谁说的"),
        ("I'll take IC", "I was IC last week"),
        ("it's the network", "if it's the network we wait"),
        ("不是网关的锅", "那就不是网关的锅咯"),
        ("maybe the pool is smaller", "maybe the pool is smaller, let me check"),
        ("clients attached to the old primary", "wondering aloud whether clients attached to the old primary"),
        ("已删除 3 个节点", "抱歉，已删除，稍后更换"),
        ("正在排查", "正在看。"),
    ],
)
def test_denials_questions_quotes_and_conditions_are_not_statements(said: str, not_said: str) -> None:
    stated = {"decision", "status", "role", "hypothesis"}

    assert {fact.kind for fact in read(said)} & stated
    assert not {fact.kind for fact in read(not_said)} & stated


def test_the_most_significant_status_counts_and_one_message_may_state_several_facts() -> None:
    assert told("mitigated, we'll keep monitoring") == {"status:mitigated"}
    assert told("Rolled back to 4.0.9. Error rate is back to normal, root cause was the new index") == {
        "decision:done",
        "status:mitigated",
        "hypothesis:confirmed",
    }


def test_a_sentence_that_refers_to_its_neighbour_is_read_with_it() -> None:
    for text, says in (
        ("That's it. The limit of the pool is 10k, 40 pods have 16k", "hypothesis:confirmed"),
        ("In 33.1 we have a new redis client. It could be this.", "hypothesis:possible"),
    ):
        (fact,) = read(text)
        assert f"{fact.kind}:{fact.state}" == says
        assert fact.says == text
    assert told("That's it. Thanks everybody") == set()
    assert told("It could be this.") == set()


def test_a_heading_does_not_change_an_announcement() -> None:
    assert told("【14:28 通报】止损完成，成功率回到 99.8%") == {"status:mitigated"}
    assert told("[update 3] mitigated") == {"status:mitigated"}
    assert told("【14:28 提醒】周会改期") == set()


def test_a_fact_quotes_only_its_sentence_without_markup() -> None:
    (fact,) = read(
        "thanks all :pray:\n*rolling back* checkout to `4.0.9` &amp; watching <https://acme.io/x|the graph>\nbrb"
    )

    assert fact.says == "rolling back checkout to `4.0.9` & watching the graph"
    assert [link.url for link in fact.links] == ["https://acme.io/x"]
    assert (fact.at, fact.user, fact.ts) == (AT, "U0ME", "1795269720.000100")
    assert fact.key == "m:1795269720.000100:decision"


def test_an_error_names_its_object_and_its_repetition_is_recognised() -> None:
    first, again, other = (
        read(f"```\n{line}\n```")[0]
        for line in (
            "E1121 14:02:11.118201 1 main.go:30] error syncing pod shop/api-7c5f9d-x2x9k: dial 10.0.0.7: refused",
            "E1121 15:40:59.000001 9 main.go:30] error syncing pod shop/api-7c5f9d-aaaaa: dial 10.0.3.99: refused",
            "E1121 14:02:11.118201 1 main.go:30] error mounting volume of pod shop/api-7c5f9d-x2x9k: not found",
        )
    )

    assert first.template == again.template != other.template
    assert first.template
    assert [str(each) for each in first.objects] == ["Pod shop/api-7c5f9d-x2x9k"]


def test_a_long_log_of_one_error_is_one_fact() -> None:
    line = "E1121 14:{:02d}:11.118201 1 main.go:30] error retrieving resource lock kube-system/kcm: timed out"
    log = "\n".join(line.format(number % 60) for number in range(500))[:40_000]

    assert [fact.kind for fact in read(log)] == [FactKind.ERROR]
    assert [fact.kind for fact in read(f"```{log}```")] == [FactKind.ERROR]


def test_a_cleared_alert_matches_the_one_that_fired() -> None:
    (fired,) = read("[FIRING:2] KubePodCrashLooping (prod shop critical)", bot="Alertmanager")
    (cleared,) = read("[RESOLVED] KubePodCrashLooping (prod shop critical)", bot="Alertmanager")

    assert (fired.template, fired.bot, fired.user) == (cleared.template, "Alertmanager", "")
    assert (fired.state, cleared.state) == ("firing", "resolved")


def test_a_bot_makes_no_decisions_and_takes_no_roles() -> None:
    for text in ("rolling back to 4.0.9", "mitigated", "I'll take IC", "should we roll back?", "looks like DNS"):
        assert read(text, bot="helper") == ()


@pytest.mark.parametrize(
    ("url", "what"),
    [
        ("https://grafana.acme.io/d/abc", LinkKind.GRAPH),
        ("https://github.com/acme/shop/pull/12", LinkKind.PR),
        ("https://github.com/acme/shop/commit/0a1b2c3d4e", LinkKind.COMMIT),
        ("https://acme.atlassian.net/browse/OPS-1", LinkKind.TICKET),
        ("https://wiki.acme.io/runbooks/shop", LinkKind.RUNBOOK),
        ("https://docs.google.com/document/d/1", LinkKind.DOC),
    ],
)
def test_a_lone_link_is_a_fact_if_it_leads_to_work(url: str, what: LinkKind) -> None:
    (fact,) = read(f"see <{url}>")

    assert (fact.kind, [link.what for link in fact.links]) == (FactKind.LINK, [what])


def test_a_reply_in_a_thread_may_answer_and_thanks_do_not() -> None:
    root = "1795269000.000100"

    assert told("yes", thread_ts=root) == {"answered:"}
    assert told("it has run 2.18 since Monday", thread_ts=root) == {"answered:"}
    assert told("没有，一直是老版本", thread_ts=root) == {"answered:"}
    assert told("thanks a lot for looking", thread_ts=root) == set()
    assert told("it has run 2.18 since Monday") == set()


def test_quotes_are_not_statements() -> None:
    assert told("customers are seeing 502s on checkout") == {"report:"}
    assert told("&gt; customers are seeing 502s on checkout\nsame for you") == set()


def test_an_error_about_another_name_is_the_same_error() -> None:
    lines = [f'Error: failed to create pod in namespace "{name}": quota exceeded' for name in ("shop", "billing")]

    assert read(lines[0])[0].template == read(lines[1])[0].template


def test_missing_apostrophes_do_not_change_the_meaning() -> None:
    assert told("its not the db") == told("it's not the db") == {"hypothesis:ruled out"}
    assert told("im rolling back now") == told("I'm rolling back now") == {"decision:under way"}
    assert told("the pool isnt the problem") == {"hypothesis:ruled out"}
    assert told("the pod is back on its node") == set()


def test_one_recovered_thing_does_not_state_the_incidents_status() -> None:
    for text in ("the taint on worker-c is gone", "no more x509 errors", "3/3 pods are ready", "worker-c 的污点也没了"):
        (fact,) = read(text)
        assert (fact.kind, fact.template) == (FactKind.STATUS, RECOVERED)
    for text in ("2/3 pods are ready", "no more coffee", "is the taint gone?", "污点还没解除"):
        assert not read(text)


def test_a_message_may_assign_one_role_and_take_another() -> None:
    taken = {(fact.role, fact.of) for fact in read("这单我牵头，<@U0BO> 你帮忙记一下时间线")}

    assert taken == {("commander", "U0ME"), ("scribe", "U0BO")}


def test_a_postponed_step_does_not_revoke_the_first_decision() -> None:
    assert told("先回滚 r218，挂盘以后再说") == {"decision:planned"}
    assert told("先回滚 r218 再说") == told("回滚的事以后再说") == set()


def test_a_question_about_a_culprit_is_a_guess() -> None:
    assert told("so our PDB is the culprit?") == {"hypothesis:possible"}
    assert told("our PDB is the culprit") == {"hypothesis:confirmed"}
    assert told("who is the culprit?") == set()


def test_an_event_is_the_same_for_any_source_and_count() -> None:
    heads = (
        "Warning  FailedCreate  41s (x57 over 38m)  replicaset-controller",
        "Warning  FailedCreate  9s  job-controller",
    )
    first, again = (read(f"{head}  Error creating: failed calling webhook: timed out")[0] for head in heads)

    assert first.template == again.template
    other = read(f"{heads[0]}  Error creating: exceeded quota")[0]
    assert other.template != first.template


def test_the_error_of_an_evicted_pod_is_its_message() -> None:
    (fact,) = read("Status:   Failed\nReason:   Evicted\nMessage:  The node was low on resource: ephemeral-storage.")

    assert (fact.kind, fact.says) == (FactKind.ERROR, "Message: The node was low on resource: ephemeral-storage.")


def test_a_pod_that_restarts_by_itself_is_not_a_decision() -> None:
    assert "decision:done" in told("gatehouse restarted, 2/2")
    for text in ("tikv-2 restarted again", "the pod restarted", "服务又重启了", "pod 一直在重启"):
        assert not any(each.startswith("decision") for each in told(text))


def test_a_report_names_only_objects_that_are_certain_each_in_its_namespace() -> None:
    for text, names in (
        ("pod shop/web-0 and pod billing/db-1 are failing", ["Pod billing/db-1", "Pod shop/web-0"]),
        ("web-0 pod is failing", ["Pod web-0"]),
        ("the export job is failing", []),
    ):
        (fact,) = read(text)
        assert sorted(map(str, fact.objects)) == names, text
