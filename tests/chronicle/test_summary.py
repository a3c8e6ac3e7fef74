"""The state of an incident from its facts: status, cause, actions, next step, open questions, roles."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intents.chronicle.facts import ActionState, Fact, FactKind, IncidentStatus, QuestionState, Role
from intents.chronicle.news import MOST_LINES, common_incident, news_since
from intents.chronicle.summary import NextKind, Summary, summary_of
from intents.chronicle.timeline import timeline_of
from intents.domain import ObjectRef, Text, Verdict
from tests.chronicle.fact_builders import OPENED, at, diagnosed, fact, pod, remedied

K = FactKind


def summary(*facts: Fact, now: float = 120) -> Summary:
    return summary_of(facts, name="inc-42", opened=OPENED, now=at(now))


def status(minutes: float, state: IncidentStatus, user: str = "U0AN", **more: bool) -> Fact:
    return fact(minutes, K.STATUS, str(state), state=state, user=user, **more)


def action(minutes: float, state: ActionState, says: str, *, about: str = "m:1", of: str = "U0AN") -> Fact:
    return fact(minutes, K.ACTION, says, state=state, about=about, of=of)


def story() -> list[Fact]:
    """Return one incident from its report to its end."""
    return [
        fact(1, K.REPORT, "checkout is down, customers are seeing 502s"),
        fact(2, K.ALERT, "[FIRING:2] CheckoutErrors", user="", bot="Alertmanager", state="firing", about="t1"),
        fact(3, K.ROLE, "I'll take IC", role=Role.COMMANDER, of="U0AN"),
        fact(4, K.ERROR, "dial tcp: refused", about="e1", objects=(pod("api-7c5f9d-x2x9k"),), user="U0BO"),
        fact(5, K.HYPOTHESIS, "looks like DNS?", user="U0BO", state=Verdict.POSSIBLE, about="h"),
        fact(6, K.QUESTION, "should we roll back?", user="U0BO", state=QuestionState.ANSWERED),
        diagnosed(7, "image-missing", "confirmed", objects=(pod("api-0"),), cluster="prod-eu"),
        fact(8, K.HYPOTHESIS, "ruled out DNS", user="U0BO", state=Verdict.RULED_OUT, about="h"),
        action(9, ActionState.PLANNED, "let's roll back"),
        action(10, ActionState.UNDER_WAY, "rolling back to 4.0.9"),
        fact(11, K.ERROR, "dial tcp: refused", about="e1", objects=(pod("api-7c5f9d-x2x9z"),), user="U0DE"),
        action(20, ActionState.DONE, "rolled back to 4.0.9"),
        remedied(21, "p1", "fixed", user="U0AN"),
        status(25, IncidentStatus.MITIGATED),
        fact(40, K.HANDOVER, "handing over to Cy", role=Role.COMMANDER, of="U0CY"),
        status(60, IncidentStatus.RESOLVED, user="U0CY"),
    ]


def test_an_incident_is_summarised_from_its_report_to_its_end() -> None:
    told = summary(*story())

    assert (told.status, told.since) == (IncidentStatus.RESOLVED, at(60))
    assert (told.detected_at, told.mitigated_at, told.resolved_at) == (at(1), at(25), at(60))
    assert told.leading is not None
    assert told.leading.fact.incident == "image-missing"
    assert [moment.fact.says for moment in told.ruled_out] == ["ruled out DNS"]
    assert [(holder.role, holder.user) for holder in told.roles] == [("commander", "U0CY")]
    assert (told.impact.clusters, told.impact.namespaces) == (("prod-eu",), ("shop",))
    assert [fact.state for fact in told.done] == ["fixed"]
    assert [(each.course, each.owner, len(each.facts)) for each in told.tracked_actions] == [("done", "U0AN", 3)]
    assert told.questions == ()
    assert told.next_step is None


def test_the_same_error_is_one_line_with_its_count() -> None:
    (error,) = [moment for moment in timeline_of(story()) if moment.fact.kind is K.ERROR]

    assert (error.count, error.at, error.last) == (2, at(4), at(11))
    assert [fact.user for fact in error.also] == ["U0DE"]


@given(st.randoms())
def test_the_order_of_facts_does_not_matter(chance: random.Random) -> None:
    facts = story()
    shuffled = [*facts, *chance.choices(facts, k=5)]
    chance.shuffle(shuffled)

    assert summary(*shuffled) == summary(*facts)
    assert timeline_of(shuffled) == timeline_of(facts)
    news = [news_since(each, at(5)) for each in (facts, shuffled)]
    assert news[0] == news[1]


@pytest.mark.parametrize(
    "later", ["same here", "客服这边电话打爆了，要对外怎么说？", "people call us, what do we tell them?"]
)
def test_the_impact_is_what_is_broken_not_what_somebody_asks_beside_it(later: str) -> None:
    report = fact(1, K.REPORT, "a third of the customers get 503s at checkout")

    assert summary(report, fact(2, K.REPORT, later)).impact.current == report
    asked = fact(2, K.REPORT, "people call us, what do we tell them?")
    assert summary(asked).impact.current == asked


def test_once_reopened_it_is_neither_mitigated_nor_resolved() -> None:
    told = summary(
        status(5, IncidentStatus.MITIGATED), status(9, IncidentStatus.RESOLVED), status(12, IncidentStatus.REOPENED)
    )

    assert (told.status, told.since) == (IncidentStatus.REOPENED, at(12))
    assert (told.mitigated_at, told.resolved_at) == (None, None)


def test_a_person_without_a_role_cannot_revoke_mitigated_unless_they_set_it() -> None:
    lead = fact(1, K.ROLE, "IC", role=Role.COMMANDER, of="U0AN")
    before = (lead, status(9, IncidentStatus.MITIGATED))

    assert summary(*before, status(10, IncidentStatus.INVESTIGATING, user="U0CY")).status == IncidentStatus.MITIGATED
    by_hand = status(10, IncidentStatus.INVESTIGATING, user="U0CY", by_hand=True)
    assert summary(*before, by_hand).status == IncidentStatus.INVESTIGATING
    assert summary(*before, status(10, IncidentStatus.REOPENED, user="U0CY")).status == IncidentStatus.REOPENED


def test_next_is_what_was_announced_then_the_newest_action_then_the_offer_then_a_question() -> None:
    asked = fact(1, K.QUESTION, "did anyone change the network policies?", state=QuestionState.OPEN)
    offered = diagnosed(2, "image-missing", "likely", offers=Text.same("Roll back checkout"))
    planned = action(3, ActionState.PLANNED, "restart the controllers")
    announced = fact(4, K.NEXT, "then we fail over")
    done = action(9, ActionState.DONE, "restarted")

    def next_of(*facts: Fact) -> NextKind | None:
        step = summary(*facts).next_step
        return step.kind if step else None

    assert next_of(asked) is NextKind.QUESTION
    assert next_of(asked, offered) is NextKind.OFFERED
    assert next_of(asked, offered, planned) is NextKind.ACTION
    assert next_of(asked, offered, planned, announced) is NextKind.ANNOUNCED
    assert next_of(asked, offered, planned, done) is NextKind.OFFERED


def test_an_action_is_open_until_it_ends_and_stale_when_nothing_is_heard_of_it() -> None:
    begun = action(1, ActionState.UNDER_WAY, "restarting tikv-2")

    (waiting,) = summary(begun, now=5).tracked_actions
    assert waiting.is_open
    assert not waiting.is_stale(at(5))
    assert waiting.is_stale(at(40))
    for end in (ActionState.DONE, ActionState.FAILED, ActionState.CALLED_OFF):
        (ended,) = summary(begun, action(9, end, "so it is")).tracked_actions
        assert (ended.is_open, ended.course) == (False, end)
    (left,) = summary(begun, status(30, IncidentStatus.RESOLVED)).tracked_actions
    assert (left.is_open, left.left) == (False, True)


def test_a_button_ends_what_people_planned_to_do_to_its_object() -> None:
    planned = action(1, ActionState.PLANNED, "let's roll back checkout")
    checkout = ObjectRef(kind="Deployment", namespace="shop", name="checkout")

    (ended,) = summary(planned, remedied(5, "p1", "fixed", objects=(checkout,))).tracked_actions
    assert ended.course is ActionState.DONE
    (other,) = summary(planned, remedied(5, "p1", "fixed", objects=(pod("search-0"),))).tracked_actions
    assert other.is_open


def test_what_people_say_and_what_we_prove_stand_side_by_side() -> None:
    said = fact(1, K.HYPOTHESIS, "root cause: the report job", state=Verdict.CONFIRMED)
    guess = fact(2, K.HYPOTHESIS, "maybe dns", state=Verdict.POSSIBLE)
    ours = diagnosed(3, "image-missing", "confirmed", objects=(pod("api-0"),))

    told = summary(said, guess, ours)

    assert told.established is not None
    assert told.leading is not None
    assert told.cause == told.established
    assert (told.established.fact, told.leading.fact) == (said, ours)
    assert [each.fact for each in told.suspected] == [guess]


def test_a_diagnosis_of_another_object_is_only_on_the_timeline() -> None:
    report = fact(1, K.REPORT, "checkout fails", objects=(ObjectRef(kind="Pod", namespace="shop", name="checkout-1"),))
    other = diagnosed(2, "node-not-ready", "confirmed", objects=(ObjectRef(kind="Node", name="worker-c"),))
    same = diagnosed(3, "image-missing", "likely", objects=(pod("checkout-7d9f-x2x9"),), request="r2")

    assert summary(report, other).leading is None
    assert other in [moment.fact for moment in timeline_of([report, other])]
    told = summary(report, other, same)
    assert told.leading is not None
    assert told.leading.fact == same


def test_late_repetitions_of_errors_are_counted_but_not_of_actions() -> None:
    again = [fact(1, K.ERROR, "refused", about="e"), fact(100, K.ERROR, "refused", about="e")]
    done = [action(minute, ActionState.DONE, "restarted tikv-2", about=f"a{minute}") for minute in (1, 10, 100)]

    assert [(moment.count, moment.at, moment.last) for moment in timeline_of(again)] == [(2, at(1), at(100))]
    assert [moment.count for moment in timeline_of(done)] == [2, 1]


def test_a_second_incident_in_the_channel_is_said() -> None:
    told = summary(
        fact(1, K.REPORT, "orders fail"), fact(2, K.REPORT, "unrelated but search is slow too, another issue")
    )

    assert [each.says for each in told.second] == ["unrelated but search is slow too, another issue"]


def test_the_news_are_eight_lines_at_most_with_the_newest_and_what_matters() -> None:
    noise = [fact(10 + minute, K.LINK, f"https://grafana.acme.io/d/{minute}") for minute in range(30)]

    news = news_since([*story(), *noise], at(8))

    assert len(news.lines) == MOST_LINES
    assert news.left_out > 20
    assert news.lines[-1].fact.state == IncidentStatus.RESOLVED
    assert {"mitigated", "rolled back to 4.0.9"} <= {each.fact.says for each in news.lines}
    assert all(each.last > at(8) for each in news.lines)
    assert news_since(story(), at(61)).lines == ()


def test_channels_are_similar_by_incident_and_object() -> None:
    mine = diagnosed(1, "image-missing", "confirmed", objects=(pod("api-0", uid="1"),), cluster="eu")

    assert common_incident([mine], [replace(mine, objects=(pod("api-0", uid="2"), pod("api-1")))]) == "image-missing"
    assert common_incident([mine], [replace(mine, objects=(pod("api-1"),))]) is None
    assert common_incident([mine], [replace(mine, cluster="us")]) is None
    assert common_incident([mine], [replace(mine, incident="etcd-slow-disk")]) is None
    assert common_incident([mine], [replace(mine, state="ruled out")]) is None
