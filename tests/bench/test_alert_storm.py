"""Run a short storm of alerts: two replicas on one database get the same alerts, and one of them is killed."""

from pathlib import Path

import pytest

from tests.bench.alert_storm import Storm, measure
from tests.postgres import running_server

pytestmark = pytest.mark.timeout(75)


async def test_two_replicas_post_each_cause_once_though_one_is_killed(tmp_path: Path) -> None:
    storm = Storm(alerts=120, seconds=3.0, killed_after=1.0, away=1.0, rounds=1, hurried=True)
    with running_server() as server:
        await measure(tmp_path, storm, database=server.create(), replicas=2)

    assert storm.causes == [1] * 12
    assert len(storm.posts) == 12
    assert len(storm.acknowledged) == 2 * 2 * 12
