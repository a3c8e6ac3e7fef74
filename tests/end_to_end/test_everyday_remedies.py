"""The usual failures, from the paste to the fix that is seen in the cluster."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bot.diagnosing import Engine
from tests.end_to_end.test_honest_verdicts import asked
from tests.end_to_end.test_symptoms import remedied
from tests.end_to_end.workplace import broken_of, lines_of, workplace


@pytest.mark.parametrize(
    ("incident", "button"),
    [("container-oom-killed", "Raise"), ("rollout-stuck", "Roll back")],
)
async def test_the_usual_remedy_is_verified(tmp_path: Path, engine: Engine, incident: str, button: str) -> None:
    broken = broken_of(engine, incident)
    async with workplace(tmp_path, engine, broken.world) as at:
        says = await remedied(at, broken.text, button)

    assert says.startswith("✅ FIXED\nWas: "), says


async def test_the_closest_name_of_a_missing_key_is_told(tmp_path: Path, engine: Engine) -> None:
    broken = broken_of(engine, "config-reference-missing")
    async with workplace(tmp_path, engine, broken.world) as at:
        answer = await at.answer(await at.slack.say(at.alex, at.channel, broken.text))

    assert any("has no key LOG_LEVEL; LOGLEVEL exists" in line for line in lines_of(answer))


# It waited for a Secret that did not exist, until its deadline.
_STARVED: dict[str, Any] = {
    "scene": {
        "Job/shop/migrate": {
            "age": "2h",
            "active": True,
            "spec": {"activeDeadlineSeconds": 600},
            "containers": {
                "app": {"image": "migrate:7", "env": {"URL": {"secretKeyRef": {"name": "shop-db", "key": "url"}}}}
            },
            "pods": ["migrate-x7x7x"],
        }
    },
    "faults": {
        "Pod/shop/migrate-x7x7x": {"gone": True},
        "Job/shop/migrate": {
            "conditions": {
                "Failed": {
                    "status": "True",
                    "reason": "DeadlineExceeded",
                    "message": "Job was active longer than specified deadline",
                    "since": "1h",
                }
            }
        },
    },
}
_FAILED = "KubeJobFailed: Job shop/migrate failed to complete"


async def test_a_job_that_failed_for_a_missing_secret_is_rerun_once_it_is_there(tmp_path: Path, engine: Engine) -> None:
    async with workplace(tmp_path, engine, _STARVED) as at:
        at.cluster.load({"objects": [{"kind": "Secret", "metadata": {"name": "shop-db", "namespace": "shop"}}]})
        says = await remedied(at, _FAILED, "Rerun Job")
        await at.settled()
        after = await asked(at, "job shop/migrate")

    assert says.startswith("✅ FIXED\nWas: "), says
    assert "has completed, and the incident is no longer found" in says
    assert "Job migrate-rerun-" in after, after


async def test_a_rerun_that_still_lacks_its_secret_is_not_called_a_fix(tmp_path: Path, engine: Engine) -> None:
    async with workplace(tmp_path, engine, _STARVED) as at:
        says = await remedied(at, _FAILED, "Rerun Job")

    assert "NOT FIXED" in says
    assert 'secret "shop-db" not found' in says
