"""The state of an incident from its facts: status, cause, next step, open questions, roles."""

from __future__ import annotations

import random
import time
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from intents.chronicle.facts import Fact, FactKind, IncidentStatus
from intents.chronicle.news import MOST_LINES, common_incident, news_since
from intents.chronicle.summary import NextKind, Summary, summary_of
from intents.chronicle.timeline import timeline_of
from intents.domain import Text
from tests.chronicle.fact_builders import OPENED, at, diagnosed, pod, remedied, said

ERROR = "```\nE1121 14:0{}:11.118201 1 main.go:30] error syncing pod shop/api-7c5f9d-x2x9{}: dial tcp: refused\n```"


def summary(*facts: Fact) -> Summary:
    return summary_of(facts, name="inc-42", opened=OPENED, now=at(120))


def story() -> list[Fact]:
    """Return one incident from its report to its end."""
    return [
        *said(1, "checkout is down, customers are seeing 502s"),
        *said(2, "[FIRING:2] CheckoutErrors (prod)", bot="Alertmanager"),
        *said(3, "I'll take IC"),
        *said(4, ERROR.format(4, "k"), user="U0BO"),
        *said(5, "looks like DNS?", user="U0BO"),
        *said(6, "should we roll back?", user="U0CY"),
        diagnosed(7, "image-missing", "confirmed", objects=(pod("api-0"),), cluster="prod-eu"),
        *said(8, "ruled out DNS", user="U0BO"),
        *said(9, "let's roll back"),
        *said(10, "rolling back to 4.0.9"),
        *said(11, ERROR.format(9, "z"), user="U0DE"),
        *said(20, "rolled back to 4.0.9"),
        remedied(21, "p1", "fixed", user="U0AN"),
        *said(25, "mitigated, error rate back to normal"),
        *said(40, "handing over to <@U0CY>"),
        *said(60, "calling this resolved", user="U0CY"),
    ]


def test_an_incident_is_summarised_from_its_report_to_its_end() -> None:
    told = summary(*story())

    assert (told.status, told.since) == (IncidentStatus.RESOLVED, at(60))
    assert (told.detected_at, told.mitigated_at, told.resolved_at) == (at(1), at(25), at(60))
    assert told.leading is not None
    assert told.leading.fact.incident == "image-missing"
    assert [moment.fact.says for moment in told.ruled_out] == ["ruled out DNS"]
    assert [(holder.role, holder.user) for holder in told.roles] == [("commander", "U0CY")]
    assert told.people == ("U0AN", "U0BO", "U0CY", "U0DE")
    assert [str(each.subject) for each in told.impact.objects][-1] == "Pod shop/api-7c5f9d-x2x9k"
    assert (told.impact.clusters, told.impact.namespaces) == (("prod-eu",), ("shop",))
    assert [fact.state for fact in told.done] == ["fixed"]
    assert told.questions == ()
    assert told.next_step is None


def test_the_same_error_is_one_line_with_its_count() -> None:
    (error,) = [moment for moment in timeline_of(story()) if moment.fact.kind is FactKind.ERROR]

    assert (error.count, error.at, error.last) == (2, at(4), at(11))
    assert [fact.user for fact in error.also] == ["U0DE"]


@given(st.randoms())
def test_the_order_of_facts_does_not_matter(chance: random.Random) -> None:
    facts = story()
    shuffled = [*facts, *chance.choices(facts, k=5)]
    chance.shuffle(shuffled)

    assert summary(*shuffled) == summary(*facts)
    assert timeline_of(shuffled) == timeline_of(facts)
    news = [news_since(each, opened=OPENED, since=at(5), now=at(70)) for each in (facts, shuffled)]
    assert news[0] == news[1]


def test_a_successful_remedy_is_done_and_the_status_waits_for_a_person() -> None:
    told = summary(*said(1, "we're investigating elevated 5xx"), remedied(5, "p1", "fixed"))

    assert told.status is IncidentStatus.INVESTIGATING
    assert [fact.state for fact in told.done] == ["fixed"]


def test_once_reopened_it_is_neither_mitigated_nor_resolved() -> None:
    told = summary(*said(5, "mitigated"), *said(9, "calling this resolved"), *said(12, "reopening, errors are back"))

    assert (told.status, told.since) == (IncidentStatus.REOPENED, at(12))
    assert (told.mitigated_at, told.resolved_at) == (None, None)


def test_a_repeated_status_keeps_its_first_time() -> None:
    assert summary(*said(5, "mitigated"), *said(9, "this is mitigated")).since == at(5)


