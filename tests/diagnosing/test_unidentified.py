"""A text that names no object rules nothing out and offers no change of an object that is one of several."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

import pytest

from bot.cli.rehearsal import full_world_of, stage, staged
from bot.cluster.connection import Connection
from bot.diagnosing import Engine, diagnose
from intents.catalog.checks import filled_signatures
from intents.catalog.schema import Incident
from intents.domain import Diagnosis, Existence, FindingOutcome, JudgedHypothesis, Remedy, Verdict
from intents.kinds import KINDS
from intents.request import ExplainText
from intents.symptoms import read_symptoms
from tests.diagnosing.one_subject import _moved, _namespaces

# Of the messages of an entry so many are asked about.
MOST_TEXTS = 4
# Their objects are those of the whole cluster.
# What is wrong with the answer to each text.
Answers = dict[str, list[str]]
OF_THE_CLUSTER = {"kube-system", "kube-node-lease"}


def unnamed_texts(incident: Incident, engine: Engine) -> Iterator[str]:
    """Yield messages of an entry that name neither an object nor a place."""
    for text in dict.fromkeys((*incident.examples.match, *filled_signatures(incident))):
        matching = engine.matcher.match(read_symptoms(text))
        named = {word for one in matching.hypotheses for word in one.named}
        if not (named & {*KINDS, "namespace", "api"} or matching.objects):
            yield text


def ruled_out(diagnosis: Diagnosis, engine: Engine) -> Iterator[JudgedHypothesis]:
    """Yield what is ruled out although the text quotes no object and nothing that all objects share rules it out."""
    if any(one.existence is Existence.QUOTED for one in diagnosis.named):
        return
    for one in diagnosis.hypotheses:
        incident = engine.catalog.incidents[one.incident]
        refuted = [each for each in one.findings if each.outcome is FindingOutcome.REFUTES and not each.pasted]
        rules = [rule for each in refuted if (rule := incident.rule(each.rule))]
        reads = {name for rule in rules for name in incident.reads if rule.each == name or name in rule.when}
        if one.verdict is Verdict.RULED_OUT and not all(incident.reads[name].shared for name in reads):
            yield one


def broken_world(incident: Incident) -> dict[str, Any] | None:
    cases = (case for case in incident.cases if case.then in (Verdict.CONFIRMED, Verdict.LIKELY))
    case = next((case for case in cases if not case.healthy), None)
    return full_world_of(incident, case) if case else None


async def asked(text: str, engine: Engine, connection: Connection) -> Diagnosis:
    return await diagnose(ExplainText(text=text, addressed=True), engine=engine, connection=connection)


async def refuted_by(texts: Iterable[str], engine: Engine, connection: Connection) -> Answers:
    """Return what each message rules out."""
    return {
        text: [f"rules out {one.incident}" for one in ruled_out(await asked(text, engine, connection), engine)]
        for text in texts
    }


def part(number: int, texts: Sequence[str]) -> list[str]:
    """Return the texts of an entry for one of three clusters: each text is in one, and none goes without."""
    return [*texts[number::3]] or [*texts[-1:]]


async def refuted_beside(incident: Incident, texts: Sequence[str], engine: Engine) -> Answers:
    """Return what messages rule out where an object that they do not name is broken."""
    if not (world := broken_world(incident)):
        return {}
    async with staged(stage(_elsewhere(world, "elsewhere"))) as connection:
        return await refuted_by(texts, engine, connection)


async def changed_of_two(incident: Incident, texts: Sequence[str], engine: Engine) -> Answers:
    """Return the changes that are offered of one of two broken objects."""
    world = broken_world(incident)
    if world is None or not _namespaces(world) - OF_THE_CLUSTER:
        return {}
    async with staged(stage(world, _twin(world))) as connection:
        return {
            text: [
                f"offers {remedy.id} of {remedy.target}"
                for one in (await asked(text, engine, connection)).hypotheses
                for remedy in one.remedies
                if not _is_unique(remedy, world)
            ]
            for text in texts
            if not any(place in text for place in _namespaces(world))
        }


@pytest.mark.parametrize("third", range(3))
async def test_a_text_that_names_no_object_rules_out_and_changes_none(engine: Engine, third: int) -> None:
    """Ask in a healthy cluster, where one unknown object is broken, and where two are, and a text may mean either."""
    count = Counter[str]()
    wrong: dict[tuple[str, str, str], list[str]] = {}
    async with staged(stage()) as healthy:
        for incident in [*engine.catalog][third::3]:
            texts = list(islice(unnamed_texts(incident, engine), MOST_TEXTS))
            for where, answers in (
                ("healthy", await refuted_by(part(0, texts), engine, healthy)),
                ("one broken", await refuted_beside(incident, part(1, texts), engine)),
                ("two broken", await changed_of_two(incident, part(2, texts), engine)),
            ):
                count[where] += len(answers)
                wrong |= {(incident.id, where, text): found for text, found in answers.items() if found}
    assert wrong == {}
    assert count["healthy"] > 90
    assert count["one broken"] > 40
    assert count["two broken"] > 30


def _elsewhere(world: dict[str, Any], beginning: str) -> dict[str, Any]:
    for number, place in enumerate(sorted(_namespaces(world) - OF_THE_CLUSTER)):
        world = _moved(world, place, f"{beginning}-{number}")
    return world


def _twin(world: dict[str, Any]) -> dict[str, Any]:
    """Return the same trouble in other namespaces, without what the cluster has once."""
    moved = _elsewhere(json.loads(json.dumps(world, default=str)), "twin")
    objects = [each for each in moved["objects"] if each["metadata"].get("namespace", "").startswith("twin-")]
    spaces = [each for each in moved["objects"] if each["kind"] == "Namespace" and "twin-" in each["metadata"]["name"]]
    events = [each for each in moved["events"] if "twin-" in json.dumps(each)]
    return {"objects": [*spaces, *objects], "events": events, "logs": moved["logs"], "metrics": moved["metrics"]}


def _is_unique(remedy: Remedy, world: dict[str, Any]) -> bool:
    """Tell whether the cluster has the target once: it is new, or in no namespace that has a twin."""
    target = None if remedy.action.startswith("create") else remedy.target
    place = "" if target is None else target.namespace or (target.name if target.kind == "Namespace" else "")
    return place not in _namespaces(world) - OF_THE_CLUSTER and not place.startswith("twin-")
