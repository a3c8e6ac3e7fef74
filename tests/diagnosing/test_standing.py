"""An object that is suspended, paused, scaled to zero, cordoned or joining says so, before anything else."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from bot.cli.rehearsal import stage, staged
from bot.diagnosing import Engine, diagnose
from intents.domain import Language
from intents.request import DiagnoseObject
from responses import words
from responses.safety import scrubbed
from responses.slack.controls import AnswerView
from responses.slack.diagnosis import answer_message

WORLDS: Final[list[dict[str, Any]]] = yaml.safe_load(
    Path(__file__).with_name("standing.yaml").read_text(encoding="utf-8")
)
ASKS: Final = [
    pytest.param(world["world"], about, says, id=about) for world in WORLDS for about, says in world["asks"].items()
]


async def notification(world: dict[str, Any], about: str, engine: Engine, language: Language) -> str:
    """Return the first lines of the answer about an object."""
    kind, *namespace, name = about.split("/")
    async with staged(stage(world)) as connection:
        request = DiagnoseObject(kind=kind, namespace="".join(namespace), name=name)
        diagnosis = await diagnose(request, engine=engine, connection=connection)
    shown = answer_message(
        AnswerView(diagnosis=scrubbed(diagnosis), language=language, request_id="r1", seconds=1.0, of_text=False)
    )
    return shown.text


@pytest.mark.parametrize(("world", "about", "says"), ASKS)
async def test_the_state_comes_first_and_once(world: dict[str, Any], about: str, says: str, engine: Engine) -> None:
    said = await notification(world, about, engine, Language.EN)

    assert words.NO_PROBLEM.en not in said
    assert says in " ".join(said.splitlines()[:2])
    assert said.count(says) == 1


@pytest.mark.parametrize(("world", "about", "says"), ASKS[:8])
async def test_the_state_is_said_in_chinese(world: dict[str, Any], about: str, says: str, engine: Engine) -> None:
    said = await notification(world, about, engine, Language.ZH)

    assert words.NO_PROBLEM.zh not in said
    assert says not in said


@pytest.mark.parametrize(
    ("about", "says"),
    [
        ("Deployment/thumbs/web", "2 of 2 pods are ready"),
        ("Pod/thumbs/web-6f4d8b7c5-aaaaa", "all its containers are ready, none was restarted"),
        ("Pod/thumbs/web-6f4d8b7c5-bbbbb", "all its containers are ready, the last restart was 3d ago"),
    ],
)
async def test_what_is_well_is_told_by_what_its_status_shows(about: str, says: str, engine: Engine) -> None:
    pods = {"web-6f4d8b7c5-aaaaa": {"age": "9d"}, "web-6f4d8b7c5-bbbbb": {"age": "9d"}}
    web = {"containers": {"web": {"image": "thumbs/web:1.2"}}, "pods": pods}
    ended = {"restarts": 1, "exited": 0, "ago": "3d"}
    world = {"scene": {"Deployment/thumbs/web": web}, "faults": {"Pod/thumbs/web-6f4d8b7c5-bbbbb": ended}}

    said = await notification(world, about, engine, Language.EN)

    assert words.NO_PROBLEM.en in said
    assert says in said
