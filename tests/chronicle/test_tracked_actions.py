"""Completed decisions are no longer next and answered questions no longer open, each with linked evidence."""

from __future__ import annotations

import pytest

from intents.chronicle.causes import causes_in
from intents.chronicle.facts import DecisionState, Fact, FactKind, in_order
from intents.chronicle.questions import match_answers
from intents.chronicle.summary import summary_of
from intents.chronicle.timeline import timeline_of
from intents.chronicle.tracked_actions import TrackedAction, tracked_actions_in
from intents.domain import ObjectRef, Text
from tests.chronicle.fact_builders import OPENED, at, pod, remedied, said

ROLL_BACK = Text(en="Roll back Deployment checkout", zh="回滚 Deployment checkout")
CHECKOUT = ObjectRef(kind="Deployment", namespace="shop", name="checkout")


def first(*facts: Fact) -> TrackedAction:
    return tracked_actions_in(in_order(facts))[0]


def then(begun: str, after: str, *, thread: float | None = None, user: str = "U0AN") -> TrackedAction:
    """Return the action of the first message after the second was sent."""
    return first(*said(1, begun, thread=0 if thread == 0 else None), *said(5, after, thread=thread, user=user))


@pytest.mark.parametrize(
    ("begun", "after"),
    [
        ("rolling back kyverno-policies", "rolled back"),
        ("rolling back kyverno-policies", "rollback done"),
        ("rolling back kyverno-policies", "kyverno-policies is back to 1.9"),
        ("rolling back kyverno-policies to v1.11.4", "kyverno-policies is on v1.11.4 again"),
        ("rolling back to 4.0.9", "rolled back to 4.0.9"),
        ("rolling back checkout to 4.0.9", "rolled back checkout"),
        ("let's restart the ingress controllers", "restarted the ingress controllers"),
        ("restarting tikv-1 and tikv-2", "restarted tikv-1 and tikv-2"),
        ("restarting tikv-1 and tikv-2", "restarted both"),
        ("ok decision: lu reverts CHG-8812, nobody touches it until then", "revert of CHG-8812 is applied"),
        ("正在重启 pd-2", "pd-2 已重启"),
        ("正在回滚支付服务", "支付服务已回滚"),
    ],
)
def test_a_statement_that_it_is_done_completes_a_decision(begun: str, after: str) -> None:
    work = then(begun, after)

    assert work.course is DecisionState.DONE
    assert work.ended_by is not None
    assert work.ended_by.says == after


@pytest.mark.parametrize(
    ("begun", "after"),
    [
        ("rolling back checkout", "rolled back payments"),
        ("rolling back checkout", "payments is back to 1.9"),
        ("rolling back checkout to 4.0.9", "checkout is on 4.1.0 again"),
        ("rolling back checkout in eu-west", "rolled back checkout in us-east"),
        ("rolling back checkout", "rolled back checkout in eu-west"),
        ("rolling back checkout", "rolled back 2 of 5 checkout pods"),
        ("rolling back checkout", "rolled back checkout on the canary"),
        ("restarting tikv-2", "restarted tikv-3"),
        ("restarting tikv-1 and tikv-2", "restarted tikv-1"),
        ("restarting the api pods in shop", "restarted the cache pods in shop"),
        ("restarting the brokers", "restarted the consumers"),
        ("scaling checkout to 12 replicas", "scaled checkout to 6 replicas"),
        ("正在重启 pd-2", "pd-1 已重启"),
        ("正在回滚支付服务", "订单服务已回滚"),
        ("决定：先重启 pd-1，等它 ready 了再重启 pd-2", "pd-1 已重启，恢复 ready"),
    ],
)
def test_statements_about_other_or_partial_work_complete_nothing(begun: str, after: str) -> None:
    assert then(begun, after).is_open


def test_an_ambiguous_statement_completes_neither_of_two_decisions() -> None:
    begun = (*said(1, "restarting tikv-2"), *said(2, "restarting tikv-3"))

    works = tracked_actions_in(in_order((*begun, *said(5, "restarted"))))

    assert [work.is_open for work in works] == [True, True, False]


