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

# The numbered alerts of a row have the same worlds.
Row = Sequence[tuple[int, TableAlert]]
ROWS: list[Row] = [
    tuple(row) for _, row in groupby(enumerate(alert_table()), key=lambda one: (id(one[1].broken), id(one[1].healthy)))
]
TABLE = [pytest.param(row, id=row[0][1].id) for row in ROWS]


def question(alert: TableAlert, way: int) -> Request:
    """Return the alert as the webhook brings it, as Alertmanager or as Grafana posts it."""
    posts = (ExplainText(text=post(alert.labels)) for post in (templated, of_grafana))
    return (question_of(alert.labels, SUMMARY), *posts)[way % 3]


async def diagnosed(
    row: Row, world: Mapping[str, Any], *, first: int, engine: Engine
) -> list[tuple[TableAlert, Diagnosis]]:
    """Ask about each alert in one of three ways, by its number: all give the same labels (test_alert_texts)."""
    async with staged(stage(world)) as connection:
        return [
            (alert, await diagnose(question(alert, first + number), engine=engine, connection=connection))
            for number, alert in row
        ]


def causes(diagnosis: Diagnosis) -> set[str]:
    told = {one.incident for one in diagnosis.hypotheses if supported(one)}
    return told or ({"not explained"} if diagnosis.unexplained else set())


@pytest.mark.parametrize("row", TABLE)
async def test_the_cause_is_named_while_it_stands(row: Row, engine: Engine) -> None:
    for alert, diagnosis in await diagnosed(row, row[0][1].broken, first=0, engine=engine):
        found = causes(diagnosis)
        assert found & alert.finds or not alert.finds, (alert.id, found)


@pytest.mark.parametrize("row", TABLE)
async def test_a_healthy_object_gets_no_cause(row: Row, engine: Engine) -> None:
    """What only metrics tell is named with its query: of the series of the alert, not of its exporter."""
    for alert, diagnosis in await diagnosed(row, row[0][1].healthy, first=1, engine=engine):
        assert causes(diagnosis) == set(), alert.id
        if alert.name in alert_metrics():
            asked = [gap for gap in diagnosis.gaps if gap.reason is GapReason.ONLY_METRICS]
            shown = [gap_sentence(gap, language) for gap in asked for language in Language]
            assert len(asked) == 1, alert.id
            assert all(series_of(alert.labels) in sentence for sentence in shown), (alert.id, shown)


def series_of(labels: Mapping[str, str]) -> str:
    label = "instance" if "instance" in labels else "pod" if "pod" in labels else "{"
    return f'{label}="{labels[label]}"' if label in labels else ""
