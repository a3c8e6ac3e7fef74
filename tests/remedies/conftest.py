"""A case of the catalog as a scene in which a button may be pressed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from bot.diagnosing import Engine, build_engine, diagnose
from bot.rehearsing import request_of, stage, staged
from intents.catalog.cases import world_of
from tests.remedies.scene import Enter, Scene


@pytest.fixture(scope="session")
def engine() -> Engine:
    return build_engine()[0]


@pytest.fixture
def enter(engine: Engine) -> Enter:
    """`async with enter(case) as scene`: a case of the catalog, diagnosed; `more` worlds lie beside it."""

    @asynccontextmanager
    async def entered(of: tuple[str, str], *more: dict[str, Any]) -> AsyncIterator[Scene]:
        incident = engine.catalog.incidents[of[0]]
        case = next(each for each in incident.cases if each.name == of[1])
        cluster = stage(world_of(incident, case), *more)
        async with staged(cluster) as connection:
            request = request_of(incident, case)
            diagnosis = await diagnose(request, engine=engine, connection=connection)
            judged = next(each for each in diagnosis.hypotheses if each.incident == incident.id)
            cluster.requests.clear()
            yield Scene(
                cluster=cluster,
                connection=connection,
                engine=engine,
                request=request,
                diagnosis=diagnosis,
                judged=judged,
            )

    return entered
