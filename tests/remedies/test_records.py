"""Test the records of a remedy: values that survive a journal, and audit entries that say who did what."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.remedies.changes import Change
from bot.remedies.contract import (
    About,
    Applied,
    Outlook,
    Plan,
    Preview,
    Reason,
    Refusal,
    State,
    Step,
    Verb,
    Verification,
)
from bot.remedies.records import Denied, audit_entry
from intents.domain import Finding, FindingOutcome, Focus, Gap, GapReason, ObjectRef, PastedTime, Text
from responses.safety import safe_value

NOW = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
words = st.text(max_size=12)
texts = st.builds(Text, en=words, zh=words)
refs = st.builds(ObjectRef, kind=words, namespace=words, name=words, uid=words)
moments = st.datetimes(timezones=st.just(UTC))
plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=5,
)
pasted = st.builds(PastedTime, at=st.datetimes() | moments, year_known=st.booleans(), zone_known=st.booleans())
abouts = st.builds(
    About,
    focus=st.builds(Focus, kind=words, namespace=words, name=words),
    named=st.dictionaries(words, words, max_size=3),
    score=st.floats(0, 1),
    when=st.none() | pasted,
    subject=st.none() | refs,
)
plans = st.builds(
    Plan,
    id=words,
    request_id=words,
    incident=words,
    remedy=words,
    action=words,
    cluster=words,
    target=refs,
    args=st.dictionaries(words, plain, max_size=3),
    only_if=st.lists(words, max_size=3).map(tuple),
    basis=st.dictionaries(words, words, max_size=3),
    about=abouts,
    title=texts,
    warning=st.none() | texts,
    created=moments,
    expires=moments,
)
findings = st.builds(
    Finding,
    rule=words,
    outcome=st.sampled_from(FindingOutcome),
    says=texts,
    subject=st.none() | refs,
    rows=st.just(()),
    table=st.none(),
    gaps=st.lists(st.builds(Gap, what=words, reason=st.sampled_from(GapReason)), max_size=2).map(tuple),
)
outlooks = st.builds(
    Outlook,
    effects=st.lists(texts, max_size=2).map(tuple),
    owner=st.none() | refs,
    known=st.lists(words, max_size=3).map(tuple),
)
changes = st.builds(Change, path=st.lists(words, max_size=3).map(tuple), before=plain, after=plain, added=st.booleans())
steps = st.builds(
    Step,
    verb=st.sampled_from(Verb),
    target=refs,
    says=texts,
    body=plain,
    changes=st.lists(changes, max_size=2).map(tuple),
    ignoring=st.lists(words, max_size=2).map(tuple),
).map(lambda step: (step,))
others = st.one_of(
    st.builds(Preview, diff=words, steps=steps, outlook=outlooks),
    st.builds(Applied, says=texts, target=refs, at=moments, outlook=outlooks, undo=steps),
    st.builds(
        Refusal, reason=st.sampled_from(Reason), says=texts, quote=words, done=st.builds(lambda one: (one,), texts)
    ),
    st.builds(
        Verification, state=st.sampled_from(State), says=texts, findings=st.lists(findings, max_size=2).map(tuple)
    ),
)


@given(plans | others)
def test_what_went_through_a_journal_is_what_it_was(value: Any) -> None:
    assert type(value).from_json(json.loads(json.dumps(value.as_json()))) == value


@pytest.mark.parametrize("value", [{}, {"reason": "bored", "says": {"en": "", "zh": ""}}, {"reason": "forbidden"}])
def test_what_no_version_has_written_is_refused(value: dict) -> None:
    with pytest.raises(ValueError, match="validation error"):
        Refusal.from_json(value)


PLAN = Plan(
    id="opaque",
    request_id="request-1",
    incident="image-pull-failed",
    remedy="retry-now",
    action="restart-pod",
    cluster="prod",
    target=ObjectRef(kind="Pod", namespace="front", name="web-0", uid="u-1"),
    about=About(focus=Focus()),
    title=Text.same("restart"),
    created=NOW,
    expires=NOW,
)


@pytest.mark.parametrize(
    ("result", "outcome"),
    [
        (None, "pressed"),
        (Refusal(reason=Reason.CONFLICT, says=Text.same("changed")), "refused: conflict"),
        (Applied(says=Text.same("deleted"), target=PLAN.target, at=NOW), "applied"),
        (Applied(says=Text.same("deleted"), target=PLAN.target, at=NOW, already=True), "applied already"),
        (Verification(state=State.NOT_FIXED, says=Text.same("still")), "not fixed"),
        (Denied(says=Text.same("no entry of the policy allows it")), "not allowed"),
    ],
)
def test_an_audit_entry_says_who_did_what_to_what_and_what_came_of_it(result: Any, outcome: str) -> None:
    entry = audit_entry(PLAN, step="pressed", actor="U1", at=NOW, channel="C1", result=result, token="press-1")

    assert entry["outcome"] == outcome
    assert (entry["actor"], entry["channel"], entry["action"]) == ("U1", "C1", "restart-pod")
    assert (entry["cluster"], entry["target"]) == ("prod", "Pod front/web-0")
    assert entry["detail"]["uid"] == "u-1"
    json.dumps(entry["detail"])


def test_the_entry_of_a_step_that_runs_twice_is_the_same_one() -> None:
    def key(token: str, step: str = "applied") -> str:
        return str(audit_entry(PLAN, step=step, actor="U1", at=NOW, token=token)["key"])

    assert key("press-1") == key("press-1")
    assert len({key("press-1"), key("press-2"), key("press-1", "verified")}) == 3
    assert key("") == ""


def test_a_refusal_says_why_and_by_which_rule() -> None:
    def detail(result: Any) -> dict:
        return audit_entry(PLAN, step="preview", actor="U1", at=NOW, result=result)["detail"]

    denied = detail(Denied(says=Text.same("not here"), rule="acting[2]"))
    refused = detail(Refusal(reason=Reason.DRY_RUN, says=Text.same("no"), quote="denied by policy"))

    assert (denied["step"], denied["says"], denied["rule"]) == ("preview", "not here", "acting[2]")
    assert (refused["step"], refused["says"], refused["quote"]) == ("preview", "no", "denied by policy")


def test_what_one_asks_for_and_another_approves_names_both() -> None:
    approved = audit_entry(PLAN, step="claimed", actor="U2", at=NOW, requested_by="U1")

    assert (approved["actor"], approved["detail"]["requested_by"]) == ("U2", "U1")
    assert "requested_by" not in audit_entry(PLAN, step="claimed", actor="U2", at=NOW)["detail"]


def test_entries_hold_no_credentials_and_stay_apart_where_an_id_looks_like_one() -> None:
    # Ids are random: one in some ten thousand ends with what names a password.
    plan = replace(PLAN, id="WZV1h6lBQRcg7J2GUvwdJPwd", args={"token": "hunter2-hunter2"})
    says = Text.same("pull with xoxb-1234567890-planted failed")
    entries = [
        safe_value(audit_entry(plan, step=step, actor="U1", at=NOW, token="press-1", result=result))
        for step, result in (("claimed", None), ("applied", Refusal(reason=Reason.FAILED, says=says, quote=says.en)))
    ]

    assert len({entry["key"] for entry in entries}) == 2
    assert not any(planted in str(entries) for planted in ("hunter2", "planted"))
