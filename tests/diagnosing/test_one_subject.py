"""Ask about clusters with many faults at once: everything that an answer claims is about its subject (`one_subject`).

With CASEBOOK_TEST_ALL_SUBJECTS=1 the whole catalog is asked about, beside every scene, instead of a sample.
"""

from __future__ import annotations

import os
from typing import Any, Final

import pytest

from bot.diagnosing import Engine
from intents.catalog.schema import Incident
from tests.builtin import builtin_catalog
from tests.diagnosing.one_subject import ASKED, SCENES, moved_by_others, sampled, unanchored, violations_of

Json = dict[str, Any]

EVERY: Final = bool(os.environ.get("CASEBOOK_TEST_ALL_SUBJECTS"))
ENTRIES: Final = sampled(builtin_catalog().catalog, 10_000 if EVERY else 24)


def test_scenes_are_broken_in_many_ways_and_questions_are_many() -> None:
    assert len(SCENES) >= 6
    assert all(len(each["world"]["faults"]) >= 5 for each in SCENES)
    assert len([question for each in ASKED for question in each["questions"] if "text" in question]) >= 25


@pytest.mark.parametrize("scene", [pytest.param(each, id=each["name"]) for each in ASKED])
async def test_question_is_answered_and_the_answer_is_about_its_subject(scene: Json, engine: Engine) -> None:
    assert [str(each) for each in await violations_of(scene, engine)] == []


@pytest.mark.parametrize("incident", [pytest.param(each, id=each.id) for each in ENTRIES])
async def test_other_broken_objects_change_nothing(incident: Incident, engine: Engine) -> None:
    assert [str(each) for each in await moved_by_others(incident, engine, every=EVERY)] == []


async def test_paste_of_another_cluster_proves_nothing(engine: Engine) -> None:
    assert [str(each) for each in await unanchored(ENTRIES, engine)] == []
