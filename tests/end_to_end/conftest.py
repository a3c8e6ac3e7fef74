import pytest

from bot.cli.rehearsal import full_world_of
from bot.diagnosing import Engine, build_engine
from intents.catalog.cases import ask_of
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
    """A pod that its answer's button cures, by deleting it."""
    return _case(engine, "image-pull-failed", "the registry did not answer, and does again")


def _case(engine: Engine, incident_id: str, name: str) -> Broken:
    incident = engine.catalog.incidents[incident_id]
    case = next(case for case in incident.cases if case.name.startswith(name))
    return Broken(incident=incident.id, world=full_world_of(incident, case), text=ask_of(incident, case).text)


@pytest.fixture
def vague(engine: Engine) -> Broken:
    """Nothing of its text tells in which cluster, or of which object, it was seen."""
    return broken_of(engine, "autoscaler-node-not-removed")
