"""The newest statement counts: of the impact, of the next step, of an answer, of a decision that reverses another."""

from __future__ import annotations

from typing import Final

import pytest

from intents.chronicle.decisions import is_announced
from intents.chronicle.facts import EXTENT, DecisionState, Fact, FactKind, IncidentStatus
from intents.chronicle.news import news_since
from intents.chronicle.summary import Summary, summary_of
from intents.chronicle.timeline import timeline_of
from tests.chronicle.fact_builders import OPENED, at, diagnosed, said

IMPACT: Final = (
    "still failing for ~5 %",
    "still failing for about one in ten checkouts",
    "about 5 % of checkouts still fail",
    "still seeing ~40 errors/min on the ledger",
    "we still get 502s on a third of requests",
    "customers in apac still can't log in",
    "mobile clients are still timing out",
    "uploads are still not working for two tenants",
    "still 3 nodes NotReady",
    "down to 2% errors now",
    "1 in 20 payments is failing",
    "120 merchants are affected",
    "only eu-west customers are affected now",
    "now it only affects exports",
    "impact is now limited to two tenants",
    "current impact: card payments in Brazil",
    "impact: search returns stale results, everything else works",
    "it is down to the batch jobs now",
    "update: still degraded for around 300 users",
    "仍有约 5% 的请求失败",
    "还有部分用户登录不了",
    "目前影响范围：华东用户下单",
    "影响面缩小到 2%",
    "错误率降到 3% 左右，还没完全恢复",
    "现在只影响导出功能",
    "只剩海外用户受影响",
)
NO_IMPACT: Final = (
    "is it still failing for 5 %?",
    "still investigating the 5 % of errors",
    "if it is still failing in 5 min I call the vendor",
    "my build is still failing",
    "it was down to 2% errors yesterday",
    "still waiting for the mirror team",
    "still on the call",
    "5% of the budget is left",
    "如果还有 5% 失败就回滚",
    "还在等 5 分钟",
    "影响大吗？",
)
NEXT: Final = (
    "next: priya checks the mirror by 11:00",
    "Next step: <@U0BO> verifies the failover in eu",
    "next up: we look at the proxy logs",
    "next steps: compare both configs, then restart the gateway",
    "next we collect a heap dump from ledger-2",
    "the next step is to ask the provider for their status",
    "plan: ana compares the two configs, i watch the queue",
    "quick update. next: tom measures the fsync latency on db-3",
    "<@U0BO> will check the mirror by 11",
    "priya is going to verify the registry cert before 14:30",
    "下一步：小王 11 点前检查镜像仓库",
    "接下来 小李 核对证书",
    "下一步我们先看代理日志",
    "后续计划：对比两边的配置",
    "小王 15:30 前确认磁盘延迟",
)
NO_NEXT: Final = (
    "what's next?",
    "next update at 15:30",
    "next week we move to the new mirror",
    "next: tbd",
    "next time we page earlier",
    "plan: unclear",
    "I'll check",
    "can you check the mirror by 11?",
    "下一步怎么办",
    "接下来由 <@U0CY> 负责",
    "后续：周四下午复盘",
)


def summary(*facts: Fact) -> Summary:
    return summary_of(facts, name="inc-42", opened=OPENED, now=at(120))


def open_actions(*facts: Fact) -> list[str]:
    return [work.said.says for work in summary(*facts).tracked_actions if work.is_open]


def test_the_tables_are_varied() -> None:
    lines = [*IMPACT, *NO_IMPACT, *NEXT, *NO_NEXT]

    assert len(set(lines)) == len(lines) >= 60


@pytest.mark.parametrize("line", IMPACT)
def test_a_statement_of_the_impact_replaces_the_first_report(line: str) -> None:
    told = summary(*said(1, "checkout is down, customers are seeing 502s"), *said(20, line, user="U0BO"))

    assert told.impact.current is not None
    assert told.impact.current.says == line
    assert [fact.template for fact in said(20, line) if fact.kind is FactKind.REPORT] in ([EXTENT], [""])


@pytest.mark.parametrize("line", NO_IMPACT)
def test_other_words_state_no_impact(line: str) -> None:
    assert not [fact for fact in said(1, line) if fact.kind is FactKind.REPORT]


@pytest.mark.parametrize("line", NEXT)
def test_an_announced_step_is_next(line: str) -> None:
    told = summary(*said(1, "let's restart the ingress controllers"), *said(5, line, user="U0BO"))

    assert told.next_step is not None
    assert told.next_step.fact.says in line.replace("<@U0BO>", "@U0BO")


