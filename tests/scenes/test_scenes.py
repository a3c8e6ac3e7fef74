"""Each way of asking about a scene gets the right answer, except those that the scene says are open."""

from __future__ import annotations

import pytest

from bot.diagnosing import Engine, build_engine
from tests.scenes.run import Outcome, answers, judge
from tests.scenes.scene_files import Scene, scenes

SCENES = scenes()


@pytest.fixture(scope="module")
def engine() -> Engine:
    return build_engine()[0]


@pytest.mark.parametrize("scene", SCENES, ids=[one.name for one in SCENES])
async def test_each_way_of_asking_is_answered_right_unless_it_is_open(engine: Engine, scene: Scene) -> None:
    told = await answers(scene, engine, remembers=True)
    outcomes = {way: judge(answer, scene.expect) for way, answer in told.items()}

    assert all(answer.headline for answer in told.values())
    # An open one that is right now is open no more.
    assert {way for way, outcome in outcomes.items() if outcome is not Outcome.RIGHT} == scene.open, told


def test_names_of_scenes_are_unique_and_each_expects_something() -> None:
    assert len({one.name for one in SCENES}) == len(SCENES)
    assert [one.name for one in SCENES if not one.expect.any and not one.expect.healthy] == []
