"""Ask about every scene in three ways and print which answers lead with the fact that matters.

Run `python -m tests.scenes.run` for all scenes, with names for some of them, with `-v` to see the answers, with
`--latency 0.05 --pods 2000` to measure them on a slow API server and beside so many healthy pods of the namespace.
"""

from __future__ import annotations

import argparse
import asyncio
import math
import re
import statistics
import sys
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from bot.cli.rehearsal import stage, staged
from bot.cluster.connection import Connection
from bot.diagnosing import Engine, TargetNotFound, build_engine, diagnose
from intents.domain import Diagnosis, Existence, JudgedHypothesis, Language, Verdict
from intents.request import ExplainText, Request
from responses import glance, sentences
from responses.failures import target_not_found
from responses.named_objects import leading_sentences, nothing_found
from responses.safety import scrubbed
from responses.shown import shown
from tests.connections import RememberingConnection
from tests.scenes.scene_files import WAYS, Expectation, Scene, scenes

_SURE: Final = (Verdict.CONFIRMED, Verdict.LIKELY)
_SHOWN: Final = 150


class Outcome(StrEnum):
    """What an answer is worth: it leads with the fact, is true without it, says nothing, or is sure and wrong."""

    RIGHT = "right"
    LACKING = "lacking"
    BLANK = "blank"
    WRONG = "WRONG-CONFIDENT"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a reader sees first of an answer, in English, and what it is about.

    `accuses` says that it blames something, `sure` that it is confirmed or likely, `says` that it says anything.
    """

    headline: str
    proof: str = ""
    below: str = ""
    about: str = ""
    incident: str = ""
    verdict: str = ""
    sure: bool = False
    accuses: bool = False
    says: bool = False
    api_calls: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """The outcome of one way of asking about a scene. `below`: the fact is in the answer, further down."""

    scene: str
    way: str
    answer: Answer
    outcome: Outcome
    below: bool = False


async def answers(
    scene: Scene, engine: Engine, *, latency: float = 0.0, pods: int = 0, remembers: bool = False
) -> dict[str, Answer]:
    """Stage a scene with healthy neighbours, ask in every way, and return what the reader sees for each.

    With `remembers` a later way asks the cluster only for what the earlier ones have not read.
    """
    cluster = stage(scene.world, {"objects": [_neighbour(scene, number) for number in range(pods)]})
    cluster.latency = latency
    async with staged(cluster) as connection:
        known = RememberingConnection.to(connection) if remembers else connection
        return {way: await _ask(scene.asks[way], engine, known) for way in WAYS}


async def _ask(request: Request, engine: Engine, connection: Connection) -> Answer:
    start = time.perf_counter()
    try:
        found = await diagnose(request, engine=engine, connection=connection)
    except TargetNotFound as missing:
        says = target_not_found(missing.named).in_(Language.EN)
        return Answer(headline=says, says=True, seconds=time.perf_counter() - start)
    return _answer(shown(scrubbed(found)), request, seconds=time.perf_counter() - start)


def _neighbour(scene: Scene, number: int) -> dict[str, Any]:
    """Return a healthy pod of the scene's namespace that has nothing to do with it."""
    asked = scene.asks["object"]
    state = {"name": "main", "ready": True, "restartCount": 0, "image": "idle:1", "state": {"running": {}}}
    return {
        "kind": "Pod",
        "metadata": {"name": f"idle-{number:05d}", "namespace": asked.namespace, "labels": {"app": "idle"}},
        "spec": {"nodeName": "worker-a", "containers": [{"name": "main", "image": "idle:1"}]},
        "status": {
            "phase": "Running",
            "conditions": [{"type": "Ready", "status": "True"}],
            "containerStatuses": [state],
        },
    }


def _answer(diagnosis: Diagnosis, request: Request, *, seconds: float) -> Answer:
    of_text = isinstance(request, ExplainText)
    first = sentences.first_hypothesis(diagnosis, of_text=of_text)
    leading = leading_sentences(diagnosis, first, Language.EN)
    if first is None:
        return _without_cause(diagnosis, leading, seconds=seconds)
    proofs = glance.proofs(first, diagnosis, Language.EN, of_text=of_text)
    blames = not sentences.is_out(first) and not sentences.is_offer(first)
    return Answer(
        headline=" ".join((*leading, glance.first_line(first, Language.EN))),
        proof=next(iter(proofs), ""),
        below=_below(first, diagnosis, proofs[1:], of_text=of_text),
        about=str(first.subject or ""),
        incident=first.incident,
        verdict=first.verdict.value,
        sure=blames and first.verdict in _SURE,
        accuses=blames and first.subject is not None,
        says=True,
        api_calls=diagnosis.api_calls,
        seconds=seconds,
    )


def _without_cause(diagnosis: Diagnosis, leading: Sequence[str], *, seconds: float) -> Answer:
    _, heading, says = nothing_found(diagnosis, Language.EN)
    seen = [glance.observation(each, Language.EN) for each in diagnosis.unexplained]
    return Answer(
        headline=" ".join((*leading, heading, *says, *seen)),
        accuses=bool(seen),
        says=bool(seen or diagnosis.standing or any(one.existence is Existence.MISSING for one in diagnosis.named)),
        api_calls=diagnosis.api_calls,
        seconds=seconds,
    )