def test_an_edit_replaces_facts_and_a_removed_fact_is_gone() -> None:
    before, after = said(5, "mitigated"), said(5, "not mitigated yet")
    pinned = replace(said(5, "mitigated")[0], removed=True)

    assert {fact.key for fact in said(5, "mitigated, all good")} == {fact.key for fact in before}
    assert after == ()
    assert summary(pinned).status is IncidentStatus.INVESTIGATING
    assert timeline_of([pinned]) == ()


def test_next_is_the_newest_pending_decision_then_the_offer_then_a_question() -> None:
    asked = said(1, "did anyone change the network policies today?", user="U0CY")
    offered = diagnosed(2, "image-missing", "likely", offers=Text.same("Roll back checkout"))
    decided = said(3, "let's restart the ingress controllers")
    done = said(9, "restarted the ingress controllers")

    steps = [summary(*facts).next_step for facts in (asked, (*asked, offered), (*asked, offered, *decided))]

    assert [step.kind for step in steps if step] == [NextKind.QUESTION, NextKind.OFFERED, NextKind.DECISION]
    last = summary(*asked, offered, *decided, *done).next_step
    assert last is not None
    assert last.kind is NextKind.OFFERED


def test_a_cancelled_decision_is_not_next() -> None:
    assert summary(*said(1, "let's roll back"), *said(4, "holding off on the rollback")).next_step is None


def test_a_question_stays_open_until_somebody_else_answers_it() -> None:
    asked = said(1, "which clusters are affected?", user="U0CY")
    talk = said(2, "thanks for asking", user="U0BO", thread=1)
    own = said(3, "it matters for the status page", user="U0CY", thread=1)
    elsewhere = said(4, "only eu-west as far as I see", user="U0BO", thread=0)
    answer = said(5, "only eu-west as far as I see", user="U0BO", thread=1)

    assert summary(*asked, *talk, *own, *elsewhere).questions == asked
    assert summary(*asked, *answer).questions == ()
    assert timeline_of(answer) == ()


def test_a_question_whether_to_do_something_is_answered_by_doing_it() -> None:
    asked = said(1, "should we roll back?", user="U0CY")

    assert summary(*asked, *said(2, "restarting tikv-2", user="U0BO")).questions == asked
    assert summary(*asked, *said(2, "rolling back to 4.0.9", user="U0BO")).questions == ()
    assert summary(*said(1, "can we call it resolved?"), *said(2, "mitigated", user="U0BO")).questions == ()


def test_the_most_certain_cause_leads_and_evidence_beats_statements() -> None:
    guess = said(1, "looks like DNS?")
    likely = diagnosed(2, "image-missing", "likely", objects=(pod("api-0"),))
    flipped = replace(likely, key="a:r2:image-missing", at=at(9), state="ruled out")

    assert summary(*guess, likely).leading == summary(likely).leading
    assert [moment.fact.says for moment in summary(*guess, likely).others] == ["looks like DNS?"]
    told = summary(*guess, likely, flipped)
    assert told.leading is not None
    assert told.leading.fact == guess[0]
    assert [moment.count for moment in told.ruled_out] == [2]


def test_of_two_equally_certain_causes_ours_leads() -> None:
    ours = diagnosed(2, "image-missing", "confirmed")

    told = summary(ours, *said(9, "root cause is the expired intermediate cert"))

    assert told.leading is not None
    assert told.leading.fact == ours


def test_late_repetitions_of_errors_are_counted_but_not_of_decisions() -> None:
    again = [*said(1, ERROR.format(1, "k")), *said(100, ERROR.format(2, "z"))]
    decided = [*said(1, "restarting tikv-2"), *said(10, "restarting tikv-2"), *said(100, "restarting tikv-2")]

    assert [(moment.count, moment.at, moment.last) for moment in timeline_of(again)] == [(2, at(1), at(100))]
    assert [moment.count for moment in timeline_of(decided)] == [2, 1]


def test_the_newest_entry_is_always_in_the_news() -> None:
    decisions = [fact for minute in range(20) for fact in said(minute, f"restarting tikv-{minute}")]

    news = news_since([*decisions, *said(30, "https://grafana.acme.io/d/1")], opened=OPENED, since=None, now=at(40))

    assert news.lines[-1].fact.kind is FactKind.LINK


def test_a_role_moves_from_one_person_to_another() -> None:
    facts = [*said(1, "I'll take IC"), *said(2, "<@U0BO> is comms"), *said(9, "handing over to <@U0DE>")]

    assert [(each.role, each.user) for each in summary(*facts).roles] == [("commander", "U0DE"), ("comms", "U0BO")]


def test_the_news_are_eight_lines_at_most_with_the_newest_and_what_matters() -> None:
    noise = [fact for minute in range(30) for fact in said(10 + minute, f"https://grafana.acme.io/d/{minute}")]

    news = news_since([*story(), *noise], opened=OPENED, since=at(8), now=at(70))

    assert len(news.lines) == MOST_LINES
    assert news.left_out > 20
    assert news.lines[-1].fact.says == "calling this resolved"
    assert {"mitigated, error rate back to normal", "rolled back to 4.0.9"} <= {each.fact.says for each in news.lines}
    assert all(each.last > at(8) for each in news.lines)
    assert news.commander is not None
    assert news.commander.user == "U0CY"


