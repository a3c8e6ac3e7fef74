"""Every alert of the common mixins leads to the cause in a broken cluster, and to none in a healthy one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

import pytest

from bot.cli.rehearsal import stage, staged
from bot.diagnosing import Engine, diagnose
from intents.alerts.alert import question_of
from intents.alerts.metrics import alert_metrics
from intents.domain import Diagnosis, GapReason, Language
from intents.request import ExplainText, Request
from intents.verdicts import supported
from responses.sentences import gap_sentence
from tests.alert_table import SUMMARY, TableAlert, alert_table, of_grafana, templated

# The alerts of a row have the same worlds.
ROWS = [tuple(row) for _, row in groupby(alert_table(), key=lambda one: (id(one.broken), id(one.healthy)))]
TABLE = [pytest.param(row, id=row[0].id) for row in ROWS]


def questions(alert: TableAlert) -> tuple[Request, ...]:
    """Return the alert as the webhook brings it, as Alertmanager and as Grafana post it."""
    posts = (post(alert.labels) for post in (templated, of_grafana))
    return (question_of(alert.labels, SUMMARY), *(ExplainText(text=text) for text in posts))


async def diagnosed(
    row: Sequence[TableAlert], world: Mapping[str, Any], *, engine: Engine
) -> list[tuple[TableAlert, list[Diagnosis]]]:
    async with staged(stage(world)) as connection:
        return [
            (alert, [await diagnose(one, engine=engine, connection=connection) for one in questions(alert)])
            for alert in row
        ]


def causes(diagnosis: Diagnosis) -> set[str]:
    told = {one.incident for one in diagnosis.hypotheses if supported(one)}
    return told or ({"not explained"} if diagnosis.unexplained else set())


@pytest.mark.parametrize("row", TABLE)
async def test_the_cause_is_named_while_it_stands(row: Sequence[TableAlert], engine: Engine) -> None:
    for alert, diagnoses in await diagnosed(row, row[0].broken, engine=engine):
        found = list(map(causes, diagnoses))
        assert [bool(one & alert.finds) or not alert.finds for one in found] == [True] * len(found), (alert.id, found)


@pytest.mark.parametrize("row", TABLE)
async def test_a_healthy_object_gets_no_cause(row: Sequence[TableAlert], engine: Engine) -> None:
    """What only metrics tell is named with its query: of the series of the alert, not of its exporter."""
    for alert, found in await diagnosed(row, row[0].healthy, engine=engine):
        assert list(map(causes, found)) == [set()] * len(found), alert.id
        if alert.name in alert_metrics():
            asked = [[gap for gap in one.gaps if gap.reason is GapReason.ONLY_METRICS] for one in found]
            assert list(map(len, asked)) == [1] * len(found), alert.id
            shown = [gap_sentence(gaps[0], language) for gaps in asked for language in Language]
            assert all(series_of(alert.labels) in sentence for sentence in shown), (alert.id, shown)


def series_of(labels: Mapping[str, str]) -> str:
    label = "instance" if "instance" in labels else "pod" if "pod" in labels else "{"
    return f'{label}="{labels[label]}"' if label in labels else ""