@pytest.mark.parametrize("line", NO_NEXT)
def test_other_words_announce_no_step(line: str) -> None:
    assert not [fact for fact in said(1, line) if is_announced(fact)]


def test_the_impact_is_over_with_the_incident_and_back_with_a_new_report() -> None:
    report, over = said(1, "checkout is down, customers are seeing 502s"), said(9, "mitigated")
    again = said(12, "about 2% of orders still fail")

    assert summary(*report, *over).impact.current is None
    assert summary(*report, *over, *again).impact.current == again[0]
    (both,) = [fact for fact in said(9, "mitigated, still failing for ~5 %") if fact.kind is FactKind.REPORT]
    assert summary(*report, *said(9, "mitigated, still failing for ~5 %")).impact.current == both


def test_an_announced_step_stays_next_while_other_things_are_done_and_until_it_is_done() -> None:
    step = said(5, "next: priya checks the mirror by 11:00")
    meanwhile = (*said(7, "restarting tikv-2", user="U0BO"), *said(8, "mitigated, keep watching"))
    newer = said(20, "next: ana rotates the registry credentials")

    for facts, says in (
        (step, step[0].says),
        ((*step, *meanwhile), step[0].says),
        ((*step, *meanwhile, *newer), newer[0].says),
    ):
        told = summary(*facts).next_step
        assert told is not None
        assert told.fact.says == says
    assert summary(*step, *said(11, "checked the mirror, it serves the right digest", user="U0PR")).next_step is None
    assert (
        summary(*said(5, "下一步：小王核对镜像证书"), *said(9, "镜像证书核对过了，没过期", user="U0WA")).next_step
        is None
    )
    assert summary(*step, *said(30, "calling this resolved")).next_step is None


ANSWERS: Final = (
    ("how many customers are affected?", "about 5% of them"),
    ("how many nodes are affected?", "3 nodes are affected, all in rack b"),
    ("which version is running in eu?", "eu runs 4.0.9, it is on v4.0.9 since noon"),
    ("who owns the mirror?", "the platform team owns the mirror"),
    ("is the mirror reachable from eu?", "the mirror is reachable from eu"),
    ("did anyone touch the firewall?", "nobody touched the firewall today"),
    ("does anyone know what changed in the gateway config?", "bo changed the gateway config at 10:02"),
    ("is the ledger affected too?", "no, only checkout"),
    ("影响了多少用户？", "大概 300 个用户"),
    ("谁改了网关的配置？", "网关配置没人改过"),
    ("镜像仓库在 eu 可达吗？", "镜像仓库可达"),
)


@pytest.mark.parametrize(("question", "answer"), ANSWERS)
def test_an_answer_outside_a_thread_closes_the_question(question: str, answer: str) -> None:
    asked = said(1, question, user="U0CY")
    assert [fact.kind for fact in asked] == [FactKind.QUESTION]

    assert summary(*asked, *said(2, answer, user="U0BO")).questions == ()
    assert summary(*asked, *said(2, "we look at the graphs of db-7", user="U0BO")).questions == asked


def test_the_asker_may_answer_and_a_cause_answers_why() -> None:
    asked = said(1, "why is the mirror slow?", user="U0CY")

    own = said(4, "answering my own question: the mirror is slow because of the disk", user="U0CY")
    assert summary(*asked, *own).questions == ()
    assert summary(*asked, *said(4, "it matters for the status page", user="U0CY")).questions == asked


REVERSALS: Final = (
    ("let's roll back checkout to v41", "never mind the rollback"),
    ("let's roll back checkout to v41", "on second thought don't roll back"),
    ("let's roll back checkout to v41", "the rollback is off"),
    ("let's roll back checkout to v41", "reverting the decision to roll back"),
    ("let's roll back checkout to v41", "scratch that"),
    ("let's roll back checkout to v41", "changed our mind, we fail over instead"),
    ("let's roll back checkout to v41", "let's fail over to eu instead"),
    ("let's roll back checkout to v41", "we decided to undo the rollback"),
    ("disabling the new_cart flag", "re-enabling the new_cart flag"),
    ("we'll disable the new_cart flag", "enabled the new_cart flag again"),
    ("draining worker-c", "uncordoned worker-c"),
    ("let's scale checkout up to 12 replicas", "scaling checkout back down to 4 replicas"),
    ("pausing all deploys", "resuming deploys now"),
    ("先回滚 checkout 到 v41", "不回滚了"),
    ("先回滚 checkout 到 v41", "算了"),
    ("先回滚 checkout 到 v41", "还是不回滚"),
    ("先回滚 checkout 到 v41", "不回滚了，改为扩容"),
    ("先回滚 checkout 到 v41", "改方案：切备库"),
)


