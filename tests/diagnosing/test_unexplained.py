"""A confirmed cause explains the consequences it declares, of the pods that it was proven for."""

from __future__ import annotations

import pytest

from bot.diagnosing.observation import Observed, Statement, unexplained
from bot.kube.health import of_condition, of_event, of_exit, of_reason
from intents.catalog.fields import Consequence
from intents.domain import (
    Finding,
    FindingOutcome,
    Hypothesis,
    JudgedHypothesis,
    ObjectRef,
    Row,
    Severity,
    Text,
    Verdict,
)
from tests.builtin import builtin_catalog

CATALOG = builtin_catalog().catalog
PODS = tuple(ObjectRef(kind="Pod", namespace="shop", name=f"web-{number}") for number in (0, 1))
OWNER = ObjectRef(kind="Deployment", namespace="shop", name="web")
SAYS = Text.same("x")


def judged(incident: str, verdict: Verdict) -> JudgedHypothesis:
    row = Row(values={"namespace": "shop", "pod": "web-0"}, subject=PODS[0])
    proof = Finding(rule="r", outcome=FindingOutcome.SUPPORTS, says=SAYS, rows=(row,))
    return JudgedHypothesis(
        hypothesis=Hypothesis(incident=incident, score=1.0),
        verdict=verdict,
        title=SAYS,
        severity=Severity.WARNING,
        root_cause=SAYS,
        impact=SAYS,
        findings=(proof,),
    )


OBSERVED = Observed(
    statements=(
        Statement(subject=PODS[0], text="exit code 1", trouble=True, shows=Consequence.EXIT),
        Statement(subject=PODS[1], text="exit code 2", trouble=True, shows=Consequence.EXIT),
        Statement(subject=PODS[0], text="not scheduled", trouble=True, shows=Consequence.UNSCHEDULED),
        Statement(subject=OWNER, text="too few", trouble=True, shows=Consequence.UNREADY),
        Statement(subject=OWNER, text="quota", trouble=True),
    )
)
EVERYTHING = ["exit code 1", "exit code 2", "not scheduled", "quota", "too few"]


@pytest.mark.parametrize(
    ("incident", "verdict", "left"),
    [
        ("ulimit-nofile-too-low", Verdict.CONFIRMED, ["exit code 2", "not scheduled", "quota"]),
        ("pending-insufficient-resources", Verdict.CONFIRMED, ["exit code 1", "exit code 2", "quota"]),
        ("ulimit-nofile-too-low", Verdict.LIKELY, EVERYTHING),
        ("etcd-slow-disk", Verdict.CONFIRMED, EVERYTHING),
    ],
)
def test_confirmed_cause_explains_what_it_declares(incident: str, verdict: Verdict, left: list[str]) -> None:
    found = unexplained(OBSERVED, [judged(incident, verdict)], CATALOG)

    assert sorted(one.quote for one in found) == left


def test_consequences_of_events_states_and_conditions() -> None:
    assert of_event("BackOff", "Back-off restarting failed container") is Consequence.EXIT
    assert of_event("BackOff", 'Back-off pulling image "x"') is Consequence.NOT_STARTED
    assert of_event("FailedMount", "no such secret") is None
    assert of_reason("CrashLoopBackOff") is Consequence.EXIT
    assert of_condition("Deployment", "Available") is Consequence.UNREADY
    assert of_condition("Deployment", "ReplicaFailure") is None
    assert of_exit("Evicted") is Consequence.EVICTED
