import pytest

from bot.diagnosing import Engine, build_engine
from intents.catalog.cases import ask_of, world_of
from tests.end_to_end.workplace import Broken, broken_of


@pytest.fixture(scope="session")
def engine() -> Engine:
    built, problems = build_engine()
    assert not problems
    return built


@pytest.fixture
def broken(engine: Engine) -> Broken:
    return broken_of(engine, "run-as-nonroot-root-image")


@pytest.fixture
def healing(engine: Engine) -> Broken:
    """A pod that its answer's button cures."""
    incident = engine.catalog.incidents["image-pull-failed"]
    case = next(case for case in incident.cases if "a restart skips the back-off" in case.name)
    return Broken(incident=incident.id, world=world_of(incident, case), text=ask_of(incident, case).text)
