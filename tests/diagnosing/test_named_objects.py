"""An answer rests on the object that the text names; of an absent or a healthy one no other proves it silently."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from bot.cli.rehearsal import full_world_of, stage, staged
from bot.diagnosing import Engine, diagnose
from intents.catalog.cases import ask_of
from intents.catalog.schema import Incident
from intents.domain import Diagnosis, FindingOutcome, Focus, JudgedHypothesis, Language, ObjectRef, Verdict
from intents.focus import focus_of
from intents.request import ExplainText
from intents.symptoms import read_symptoms
from responses.named_objects import named_sentences
from tests.diagnosing.connections import Connections

ABSENT = {
    "Pod": ("nowhere", "nosuch-0"),
    "StatefulSet": ("nowhere", "nosuch"),
    "Deployment": ("nowhere", "nosuch"),
    "Service": ("nowhere", "nosuch"),
    "Node": ("", "nosuch-node-1"),
    "TidbCluster": ("nowhere", "nosuch"),
}
HEALTHY = {
    "Pod": ("shop", "storefront-6b8d4f7c95-jp4cz"),
    "StatefulSet": ("shop", "ledger"),
    "Deployment": ("shop", "storefront"),
    "Service": ("shop", "storefront"),
    "Node": ("", "worker-b"),
}
# The pod's image cannot be pulled; the incidents of images are about just that.
BROKEN_OTHERWISE = {"Pod": ("store", "cart-5d8f7c9b6-q7r2w"), "Deployment": ("store", "cart")}


@dataclass(frozen=True, slots=True)
class Paste:
    """A text of an entry in which an object of that kind, namespace and name is named."""

    how: str
    incident: str
    text: str
    kind: str
    namespace: str
    name: str


def pastes_of(incident: Incident, engine: Engine) -> Iterator[tuple[dict[str, Any], list[Paste]]]:
    """Yield the world of an entry's first proven text, and the text about other objects."""
    for case in incident.cases:
        ask = ask_of(incident, case)
        if case.healthy or case.then is not Verdict.CONFIRMED or not ask.text:
            continue
        matched = engine.matcher.match(read_symptoms(ask.text)).hypotheses
        own = next((one for one in matched if one.incident == incident.id), None)
        if own is None:
            # The labels of an alert raise it, not the text.
            continue
        if own.besides:
            # The text names what the evidence names too.
            return
        focus = focus_of(incident, own, namespace=ask.namespace)
        of_images = "image" in incident.id
        states = {"absent": ABSENT, "healthy": HEALTHY, "otherwise": {} if of_images else BROKEN_OTHERWISE}
        yield (
            full_world_of(incident, case),
            [paste for how, named in states.items() if (paste := _renamed(how, incident.id, ask.text, focus, named))],
        )
        return


def _renamed(how: str, incident: str, text: str, focus: Focus, named: dict[str, tuple[str, str]]) -> Paste | None:
    if focus.name and focus.kind not in named:
        return None
    kind = focus.kind if focus.name else "Pod"
    if kind not in named:
        return None
    namespace, name = named[kind]
    if focus.name:
        for old, new in ((focus.namespace, namespace), (focus.name, name)):
            if old and new:
                text = re.sub(rf"(?<![a-z0-9-]){re.escape(old)}(?![a-z0-9-])", new, text)
    where = f" -n {namespace}" if namespace else ""
    return Paste(how, incident, f"$ kubectl describe {kind.lower()} {name}{where}\n{text}", kind, namespace, name)


def chosen(pastes: list[Paste], number: int) -> list[Paste]:
    """Return all pastes about rarer kinds, and one of those about a pod: another one for each entry in turn."""
    of_pods = [paste for paste in pastes if paste.kind == "Pod"]
    return [of_pods[number % len(of_pods)]] if of_pods else pastes


async def test_no_paste_is_confirmed_or_ruled_out_silently_by_another_object(engine: Engine) -> None:
    asked = Counter[str]()
    silent: list[str] = []
    image = engine.catalog.incidents["image-pull-failed"]
    otherwise = full_world_of(image, next(case for case in image.cases if case.name == "there is no such tag"))
    for number, incident in enumerate(engine.catalog):
        for world, pastes in pastes_of(incident, engine):
            worlds = [world] if "image" in incident.id else [world, otherwise]
            cluster = stage(*worlds)
            connections = Connections(obj for _, obj in cluster.store.everything())
            async with staged(cluster) as connection:
                for paste in chosen(pastes, number):
                    said = await diagnose(ExplainText(text=paste.text), engine=engine, connection=connection)
                    asked[paste.how] += 1
                    silent += _silent(said, paste, connections)
    assert not silent, "\n".join(silent)
    assert min(asked[how] for how in ("absent", "healthy", "otherwise")) >= 30


def _silent(said: Diagnosis, paste: Paste, connections: Connections) -> list[str]:
    """Return what is wrong with an answer: evidence about another object that the answer does not mention first."""
    first = said.hypotheses[0]
    notes = named_sentences(said, Language.EN)
    if paste.how == "absent":
        # An incident of namespaces says that the object's namespace does not exist.
        absent = (f"{paste.namespace}/{paste.name}".lstrip("/"), f"Namespace {paste.namespace}")
        told = bool(notes) and any(f"{name} does not exist" in notes[0] for name in absent)
        wrong = first.verdict is not Verdict.POSSIBLE or not told
        return [f"{paste}: {first.verdict}, {notes}"] if wrong else []
    decided = first.verdict in (Verdict.CONFIRMED, Verdict.LIKELY, Verdict.RULED_OUT)
    told = any(paste.name in each for each in (*notes, first.summary.en))
    if not decided or told or _is_about(first, paste, connections):
        return []
    return [f"{paste}: {first.verdict} by {[*map(str, _subjects(first))]}"]


def _is_about(first: JudgedHypothesis, paste: Paste, connections: Connections) -> bool:
    subjects = _subjects(first)
    connected = connections.connected((paste.kind, paste.namespace, paste.name))
    connected |= connections.serving(connected)
    return not subjects or any(one.name == paste.name or one.key in connected for one in subjects)


def _subjects(one: JudgedHypothesis) -> list[ObjectRef]:
    outcome = FindingOutcome.REFUTES if one.verdict is Verdict.RULED_OUT else FindingOutcome.SUPPORTS
    found = [each.subject for each in one.findings if each.outcome is outcome and not each.pasted]
    return [subject for subject in found if subject is not None]
