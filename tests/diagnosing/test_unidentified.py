"""A text that names no object rules nothing out and offers no change of an object that is one of several."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, islice
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
OF_THE_CLUSTER = {"kube-system", "kube-node-lease"}


@pytest.fixture(scope="module")
def texts(engine: Engine) -> Mapping[str, tuple[str, ...]]:
    """Return the messages to ask about by entry."""
    return {each.id: tuple(islice(unnamed_texts(each, engine), MOST_TEXTS)) for each in engine.catalog}


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


async def refuted_by(asked_about: Iterable[str], engine: Engine, connection: Connection) -> list[str]:
    """Return what messages rule out."""
    return [
        f"{text[:80]!r} rules out {one.incident}"
        for text in asked_about
        for one in ruled_out(await asked(text, engine, connection), engine)
    ]


def test_messages_are_many(texts: Mapping[str, tuple[str, ...]]) -> None:
    assert sum(map(len, texts.values())) > 300


async def test_a_healthy_cluster_rules_out_nothing_of_an_unknown_object(
    engine: Engine, texts: Mapping[str, tuple[str, ...]]
) -> None:
    async with staged(stage()) as connection:
        assert await refuted_by(chain(*texts.values()), engine, connection) == []


async def test_a_broken_object_elsewhere_rules_out_nothing_of_an_unknown_one(
    engine: Engine, texts: Mapping[str, tuple[str, ...]]
) -> None:
    found = {}
    for incident in engine.catalog:
        if world := broken_world(incident):
            async with staged(stage(_elsewhere(world, "elsewhere"))) as connection:
                found[incident.id] = await refuted_by(texts[incident.id], engine, connection)
    assert sum(len(texts[name]) for name in found) > 300
    assert {name: some for name, some in found.items() if some} == {}


async def test_no_button_changes_one_of_two_objects_that_a_text_may_mean(
    engine: Engine, texts: Mapping[str, tuple[str, ...]]
) -> None:
    found, count = [], 0
    for incident in engine.catalog:
        world = broken_world(incident)
        if world is None or not _namespaces(world) - OF_THE_CLUSTER:
            continue
        unplaced = [text for text in texts[incident.id] if not any(place in text for place in _namespaces(world))]
        count += len(unplaced)
        async with staged(stage(world, _twin(world))) as connection:
            found += [
                f"{incident.id}: {text[:80]!r} offers {remedy.id} of {remedy.target}"
                for text in unplaced
                for one in (await asked(text, engine, connection)).hypotheses
                for remedy in one.remedies
                if not _is_unique(remedy, world)
            ]
    assert count > 300
    assert found == []


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