def _below(first: JudgedHypothesis, diagnosis: Diagnosis, more: Iterable[str], *, of_text: bool) -> str:
    effect = glance.effect(first, diagnosis, Language.EN, of_text=of_text)
    found = (f"{each.says.en} {each.quote}" for one in diagnosis.hypotheses for each in one.findings)
    others = (one.summary.en for one in diagnosis.hypotheses if one.verdict is not Verdict.RULED_OUT)
    return "\n".join((effect, *more, *others, *found))


def judge(answer: Answer, expect: Expectation) -> Outcome:
    """Return what an answer is worth."""
    seen = f"{answer.headline}\n{answer.proof}"
    if expect.healthy:
        return _judge_healthy(answer, expect, seen)
    is_wrong = _some(expect.wrong, seen)
    if is_wrong:
        return Outcome.WRONG if answer.sure else Outcome.LACKING
    if _some(expect.any, seen) and _is_at(expect.at, answer, seen):
        return Outcome.RIGHT
    if not answer.says:
        return Outcome.BLANK
    return Outcome.WRONG if answer.sure and not _some(expect.also, seen) else Outcome.LACKING


def _judge_healthy(answer: Answer, expect: Expectation, seen: str) -> Outcome:
    if answer.sure or _some(expect.wrong, seen):
        return Outcome.WRONG
    if answer.accuses or (expect.any and not _some(expect.any, seen)):
        return Outcome.LACKING
    return Outcome.RIGHT


def _is_at(at: Sequence[str], answer: Answer, seen: str) -> bool:
    names = [re.escape(one.rpartition("/")[2]) for one in at]
    return not at or any(re.search(rf"(?<![\w-]){name}", f"{seen} {answer.about}") for name in names)


def _some(patterns: Iterable[re.Pattern[str]], text: str) -> bool:
    return any(each.search(text) for each in patterns)


async def results_of(scene: Scene, engine: Engine, *, latency: float, pods: int) -> list[Result]:
    """Ask about a scene in every way."""
    results = []
    for way, answer in (await answers(scene, engine, latency=latency, pods=pods)).items():
        outcome = judge(answer, scene.expect)
        below = outcome is Outcome.LACKING and _some(scene.expect.any, answer.below)
        results.append(Result(scene=scene.name, way=way, answer=answer, outcome=outcome, below=below))
    return results


def table(results: Sequence[Result], *, verbose: bool) -> list[str]:
    """Return a line for each answer, the answers that are not right with what they said, and the sums."""
    width = max(len(one.scene) for one in results)
    lines = []
    for one in results:
        answer = one.answer
        told = f"{answer.api_calls:3d} calls {answer.seconds * 1000:6.0f} ms"
        outcome = f"{one.outcome}{' (fact below)' if one.below else ''}"
        lines.append(f"{one.scene:{width}}  {one.way:6}  {told}  {outcome}")
        if verbose or one.outcome is not Outcome.RIGHT:
            most = None if verbose else _SHOWN
            lines.append(f"    {answer.verdict or '-'} {answer.incident} {answer.about}: {answer.headline[:most]}")
        if verbose:
            lines.append(f"    proof: {answer.proof}")
    return [*lines, "", *_sums(results)]


def _sums(results: Sequence[Result]) -> list[str]:
    lines = []
    for way in (*WAYS, "total"):
        asked = [one for one in results if way in (one.way, "total")]
        count = Counter(one.outcome for one in asked)
        parts = [f"{count[outcome]:3d} {outcome} ({count[outcome] / len(asked):.0%})" for outcome in Outcome]
        calls = sorted(one.answer.api_calls for one in asked)
        times = sorted(one.answer.seconds * 1000 for one in asked)
        told = f"calls median {statistics.median(calls):.0f} most {calls[-1]}"
        took = f"ms median {statistics.median(times):.0f} p95 {times[math.ceil(len(times) * 0.95) - 1]:.0f}"
        lines.append(f"{way:6} of {len(asked):3d}: {', '.join(parts)}; {told}; {took}")
    return lines


async def _run(names: Sequence[str], *, verbose: bool, latency: float, pods: int) -> None:
    engine, _ = build_engine()
    chosen = [one for one in scenes() if not names or any(name in one.name for name in names)]
    results = [result for scene in chosen for result in await results_of(scene, engine, latency=latency, pods=pods)]
    sys.stdout.write("\n".join((*table(results, verbose=verbose), "")))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="parts of the names of scenes")
    parser.add_argument("-v", "--verbose", action="store_true")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds that each call of the API takes longer")
    parser.add_argument("--pods", type=int, default=0, help="healthy pods beside each scene, in its namespace")
    arguments = parser.parse_args()
    asyncio.run(_run(arguments.names, verbose=arguments.verbose, latency=arguments.latency, pods=arguments.pods))
