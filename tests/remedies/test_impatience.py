"""Test the limits on repeated changes: what counts, for how long, and that every block ends."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.policy import Limit, Limits
from bot.remedies.contract import Reason, State
from bot.store import EarlierClaim
from bot.workflows.authorisation import Attempt

NOW = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
LIMITS = Limits(target=Limit(writes=3, minutes=15), user=Limit(writes=5, minutes=15))
WEB, API = "prod Deployment shop/web", "prod Deployment shop/api"
ONE = Attempt(action="restart-pod", subject=WEB, user="U1", at=NOW)


def former(
    minutes: float, *, state: str = "not fixed", subject: str = WEB, by: str = "U2", **more: str
) -> EarlierClaim:
    values = {"plan_id": f"{subject}{minutes}", "action": "restart-pod"} | more
    return EarlierClaim(subject=subject, by=by, when=NOW - timedelta(minutes=minutes), state=state, **values)


any_former = st.builds(
    former,
    st.floats(0.01, 60),
    state=st.sampled_from([*map(str, Reason), *map(str, State), "claimed", "applied", "partly done"]),
    subject=st.sampled_from([WEB, API, ""]),
    by=st.sampled_from(["U1", "U2"]),
    action=st.sampled_from(["restart-pod", "rollout-undo"]),
)


@pytest.mark.parametrize(
    ("before", "says"),
    [
        ([former(1), former(2), former(3)], "3 remedies were tried on the same object within 15 minutes"),
        (
            [former(1, state="claimed")],
            "another user confirmed “Restart pod” for the same object 60 s ago, and it is still",
        ),
        (
            [former(1, state="applied", by="U1")],
            "you confirmed “Restart pod” for the same object 60 s ago, and its verification is",
        ),
        (
            [former(1, by="U1", subject=f"prod Pod {n}") for n in range(5)],
            "you applied 5 remedies within 15",
        ),
    ],
)
def test_what_holds_somebody_back_is_said(before, says):
    told = ONE.held_back(before, LIMITS)
    assert told is not None
    assert says in told.en
    assert told.zh


@pytest.mark.parametrize(
    "before",
    [
        [former(1), former(2)],
        [former(1), former(2), former(15)],
        [former(1), former(2), former(3, state="changed since")],
        [former(1), former(2), former(3, subject=API)],
        [former(1, state="applied", action="rollout-undo")],  # another remedy may be tried while one is watched
        [former(11, state="claimed")],  # whoever carried that out is gone
    ],
)
def test_what_does_not_count_holds_nobody_back(before):
    assert ONE.held_back(before, LIMITS) is None


def test_after_the_minutes_that_it_names_it_may_be_tried_again():
    before = [former(4), former(9), former(14.5)]
    told = ONE.held_back(before, LIMITS)
    assert told is not None
    assert "try again in 1 min" in told.en
    later = Attempt(action=ONE.action, subject=WEB, user="U1", at=NOW + timedelta(minutes=1))
    assert later.held_back(before, LIMITS) is None


@given(st.lists(any_former, max_size=12))
def test_taking_back_is_never_held_back_and_what_is_long_past_holds_nothing_back(before):
    newest_first = sorted(before, key=lambda each: each.when, reverse=True)
    undo = Attempt(action="scale", subject="", user="U1", at=NOW)
    assert undo.held_back(newest_first, LIMITS) is None
    later = Attempt(action=ONE.action, subject=WEB, user="U1", at=NOW + timedelta(minutes=15))
    assert later.held_back(newest_first, LIMITS) is None


@given(st.lists(any_former, max_size=12), any_former)
def test_one_more_try_never_frees_anybody(before, more):
    def held(formers: list[EarlierClaim]) -> bool:
        return ONE.held_back(sorted(formers, key=lambda each: each.when, reverse=True), LIMITS) is not None

    assert held([*before, more]) or not held(before)
