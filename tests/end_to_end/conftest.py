from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from bot.cli.rehearsal import full_world_of
from bot.diagnosing import Engine, build_engine
from intents.catalog.cases import ask_of
from tests.end_to_end.workplace import Broken, Workplace, Worlds, broken_of, workplace


@pytest.fixture(scope="session")
def engine() -> Engine:
    built, problems = build_engine()
    assert not problems
    return built


@pytest.fixture(scope="module")
def worlds() -> Worlds:
    """Return the worlds of the cluster of `place`; a module has its own."""
    return ()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def place(tmp_path_factory: pytest.TempPathFactory, engine: Engine, worlds: Worlds) -> AsyncIterator[Workplace]:
    """Run one app for all tests of a module."""
    async with workplace(tmp_path_factory.mktemp("place"), engine, *worlds) as there:
        yield there


@pytest.fixture
def at(place: Workplace) -> Workplace:
    """Return the module's app with a channel and people of its own."""
    return place.room()


@pytest.fixture
def broken(engine: Engine) -> Broken:
    return broken_of(engine, "run-as-nonroot-root-image")


@pytest.fixture
def healing(engine: Engine) -> Broken:
    """Return a pod that the answer's button fixes by deleting it."""
    return _case(engine, "image-pull-failed", "the registry did not answer, and does again")


def _case(engine: Engine, incident_id: str, name: str) -> Broken:
    incident = engine.catalog.incidents[incident_id]
    case = next(case for case in incident.cases if case.name.startswith(name))
    return Broken(incident=incident.id, world=full_world_of(incident, case), text=ask_of(incident, case).text)


@pytest.fixture
def vague(engine: Engine) -> Broken:
    """Return a case whose text names no cluster and no object."""
    return broken_of(engine, "autoscaler-node-not-removed")
