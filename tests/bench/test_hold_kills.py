"""Run a short version of the kills: one replica is killed, and their database restarts."""

from pathlib import Path

import pytest

from bot.diagnosing import build_engine
from tests.bench.hold_kills import INCIDENT
from tests.bench.kills import Ordeal, Sort, measure
from tests.end_to_end.workplace import broken_of
from tests.postgres import running_server

pytestmark = pytest.mark.timeout(75)


async def test_nothing_acknowledged_is_lost_or_answered_twice_by_two_replicas(tmp_path: Path) -> None:
    broken = broken_of(build_engine()[0], INCIDENT)
    ordeal = Ordeal(
        seconds=7, kills=1, kill_after=(1, 2), back_after=(0.5, 1), database_away=(1, 1.5), answered_within=50, quiet=1
    )
    with running_server(synchronous_commit="on") as server:
        outcome = await measure(tmp_path, server, broken, ordeal)

    assert outcome.happened["kills"] == 1
    assert outcome.happened["database crashes"] + outcome.happened["database restarts"] == 1
    assert (outcome.lost, outcome.twice, outcome.hanging) == ([], [], [])
    assert outcome.acked[Sort.PASTE] == outcome.sent[Sort.PASTE] > 5
    assert outcome.acked[Sort.MENTION] == outcome.sent[Sort.MENTION] > 0