@pytest.mark.parametrize(("decision", "later"), REVERSALS)
def test_a_later_decision_closes_the_one_that_it_takes_back(decision: str, later: str) -> None:
    first = said(1, decision)
    assert open_actions(*first) == [decision]

    assert decision not in open_actions(*first, *said(6, later))
    (entry,) = [each for each in timeline_of((*first, *said(6, later))) if each.fact == first[0]]
    assert entry.came_to in (DecisionState.CALLED_OFF, DecisionState.REPLACED)


def test_the_opposite_for_another_thing_closes_nothing() -> None:
    for decision, later in (
        ("disabling the new_cart flag", "enabling the dark_mode flag"),
        ("draining worker-c", "uncordoned worker-d"),
        ("let's roll back checkout to v41", "let's fail over the ledger db too"),
    ):
        assert decision in open_actions(*said(1, decision), *said(6, later)), later


def test_the_times_are_those_of_the_messages_and_nothing_is_invented() -> None:
    report = said(-20, "checkout is down, customers are seeing 502s")
    watched = said(20, "error rate is dropping, monitoring")
    closed = said(30, "calling this resolved")

    told = summary(*report, *watched, *closed)
    assert (told.detected_at, told.mitigated_at, told.resolved_at) == (at(-20), None, at(30))
    assert summary(*report).since == at(-20)
    assert (told.detected_by, told.resolved_by) == (report[0], closed[0])


def test_what_people_established_is_the_cause_before_the_symptom_that_was_diagnosed() -> None:
    symptom = diagnosed(2, "image-missing", "confirmed")
    stated = said(9, "root cause is the expired intermediate cert of the mirror")

    told = summary(symptom, *stated)

    assert told.cause is not None
    assert told.cause.fact == stated[0]
    given = Fact(key="c:1:cause", kind=FactKind.ROOT_CAUSE, at=at(30), says="the cert", template=stated[0].key)
    assert (root := summary(symptom, *stated, given).root_cause) is not None
    assert root.source == stated[0]
    assert summary(symptom, *stated, given, *said(40, "reopening, errors are back")).root_cause is None


def test_a_late_joiner_gets_impact_and_cause_and_a_returning_one_what_is_new() -> None:
    facts = (*said(1, "checkout is down"), *said(9, "root cause is the expired cert of the mirror"))

    late = news_since(facts, opened=OPENED, since=None, now=at(20))
    back = news_since(facts, opened=OPENED, since=at(5), now=at(20))

    assert late.impact is not None
    assert late.cause is not None
    assert (back.impact, back.cause) == (None, late.cause)
    assert late.status is IncidentStatus.INVESTIGATING


