"""Summaries and runbooks say no more than is known: no object "in question", no second kill, no previous log."""

from __future__ import annotations

from typing import Any, Final

import pytest
import yaml

from bot.cli.rehearsal import stage, staged
from bot.diagnosing import Engine, diagnose
from intents.domain import JudgedHypothesis
from intents.request import DiagnoseObject, ExplainText

WORLD: Final[dict[str, Any]] = yaml.safe_load("""
scene:
  Pod/shop/evicted: {containers: {app: "spool:1"}, node: worker-b}
  Job/shop/once: {age: 30m, containers: {app: {image: "once:7", limits: {memory: 64Mi}}}, pods: [once-x7x7x]}
  Deployment/shop/often: {containers: {app: {image: "often:7", limits: {memory: 64Mi}}}, pods: [often-7d9f8b6c54-x2x4z]}
faults:
  Pod/shop/evicted: {status: {phase: Failed, reason: Evicted, conditions: null, containerStatuses: null}}
  Job/shop/once: {exited: OOMKilled, ago: 20m}
  Deployment/shop/often: {exited: OOMKilled, restarts: 9, waiting: CrashLoopBackOff}
""")
TEXTS: Final = (
    "CrashLoopBackOff",
    "Last State: Terminated Reason: OOMKilled Exit Code: 137",
    "Ready   Unknown   NodeStatusUnknown   Kubelet stopped posting node status.",
    "job failed: BackoffLimitExceeded",
)


async def judged(about: str, incident: str, engine: Engine) -> JudgedHypothesis:
    async with staged(stage(WORLD)) as connection:
        request = DiagnoseObject(kind="Pod", namespace="shop", name=about)
        diagnosis = await diagnose(request, engine=engine, connection=connection)
    return next(one for one in diagnosis.hypotheses if one.incident == incident)


@pytest.mark.parametrize("text", TEXTS)
async def test_a_text_without_a_name_gets_a_sentence_without_one(text: str, engine: Engine) -> None:
    diagnosis = await diagnose(ExplainText(text=text), engine=engine, connection=None)

    said = " ".join(f"{one.summary.en} {one.root_cause.en}" for one in diagnosis.hypotheses)
    assert said
    assert "in question" not in said


async def test_an_eviction_without_a_message_names_no_resource(engine: Engine) -> None:
    found = await judged("evicted", "pod-evicted", engine)

    assert "shop/evicted" in found.summary.en
    assert "no message" in found.summary.en
    assert not any(word in found.summary.en for word in ("short", "other", "memory", "limit"))


@pytest.mark.parametrize(("pod", "repeated"), [("once-x7x7x", False), ("often-7d9f8b6c54-x2x4z", True)])
async def test_only_a_container_that_was_killed_several_times_is_killed_at_every_run(
    pod: str, repeated: bool, engine: Engine
) -> None:
    found = await judged(pod, "container-oom-killed", engine)

    assert ("every kill" in found.impact.en) is repeated
    assert ("9 restarts" in found.root_cause.en) is repeated


@pytest.mark.parametrize(("pod", "previous"), [("once-x7x7x", "false"), ("often-7d9f8b6c54-x2x4z", "true")])
async def test_the_log_of_the_only_run_is_not_a_previous_one(pod: str, previous: str, engine: Engine) -> None:
    found = await judged(pod, "container-crash-looping", engine)

    assert f"--previous={previous}" in found.runbook[0].run
