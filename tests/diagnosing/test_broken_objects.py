"""Diagnose broken objects whose author had not seen the catalog: none is called fine, none gets a wrong cause."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from bot.cli.rehearsal import stage, staged
from bot.diagnosing import Engine, diagnose
from intents.domain import Diagnosis, Verdict
from intents.request import DiagnoseObject

BROKEN: Final[list[dict[str, Any]]] = yaml.safe_load(
    Path(__file__).with_name("broken_objects.yaml").read_text(encoding="utf-8")
)
SUPPORTED: Final = (Verdict.CONFIRMED, Verdict.LIKELY)


async def diagnosed(broken: dict[str, Any], *, engine: Engine) -> Diagnosis:
    kind, namespace, name = broken["ask"].split("/")
    async with staged(stage(broken["world"])) as connection:
        request = DiagnoseObject(kind=kind, namespace=namespace, name=name)
        return await diagnose(request, engine=engine, connection=connection)


def words_in(words: Iterable[str], *texts: str) -> list[str]:
    """Return the words that begin a word of a text, so that "crash" finds "crashes" and "pull" finds "pulled"."""
    return [word for word in words if any(re.search(rf"\b{re.escape(word)}", text, re.IGNORECASE) for text in texts)]


def texts_of(incident: str, title: str) -> tuple[str, str]:
    return incident.replace("-", " "), title


def test_names_differ() -> None:
    assert len({each["name"] for each in BROKEN}) == len(BROKEN)


def test_each_object_excludes_incidents_that_exist(engine: Engine) -> None:
    texts = [text for each in engine.catalog for text in texts_of(each.id, each.title.en)]

    assert [each["name"] for each in BROKEN if len(words_in(each["never"], *texts)) < 2] == []


@pytest.mark.parametrize("broken", [pytest.param(each, id=each["name"]) for each in BROKEN])
async def test_broken_object_is_not_called_fine_and_gets_no_wrong_cause(broken: dict[str, Any], engine: Engine) -> None:
    diagnosis = await diagnosed(broken, engine=engine)
    confirmed = [each for each in diagnosis.hypotheses if each.verdict is Verdict.CONFIRMED]
    wrong = [each.incident for each in confirmed if words_in(broken["never"], *texts_of(each.incident, each.title.en))]

    assert wrong == []
    assert diagnosis.unexplained or [each for each in diagnosis.hypotheses if each.verdict in SUPPORTED]
