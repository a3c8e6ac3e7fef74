"""Every scene can be staged, and each way of asking about it gets an answer."""

from __future__ import annotations

import pytest

from bot.diagnosing import Engine, build_engine
from tests.scenes.run import ask
from tests.scenes.scene_files import WAYS, Scene, scenes

SCENES = scenes()


@pytest.fixture(scope="module")
def engine() -> Engine:
    return build_engine()[0]


@pytest.mark.parametrize("scene", SCENES, ids=[one.name for one in SCENES])
async def test_each_way_of_asking_is_answered(engine: Engine, scene: Scene) -> None:
    for way in WAYS:
        answer = await ask(scene, way, engine)

        assert answer.headline, way


def test_names_of_scenes_are_unique_and_each_expects_something() -> None:
    assert len({one.name for one in SCENES}) == len(SCENES)
    assert [one.name for one in SCENES if not one.expect.any and not one.expect.healthy] == []
