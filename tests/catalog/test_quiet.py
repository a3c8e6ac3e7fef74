"""A catalog that cries wolf is muted: on a healthy cluster nothing is confirmed, whatever is pasted."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.cli.rehearsal import stage, staged
from bot.cluster.connection import Connection
from bot.cluster.snapshot import Snapshot
from bot.diagnosing import Engine, diagnose
from bot.probes.registry import declarations as probes
from bot.remedies.action import declarations as actions
from intents.catalog.cases import world_of
from intents.catalog.lint import lint
from intents.catalog.loader import builtin_directory, load
from intents.domain import Language, Verdict
from intents.request import DiagnoseObject, ExplainText
from responses.slack.as_text import as_text
from tests.catalog.chinese import in_chinese, is_chinese
from tests.catalog.conftest import CATALOG
from tests.connections import RememberingConnection
from tests.responses_slack.real import answer_of

# The examples of all entries are asked in one cluster; the parts may run on several workers.
PARTS = 4


@pytest.fixture
async def healthy() -> AsyncIterator[Connection]:
    async with staged(stage()) as connection:
        yield RememberingConnection.to(connection)


@pytest.mark.parametrize("part", range(PARTS))
async def test_nothing_is_proven_on_a_healthy_cluster(engine: Engine, healthy: Connection, part: int) -> None:
    """A text that asks for what no cluster has is at fault itself: its entry may be proven."""
    at_fault = {each.id for each in CATALOG if each.cases and not any(world_of(each, each.cases[0]).values())}
    for incident in tuple(CATALOG)[part::PARTS]:
        for text in (*incident.examples.match, *incident.examples.other):
            diagnosis = await diagnose(ExplainText(text=text), engine=engine, connection=healthy)

            verdicts = {one.verdict for one in diagnosis.hypotheses if one.incident not in at_fault}
            assert verdicts <= {Verdict.POSSIBLE, Verdict.RULED_OUT}, (incident.id, text)
            if text == in_chinese(incident):
                answer = answer_of(diagnosis, Language.ZH)
                assert is_chinese(as_text(answer.blocks).strip(), incident), (incident.id, text)


async def test_a_healthy_pod_raises_no_hypothesis_and_leaves_nothing_unexplained(
    engine: Engine, healthy: Connection
) -> None:
    for namespace, name in await _pods(healthy):
        request = DiagnoseObject(kind="pod", namespace=namespace, name=name)
        diagnosis = await diagnose(request, engine=engine, connection=healthy)

        assert [one.incident for one in diagnosis.hypotheses if one.verdict is not Verdict.RULED_OUT] == []
        assert diagnosis.unexplained == ()


async def _pods(connection: Connection) -> list[tuple[str, str]]:
    async with Snapshot(connection) as snapshot:
        items = (await snapshot.list("Pod")).items
    return [(item["metadata"]["namespace"], item["metadata"]["name"]) for item in items]


def test_the_catalog_is_clean() -> None:
    loaded = load((builtin_directory(),))

    found = (*loaded.problems, *lint(loaded.catalog, probes(), actions()))
    assert [str(problem) for problem in found] == []