def test_a_decision_about_several_objects_is_done_once_each_is() -> None:
    plan = said(1, "决定：先重启 pd-1，等它 ready 了再重启 pd-2，不要一起重启")
    facts = (*plan, *said(2, "pd-1 已重启，恢复 ready"), *said(3, "正在重启 pd-2"), *said(4, "pd-2 已重启"))

    assert first(*facts[:-1]).is_open
    assert first(*facts).course is DecisionState.DONE


@pytest.mark.parametrize(
    "reply", ["done", "done. took 4 tries", "✅", ":white_check_mark:", "搞定", "好了", "all done!"]
)
def test_a_done_reply_completes_the_decision_it_replies_to(reply: str) -> None:
    work = first(*said(1, "rolling back kyverno-policies"), *said(5, reply, user="U0BO", thread=1))

    assert work.course is DecisionState.DONE
    assert work.ended_by is not None
    assert work.ended_by.at == at(5)


@pytest.mark.parametrize(
    "reply",
    [
        "done?",
        "ok",
        "好的",
        "好了吗",
        "not done yet",
        "almost done",
        "done with eu, us is next",
        "还没好",
        "well done",
        "done, if the pipeline is right",
    ],
)
def test_agreeing_asking_and_hedging_replies_complete_nothing(reply: str) -> None:
    assert first(*said(1, "rolling back kyverno-policies"), *said(5, reply, user="U0BO", thread=1)).is_open


def test_done_in_another_thread_or_for_two_candidates_completes_nothing() -> None:
    begun = (*said(1, "rolling back kyverno-policies", thread=0), *said(2, "restarting pd-1", thread=0))

    for thread in (0, None):
        works = tracked_actions_in(in_order((*begun, *said(5, "done", user="U0BO", thread=thread))))
        assert [work.is_open for work in works] == [True, True]
    assert first(*begun[:1], *said(5, "done", user="U0BO", thread=3)).is_open


def test_a_button_completes_its_announcement_and_appears_once() -> None:
    decided = said(1, "let's roll back checkout")
    pressed = remedied(5, "p1", "fixed", title=ROLL_BACK, objects=(CHECKOUT,))

    assert first(*decided, pressed).ended_by == pressed
    assert len(tracked_actions_in(in_order((*decided, pressed, *said(6, "rolled back checkout"))))) == 1


@pytest.mark.parametrize("state", ["refused", "failed", "not done", "unknown", "undone", "applying"])
def test_a_button_without_effect_completes_nothing(state: str) -> None:
    pressed = remedied(5, "p1", state, title=ROLL_BACK, objects=(CHECKOUT,))

    assert first(*said(1, "let's roll back checkout"), pressed).is_open


def test_a_button_for_another_object_or_action_completes_nothing() -> None:
    pressed = remedied(5, "p1", "fixed", title=ROLL_BACK, objects=(CHECKOUT,))
    of_a_pod = remedied(5, "p1", "done", title=Text.same("Restart Pod billing-pd-1"), objects=(pod("billing-pd-1"),))

    assert first(*said(1, "let's roll back payments"), pressed).is_open
    assert first(*said(1, "let's restart checkout"), pressed).is_open
    assert first(*said(1, "正在重启 pd-2"), of_a_pod).is_open
    assert not first(*said(1, "正在重启 pd-1"), of_a_pod).is_open


def test_pending_decisions_are_left_at_the_end_and_done_once_somebody_says_so() -> None:
    begun, over = said(1, "restarting tikv-2"), said(5, "mitigated, error rate back to normal")

    left = first(*begun, *over)
    assert (left.left, left.is_open, left.course) == (True, False, DecisionState.UNDER_WAY)
    assert not first(*begun, *over, *said(9, "restarted tikv-2")).left
    assert first(*begun, *over, *said(9, "reopening"), *said(10, "restarting tikv-2")).is_open


