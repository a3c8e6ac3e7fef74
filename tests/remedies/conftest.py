"""A case of the catalog as a scene in which a button may be pressed."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from bot.cli.rehearsal import request_of, stage, staged
from bot.diagnosing import Engine, build_engine, diagnose
from intents.catalog.cases import world_of
from intents.domain import Diagnosis
from tests import roles
from tests.remedies.scene import Enter, Scene

# Of `casebook rbac`: what reads, and what all buttons write.
BOTH = (("read",), ("act",))


@pytest.fixture(scope="session")
def engine() -> Engine:
    return build_engine()[0]


@pytest.fixture(scope="session")
def diagnoses() -> dict[str, Diagnosis]:
    """By scene: its time stands still, so that asking again tells the same."""
    return {}


@pytest.fixture
def enter(engine: Engine, diagnoses: dict[str, Diagnosis]) -> Enter:
    """`async with enter(case) as scene`: a case of the catalog, diagnosed; `more` worlds lie beside it.

    Casebook may do what the roles `under` grant it, as it may in a real cluster.
    """

    @asynccontextmanager
    async def entered(
        of: tuple[str, str], *more: dict[str, Any], under: tuple[tuple[str, ...], ...] = BOTH
    ) -> AsyncIterator[Scene]:
        incident = engine.catalog.incidents[of[0]]
        case = next(each for each in incident.cases if each.name == of[1])
        cluster = stage(world_of(incident, case), *more)
        for argv in under:
            roles.apply(cluster, *argv)
        scene = json.dumps([of, more, under])
        request = request_of(incident, case)
        async with staged(cluster) as connection:
            if scene not in diagnoses:
                diagnoses[scene] = await diagnose(request, engine=engine, connection=connection)
            diagnosis = diagnoses[scene]
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