def test_without_news_there_is_no_line() -> None:
    news = news_since(story(), opened=OPENED, since=at(61), now=at(70))

    assert (news.lines, news.left_out, news.status) == ((), 0, IncidentStatus.RESOLVED)


def test_channels_are_similar_by_incident_and_object() -> None:
    mine = diagnosed(1, "image-missing", "confirmed", objects=(pod("api-0", uid="1"),), cluster="eu")

    assert common_incident([mine], [replace(mine, objects=(pod("api-0", uid="2"), pod("api-1")))]) == "image-missing"
    assert common_incident([mine], [replace(mine, objects=(pod("api-1"),))]) is None
    assert common_incident([mine], [replace(mine, cluster="us")]) is None
    assert common_incident([mine], [replace(mine, incident="etcd-slow-disk")]) is None
    assert common_incident([mine], [replace(mine, state="ruled out")]) is None


def test_a_person_without_a_role_cannot_revoke_mitigated() -> None:
    lead, other = "U0AN", "U0CY"
    mitigated = [*said(1, "I'll take IC", user=lead), *said(9, "mitigated", user=lead)]

    assert summary(*mitigated, *said(10, "still investigating the logs", user=other)).status == IncidentStatus.MITIGATED
    assert (
        summary(*mitigated, *said(10, "still investigating the logs", user=lead)).status == IncidentStatus.INVESTIGATING
    )
    assert summary(*mitigated, *said(10, "it's back again", user=other)).status == IncidentStatus.REOPENED
    assert summary(*mitigated, *said(10, "this is resolved", user=other)).status == IncidentStatus.RESOLVED
    nobody = [*said(9, "mitigated", user=lead), *said(10, "still investigating the logs", user=other)]
    assert summary(*nobody).status == IncidentStatus.INVESTIGATING


def test_one_recovered_thing_does_not_change_the_status() -> None:
    told = summary(*said(1, "we found the cause"), *said(5, "the taint on worker-c is gone"))

    assert (told.status, told.mitigated_at) == (IncidentStatus.IDENTIFIED, None)


def test_a_refutation_matches_the_suspicion_in_other_words() -> None:
    for suspected, refuted in (
        ("could be the new version then", "it has nothing to do with 1.34"),
        ("八成是 image 没 GC", "镜像的嫌疑排除"),
        ("maybe the project is out of CPU quota again?", "so no, its not the quota"),
        ("so our PDB is the culprit?", "then the PDB isnt to blame"),
        ("可能是防火墙新策略把 8443 给拦了", "抓包看三次握手正常，防火墙可以排除"),
        ("presale bots hammering us?", "rps is flat, not traffic"),
        (
            "there was a failover at 11:52. wondering whether writers kept the old primary",
            "the failover is a red herring",
        ),
    ):
        told = summary(*said(1, suspected), *said(2, refuted, user="U0CY"))
        assert told.leading is None, suspected
        assert [moment.count for moment in told.ruled_out] == [2]


def test_a_found_cause_matches_its_suspicion() -> None:
    suspected = said(1, "might be nothing but config-prod had a push and REDIS_POOL_SIZE went 10 -> 100?")

    found = summary(*suspected, *said(2, "found it: redis pool size went up in config-prod#2207", user="U0CY"))
    other = summary(*suspected, *said(2, "found it: the certificate of the gateway expired", user="U0CY"))

    assert found.leading is not None
    assert (found.leading.count, len(found.others), found.status) == (2, 0, IncidentStatus.IDENTIFIED)
    assert len(other.others) == 1


def test_a_harmless_remark_does_not_lead() -> None:
    told = summary(*said(1, "根因明确：客户端证书过期"), *said(9, "确认是补单造成的，不用处理"))

    assert told.leading is not None
    assert "证书" in told.leading.fact.says


def test_the_time_for_a_summary_grows_linearly_with_its_facts() -> None:
    few, many = _stories(62), _stories(625)

    assert len(many) == 10_000
    assert any(_seconds(many) / _seconds(few) < 16 for _ in range(5))


def _stories(count: int) -> list[Fact]:
    once = story()
    return [
        replace(fact, key=f"{fact.key}:{number}", at=fact.at.replace(second=number % 60, microsecond=number))
        for number in range(count)
        for fact in once
    ]


def _seconds(facts: list[Fact]) -> float:
    began = time.perf_counter()
    summary_of(facts, name="inc-42", opened=OPENED, now=at(120))
    return time.perf_counter() - began
