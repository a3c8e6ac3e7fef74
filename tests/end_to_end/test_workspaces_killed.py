"""A replica is killed, a workspace leaves and another floods: the others get their own answers, once.

`make bench` runs the long version, with fifty workspaces.
"""

from pathlib import Path
from statistics import median

import pytest

from bot.diagnosing import Engine
from tests.bench.hold_kills import INCIDENT
from tests.bench.workspace_kills import Trial, measure
from tests.end_to_end.workplace import broken_of
from tests.postgres import running_server

pytestmark = pytest.mark.timeout(90)


async def test_nothing_is_lost_twice_or_crossed_among_workspaces(tmp_path: Path, engine: Engine) -> None:
    broken = broken_of(engine, INCIDENT)
    trial = Trial(workspaces=4, seconds=2, each=1, flood=12, back_after=0.2, answered_within=60, quiet=0.5)
    with running_server(max_connections="100") as server:
        result = await measure(tmp_path, server, broken, trial)

    assert (result.lost, result.twice, result.crossed, result.hanging) == ([], [], [], [])
    assert len(result.asked) == 12 + 3
    assert median(result.seconds(flooded=False)) < max(result.seconds(flooded=True))
