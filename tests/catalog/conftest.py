"""Fixtures of all tests over the catalog."""

import asyncio

import pytest

from bot.diagnosing import Engine
from intents.catalog.loader import builtin_directory, load
from intents.catalog.schema import Incident
from tests.catalog.rehearsed import Rehearsed, rehearsed
from tests.engines import remembering_engine

CATALOG = load((builtin_directory(),)).catalog


@pytest.fixture(scope="session")
def engine() -> Engine:
    return remembering_engine()


@pytest.fixture(scope="session", params=list(CATALOG), ids=lambda incident: incident.id)
def incident(request: pytest.FixtureRequest) -> Incident:
    """Every incident of the built-in catalog; tests that ask for one incident run next to each other."""
    found: Incident = request.param
    return found


@pytest.fixture(scope="session")
def rehearsals(engine: Engine, incident: Incident) -> tuple[Rehearsed, ...]:
    """Diagnose the incident's cases once for all tests that look at the results."""
    return asyncio.run(rehearsed(engine, incident))
