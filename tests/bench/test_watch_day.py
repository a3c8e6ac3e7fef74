"""Watch a short day: each incident is one post that says when it was over, and churn is none."""

from pathlib import Path

import pytest

from tests.bench.watch_day import Day, live

pytestmark = pytest.mark.timeout(75)


async def test_each_incident_is_one_post_and_churn_is_none(tmp_path: Path) -> None:
    day = Day(pods=100, incidents=4, hours=0.8, kills=1)

    await live(tmp_path, day)

    assert day.missed() == []
    assert len(day.posts) == day.incidents
    assert all("Over after" in each for each in day.posts)
    # A bot that gets no time between two steps may see an incident end in both; churn would edit it far more often.
    assert set(day.edits.values()) <= {1, 2}
    assert all(day.churn[kind] for kind in ("flaps", "starts", "rolls_out"))