# Whole channels: (minute, author, line), and what the summary says at the end.
CHANNELS: Final = {
    "a fraud check": (
        (
            (0, "A", "Payments are timing out, roughly a third of card transactions"),
            (3, "B", "do we know if iDEAL is affected?"),
            (6, "C", "iDEAL is fine, only cards"),
            (8, "B", "suspect the new fraud service"),
            (10, "C", "let's disable the fraud check"),
            (18, "B", "legal says no, we have to turn it back on"),
            (19, "C", "turned the fraud check back on"),
            (25, "B", "found it: fraud service ran out of db connections after the 14.2 rollout"),
            (27, "B", "rolling fraud service back to 14.1"),
            (33, "A", "about 1% of card payments fail now"),
            (34, "B", "Next steps: Lena raises the pool size, Tom writes to the merchants"),
        ),
        (33, 25, 34, {"rolling fraud service back to 14.1"}),
    ),
    "a rate limiter": (
        (
            (0, "A", "API gateway returns 503 for most tenants since 10:02"),
            (3, "B", "Which version did we ship at 10:00?"),
            (4, "C", "3.18.2"),
            (5, "C", "my guess is the new rate limiter config"),
            (14, "C", "rollback finished, no change"),
            (18, "A", "now about 40% of tenants are affected, was all of them before"),
            (22, "C", "redis-1 is out of memory, that is the reason"),
            (24, "B", "decided: we double the memory of redis-1"),
            (26, "C", "can't, node is full. we drop the session cache keys instead"),
            (30, "C", "session cache keys dropped"),
            (33, "A", "looks better: 503s only for the two biggest tenants"),
            (35, "B", "Next: Cem moves redis-1 to the big node pool, Bea informs support at 11:15"),
        ),
        (33, 22, 35, set()),
    ),
    "a login": (
        (
            (0, "A", "大家好，登录接口从 14:20 开始大量 502"),
            (3, "B", "今天有人发版吗？"),
            (4, "C", "没人发版，只改过 nginx 配置"),
            (9, "B", "那先回滚 nginx 配置"),
            (13, "C", "nginx 配置已回滚"),
            (16, "A", "登录还是有 10% 失败"),
            (20, "C", "定位到了：auth 服务的连接池被打满"),
            (22, "B", "决定：扩容 auth 到 8 个副本"),
            (24, "C", "数据库连接数不够，不扩容了，改成重启 auth"),
            (28, "C", "auth 已重启"),
            (32, "A", "失败率降到 1%"),
            (33, "B", "接下来：老张 15:30 前确认连接池配置，其他人继续观察"),
        ),
        (32, 20, 33, set()),
    ),
    "a registry": (
        (
            (0, "A", "we have a problem: builds can't push to the registry"),
            (3, "B", "is prod affected as well?"),
            (6, "A", "prod pulls are ok, only pushes fail"),
            (12, "B", "we'll extend the volume to 500Gi"),
            (18, "C", "extended the volume, pushes work again"),
            (19, "B", "mitigated. remaining: mirror sync is 2h behind"),
            (21, "B", "next step is a lifecycle policy, Dana owns it, due tomorrow 10:00"),
        ),
        (19, None, 21, set()),
    ),
    "a lag": (
        (
            (0, "A", 'prod-kafka: consumer lag is at 2M and growing'),
            (3, "B", 'are we losing messages?'),
            (5, "C", 'no, nothing is lost, retention is 7 days'),
            (7, "B", "ok. let's add four consumers"),
            (9, "C", "partition count is 12, more consumers won't help. let's not"),
            (11, "B", 'agreed, forget that'),
            (12, "B", 'then we pause the importer'),
            (14, "C", 'importer paused'),
            (20, "A", 'lag is down to 400k, orders are delayed by 6 minutes'),
            (22, "C", "the importer was replaying the whole day, that's the cause"),
            (25, "B", 'Next up for Raj: throttle the importer to 2k/s and unpause it at 17:30'),
        ),
        (20, 22, 25, set()),
    ),
    "webhooks": (
        (
            (0, "A", 'sev2: webhooks to merchants are not being delivered'),
            (3, "B", "I have command. Sam, you're scribe"),
            (5, "B", 'how far back does the backlog go?'),
            (7, "C", 'oldest undelivered webhook is from 13:20'),
            (10, "C", 'plan: restart the dispatcher'),
            (12, "C", 'dispatcher restarted, queue starts moving'),
            (14, "C", 'nope, it stalls again after a minute'),
            (18, "D", 'the dispatcher deadlocks on the new retry table lock, I can reproduce it'),
            (20, "B", "ok let's turn the retry feature off"),
            (22, "D", 'retry feature is off'),
            (28, "A", 'backlog is draining, 30% of merchants still wait for webhooks'),
            (30, "D", 'confirmed: deadlock between the retry worker and the dispatcher'),
            (33, "B", 'we keep it off until tomorrow. Next: Kim replays the failed webhooks before 18:00'),
        ),
        (28, 30, 33, {"ok let's turn the retry feature off"}),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", list(CHANNELS))
def test_a_channel_ends_with_what_was_said_last(name: str) -> None:
    lines, (impact, cause, step, pending) = CHANNELS[name]
    told = summary(*(fact for minute, who, text in lines for fact in said(minute, text, user=f"U0{who}")))

    assert told.impact.current is not None
    assert told.impact.current.at == at(impact)
    assert (told.cause.fact.at if told.cause else None) == (None if cause is None else at(cause))
    assert told.next_step is not None
    assert told.next_step.fact.at == at(step)
    assert told.questions == ()
    left = {work.said.says for work in told.tracked_actions if work.ended_by is None and work.last.at != at(step)}
    assert left == pending
