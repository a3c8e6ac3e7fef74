import pytest

from bot.diagnosing import Engine, build_engine
from tests.end_to_end.workplace import Broken, broken_of


@pytest.fixture(scope="session")
def engine() -> Engine:
    built, problems = build_engine()
    assert not problems
    return built


@pytest.fixture
def broken(engine: Engine) -> Broken:
    return broken_of(engine, "run-as-nonroot-root-image")