def test_cancelled_and_replaced_decisions_are_not_next() -> None:
    for after in ("not rolling back", "holding off on the rollback"):
        assert then("let's roll back checkout", after).course is DecisionState.CALLED_OFF
    replaced = then("let's roll back checkout", "let's restart the cache instead of rolling back")
    assert replaced.course is DecisionState.CALLED_OFF
    assert then("restarting pd-1", "not restarting pd-2").is_open


def test_the_next_step_is_the_remaining_work() -> None:
    facts = (*said(1, "let's restart tikv-2"), *said(2, "rolling back checkout"), *said(3, "rolled back checkout"))

    step = summary_of(facts, name="inc", opened=OPENED, now=at(9)).next_step

    assert step is not None
    assert (step.fact.says, step.course) == ("let's restart tikv-2", DecisionState.PLANNED)


def test_the_timeline_shows_the_result_of_decisions() -> None:
    facts = (
        *said(1, "rolling back checkout"),
        *said(2, "should we restart tikv-2?", user="U0BO"),
        *said(3, "[FIRING:1] CheckoutErrors (prod)", bot="Alertmanager"),
        *said(5, "rolled back checkout"),
        *said(6, "restarting tikv-2"),
        *said(7, "[RESOLVED] CheckoutErrors (prod)", bot="Alertmanager"),
    )

    came = {moment.fact.says: moment.settled_by.says for moment in timeline_of(facts) if moment.settled_by}

    assert came == {
        "rolling back checkout": "rolled back checkout",
        "should we restart tikv-2?": "restarting tikv-2",
        "[FIRING:1] CheckoutErrors (prod)": "[RESOLVED] CheckoutErrors (prod)",
    }


ASKED = "which version is running in prod?"


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        (ASKED, "deployed checkout 4.1.0 to prod"),
        ("do we know who the commander is?", "I'll take IC"),
        ("can we call it resolved?", "mitigated"),
        ("is the ledger-db affected?", "ledger-db is down, all writes fail"),
        ("are users affected or is it only us?", "no tickets about the shop so far"),
        ("今天早上有发布吗？", "刚发布了 billing-api v3.8.2"),
    ],
)
def test_a_question_is_answered_by_the_fact_that_settles_it(question: str, answer: str) -> None:
    asked = said(1, question)

    told = match_answers(in_order((*asked, *said(2, answer, user="U0BO"))))

    if asked:  # small talk waits for no answer
        assert told.open == ()
        assert told.answered[asked[0].key].says == answer


@pytest.mark.parametrize(
    ("question", "after"),
    [
        (ASKED, "restarting the ingress controllers"),
        (ASKED, "I'll take IC"),
        ("is the ledger-db affected?", "checkout-db is down, all writes fail"),
        ("which clusters are affected?", "no, I'm not at my desk today"),
        ("can we call it resolved?", "deployed checkout 4.1.0 to prod"),
    ],
)
def test_other_statements_leave_a_question_open(question: str, after: str) -> None:
    asked = said(1, question)

    assert match_answers(in_order((*asked, *said(2, after, user="U0BO")))).open == asked


@pytest.mark.parametrize(
    ("suspected", "refuted"),
    [
        ("my bet: it's 4.1.0, somebody probably deleted the tag over the weekend", "so it's not the tag."),
        ("looks like the image tag is wrong", "it's not the tag"),
        ("会不会是磁盘满了？", "不是磁盘的问题，df 看才用了 31%"),
    ],
)
def test_a_suspicion_and_its_refutation_are_one_hypothesis(suspected: str, refuted: str) -> None:
    causes = causes_in(in_order((*said(1, suspected), *said(2, refuted))))

    assert (causes.standing, [moment.fact.says for moment in causes.ruled_out]) == ((), [refuted])


def test_the_reason_of_a_refutation_is_not_ruled_out() -> None:
    out = "ruled out the secret: worker-b doesn't even get a TCP connection"

    causes = causes_in(in_order((*said(1, "I suspect the firewall change on worker-b"), *said(2, out))))

    assert [moment.fact.kind for moment in causes.standing] == [FactKind.HYPOTHESIS]
