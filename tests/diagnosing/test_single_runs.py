"""No answer about the only run of a pod says that it failed several times."""

from __future__ import annotations

import re
from typing import Any, Final

import pytest

from bot.cli.rehearsal import REHEARSAL_TIME, stage, staged
from bot.diagnosing import Engine, diagnose
from bot.playground.kubernetes.scenes import expanded
from intents.domain import JudgedHypothesis
from intents.request import DiagnoseObject
from intents.verdicts import supported

_REPEATED: Final = re.compile(
    r"keeps|(?<!not try )again|between (its )?restarts|(every|each) (kill|restart|time)|is restarted"
    r"|反复|每次|多次|两次重启|不断|再次"
)
_POD: Final = "import-x7x7x"


@pytest.mark.parametrize(
    ("incident", "fault"),
    [
        ("container-crash-looping", {"exited": 1}),
        ("container-crash-looping", {"exited": 1, "log": "KeyError: 'DATABASE_URL'"}),
        ("job-failed", {"exited": 1}),
    ],
    ids=["exit", "log", "job"],
)
async def test_one_run_is_not_told_as_several(engine: Engine, incident: str, fault: dict[str, Any]) -> None:
    world = {
        "scene": {"Job/orders/import": {"age": "30m", "containers": {"app": "import:7"}, "pods": [_POD]}},
        "faults": {"Job/orders/import": {"ago": "20m", **fault}},
    }
    request = DiagnoseObject(kind="Pod", namespace="orders", name=_POD)
    async with staged(stage(expanded(world, now=REHEARSAL_TIME))) as connection:
        diagnosis = await diagnose(request, engine=engine, connection=connection)

    told = [one for one in diagnosis.hypotheses if supported(one)]
    assert incident in {one.incident for one in told}
    assert [says for one in told for says in _words(one) if _REPEATED.search(says)] == []


def _words(one: JudgedHypothesis) -> list[str]:
    texts = [one.title, one.summary, one.root_cause, one.impact, *(finding.says for finding in one.findings)]
    return [says for text in texts for says in (text.en, text.zh)]
