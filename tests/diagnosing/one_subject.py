"""Ask the simulated cluster the questions of `one_subject.yaml`, and list what an answer claims about other objects.

`python -m tests.diagnosing.one_subject` counts the violations of each invariant; `all` asks about the whole catalog.
"""

from __future__ import annotations

import asyncio
import json
import random
import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any, Final

import yaml

from bot.cli.rehearsal import REHEARSAL_TIME, full_world_of, request_of, stage, staged
from bot.cluster.connection import Connection
from bot.diagnosing import Engine, diagnose
from bot.playground.kubernetes import expanded
from intents.catalog.loader import Catalog
from intents.catalog.schema import Incident
from intents.domain import Diagnosis, JudgedHypothesis, ObjectRef, Verdict
from intents.request import DiagnoseObject, ExplainText, Request
from tests.diagnosing.connections import Connections, Name, messages_of, name_of
from tests.engines import remembering_engine

Json = dict[str, Any]

SCENES: Final[list[Json]] = yaml.safe_load(Path(__file__).with_name("one_subject.yaml").read_text(encoding="utf-8"))
ASKED: Final = [each for each in SCENES if not each.get("beside")]
BESIDE: Final = next(each["world"] for each in SCENES if each.get("beside"))
SUPPORTED: Final = (Verdict.CONFIRMED, Verdict.LIKELY)
SEED: Final = 7
UNANSWERED: Final = "unanswered"
_FIRST_WORLDS: Final[dict[str, Json]] = {}
# They concern every object of their namespace: beside another object they are no stranger.
_NAMESPACE_WIDE: Final = frozenset({"ResourceQuota", "LimitRange", "NetworkPolicy", "ServiceAccount", "Namespace"})


@dataclass(frozen=True, slots=True)
class Violation:
    """A claim that an invariant of `One answer, one subject` forbids."""

    invariant: str
    question: str
    where: str
    claim: str

    def __str__(self) -> str:
        return f"[{self.invariant}] {self.question!r}: {self.where}: {self.claim}"


def request_for(question: Json) -> Request:
    if "ask" in question:
        kind, namespace, name = _parsed(question["ask"])
        return DiagnoseObject(kind=kind, namespace=namespace, name=name)
    return ExplainText(text=question["text"], addressed=question.get("addressed", False))


def title_of(question: Json) -> str:
    return str(question.get("ask") or question["text"].splitlines()[0])


@cache
def _expanded(scene: str) -> Json:
    """Return the world of a scene in full; nobody may change it."""
    return expanded(next(each["world"] for each in SCENES if each["name"] == scene), now=REHEARSAL_TIME)


@cache
def _connections(scene: str) -> Connections:
    """Return the objects of a cluster with a scene."""
    return Connections(obj for _, obj in stage(_expanded(scene)).store.everything())


async def violations_of(scene: Json, engine: Engine) -> list[Violation]:
    """Return what is wrong with the answers to the questions about a scene."""
    connections = _connections(scene["name"])
    async with staged(stage(_expanded(scene["name"]))) as connection:
        return [
            each
            for question in scene["questions"]
            for each in _violations(
                question,
                await diagnose(request_for(question), engine=engine, connection=connection),
                connections,
            )
        ]


def _violations(question: Json, diagnosis: Diagnosis, connections: Connections) -> list[Violation]:
    found = [(each, f"{each.verdict} {each.incident}") for each in diagnosis.hypotheses if each.verdict in SUPPORTED]
    offered = [(each, f"{each.verdict} {each.incident}") for each in diagnosis.hypotheses if each.capability]
    title = title_of(question)
    if question["subject"] == "none":
        wrong = [Violation("4 anchor", title, where, _short(each.summary.en)) for each, where in found]
        if "ask" not in question:
            wrong += [
                Violation("4 anchor", title, f"{each.verdict} {each.incident}", what)
                for each in diagnosis.hypotheses
                for what in _promises(each)
                if not each.capability
            ]
        return wrong + [
            Violation("candidates", title, "", f"{missing} is not listed")
            for missing in question.get("candidates", ())
            if not _listed(diagnosis) & connections.family(_parsed(missing))
        ]
    subject = _parsed(question["subject"])
    allowed = connections.connected(subject) | {_parsed(each) for each in question.get("may_mention", ())}
    if "ask" in question:
        allowed |= connections.connected(_parsed(question["ask"]))
    wrong = [
        Violation("1 connected", title, f"{where} {place}", claim)
        for each, where in found + offered
        for place, claim in _strangers(_claims(each), allowed, connections)
    ]
    told = [*_told(diagnosis)] if found else []
    wrong += [Violation("1 connected", title, *each) for each in _strangers(told, allowed, connections)]
    return wrong + _about_another(diagnosis, title, connections.family(subject) | {subject}, connections)


def _about_another(diagnosis: Diagnosis, title: str, family: set[Name], connections: Connections) -> list[Violation]:
    """Return a violation unless the answer is about the object that the question is about."""
    leading = [each for each in diagnosis.hypotheses if each.verdict in SUPPORTED and not each.capability][:1]
    subjects = [subject for each in leading if (subject := subject_of(each)) is not None]
    if not leading:
        observed = {_key(each.subject) for each in diagnosis.unexplained} & family
        return [] if observed else [Violation(UNANSWERED, title, "nothing proven", _heading(diagnosis))]
    connected = {other for name in family for other in connections.connected(name)}
    return [
        Violation("subject", title, f"{leading[0].verdict} {leading[0].incident}", f"about {subject}")
        for subject in subjects
        if _key(subject) not in connected
    ]


def _heading(diagnosis: Diagnosis) -> str:
    return ", ".join(f"{each.verdict} {each.incident}" for each in diagnosis.hypotheses[:3]) or "no hypothesis"


def subject_of(each: JudgedHypothesis) -> ObjectRef | None:
    supporting = [one.subject for one in each.cluster_support if one.subject is not None]
    return each.subject or next(iter(supporting), None)


def _promises(each: JudgedHypothesis) -> Iterator[str]:
    for remedy in each.remedies:
        yield f"remedy {remedy.id} of {remedy.target}"
    if each.effect_of:
        yield f"effect of {each.effect_of}"


def _listed(diagnosis: Diagnosis) -> set[Name]:
    return {_key(ref) for each in diagnosis.hypotheses for ref in getattr(each, "candidates", ())}


def _claims(each: JudgedHypothesis) -> Iterator[tuple[str, ObjectRef | None, str]]:
    """Yield what a hypothesis says, with the object that it says so of."""
    yield "subject", each.subject, ""
    yield "summary", None, each.summary.en
    yield "root cause", None, each.root_cause.en
    yield "impact", None, each.impact.en
    for one in each.findings:
        yield f"evidence {one.rule}", one.subject, f"{one.says.en}\n{one.quote}\n{one.reproduce}"
        for row in one.rows:
            yield f"row of {one.rule}", row.subject, row.quote
        for cells in one.table.rows if one.table else ():
            yield f"table of {one.rule}", None, " ".join(cells)
    for remedy in each.remedies:
        yield f"remedy {remedy.id}", remedy.target, f"{remedy.title.en}\n{json.dumps(_plain(remedy.args))}"
    for step in each.runbook:
        yield "runbook", None, f"{step.says.en}\n{step.run}"


def _told(diagnosis: Diagnosis) -> Iterator[tuple[str, ObjectRef | None, str]]:
    for change in diagnosis.changes:
        yield "changed before", change.subject, " ".join(change.what)
    for those in diagnosis.impact:
        yield from (("impact", one.object, one.host) for one in those.first)
    for moment in diagnosis.timeline:
        yield "timeline", moment.subject, moment.says.en


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list | tuple) else value


def _strangers(
    claims: Iterator[tuple[str, ObjectRef | None, str]] | list[tuple[str, ObjectRef | None, str]],
    allowed: set[Name],
    connections: Connections,
) -> list[tuple[str, str]]:
    """Return the claims about objects of the cluster that are not allowed, each place and object once."""
    found: dict[tuple[str, str], None] = {}
    for place, subject, text in claims:
        if subject is not None and _key(subject) in connections.objects and _key(subject) not in allowed:
            found[place, f"of {subject}"] = None
        for names in connections.named(text):
            if not names & allowed:
                found[place, f"names {'/'.join(min(names))}: {_short(text)}"] = None
    return list(found)


def _key(ref: ObjectRef) -> Name:
    return ref.kind, ref.namespace, ref.name


def _parsed(text: str) -> Name:
    kind, *namespace, name = text.split("/")
    return kind, "".join(namespace), name


def _short(text: str) -> str:
    return " ".join(text.split())[:160]


# --- the catalog's own pastes in a cluster that they are not about (invariant 4) --------------------------------------


async def unanchored(incidents: Sequence[Incident], engine: Engine) -> list[Violation]:
    """Return what the examples of entries claim about objects of the scenes that no name, value or line leads to."""
    cluster = stage(*(_expanded(each["name"]) for each in ASKED))
    everything = [obj for _, obj in cluster.store.everything()]
    connections = Connections(everything)
    scene_namespaces = {name.split("/")[1] for each in ASKED for name in each["world"]["scene"] if name.count("/") == 2}
    found = []
    async with staged(cluster) as connection:
        for incident in incidents:
            for text in incident.examples.match:
                diagnosis = await diagnose(ExplainText(text=text), engine=engine, connection=connection)
                for each in diagnosis.hypotheses:
                    subject = subject_of(each)
                    if (
                        each.verdict in SUPPORTED
                        and subject is not None
                        and subject.namespace in scene_namespaces
                        and not leads_to(text, connections.family(_key(subject)), everything)
                    ):
                        where = f"{each.verdict} {each.incident}"
                        found.append(Violation("4 anchor", _short(text), where, f"about {subject}"))
    return found


def leads_to(text: str, family: set[Name], everything: Sequence[Json]) -> bool:
    """Tell whether a text has a name or another telling word of an object, or a line that the cluster says about it."""
    own = [obj for obj in everything if name_of(obj) in family or _about(obj) in family]
    told = json.dumps(own, ensure_ascii=False, default=str)
    words = {word for word in re.findall(r"[\w][\w./:-]+[\w]", text) if len(word) >= 6 and re.search(r"[./:-]", word)}
    names = {name for _, namespace, name in family for name in (name, namespace)}
    if any(word in told for word in words) or names & set(re.findall(r"[\w-]+", text)):
        return True
    messages = {_unvaried(each) for obj in own for each in messages_of(obj)}
    lines = [_unvaried(line) for line in text.splitlines()]
    return any(
        len(line) >= 16 and (line in message or message in line) for line in lines for message in messages if message
    )


def _about(obj: Json) -> Name | None:
    about = obj.get("involvedObject")
    return (about["kind"], about.get("namespace", ""), about["name"]) if about else None


def _unvaried(text: str) -> str:
    return re.sub(r"[0-9\"'`\s]+", " ", text).strip().lower()


# --- the catalog, alone and beside other broken objects (invariants 2 and 3) -----------------------------------------


@dataclass(frozen=True, slots=True)
class Answer:
    """What must not change once other objects are broken as well."""

    incident: str
    verdict: str
    subject: str
    summary: str
    remedies: tuple[str, ...]


def answer_of(diagnosis: Diagnosis) -> Answer | None:
    leading = next(iter(diagnosis.hypotheses), None)
    if leading is None:
        return None
    remedies = tuple(f"{each.id} {each.target} {json.dumps(_plain(each.args))}" for each in leading.remedies)
    return Answer(
        leading.incident, str(leading.verdict), str(subject_of(leading)), _uncounted(leading.summary.en), remedies
    )


def _uncounted(text: str) -> str:
    """Return a text without its counts: more pods on the same node are no other answer."""
    return re.sub(r"(?<![\w-])\d+(?![\w-])", "#", _short(text))


async def moved_by_others(incident: Incident, engine: Engine, *, every: bool = False) -> list[Violation]:
    """Return how the answer about an entry's first case changes beside other broken objects of the same namespace."""
    world = full_world_of(incident, incident.cases[0])
    cluster = stage(world)
    exists = {name_of(obj) for _, obj in cluster.store.everything()}
    async with staged(cluster) as connection:
        first = await diagnose(request_of(incident, incident.cases[0]), engine=engine, connection=connection)
        own = next((each for each in first.hypotheses if each.incident == incident.id), None)
        subject = subject_of(own) if own is not None else None
        if subject is None:
            return []
        requests = _requests(incident, subject)[0 if _key(subject) in exists else 1 :]
        alone = [await _answer(request, engine, connection) for request in requests]
    namespace = subject.namespace or next(iter(_namespaces(world)), "default")
    found = []
    others = {"neighbour": _moved(BESIDE, "NAMESPACE", namespace)}
    for other in islice(strangers_to(incident, world, namespace, engine), None if every else 1):
        others[other.id] = _in_namespace(_first_world(other.id, engine), namespace)
    for name, beside in others.items():
        async with staged(stage(world, beside)) as connection:
            for request, before in zip(requests, alone, strict=True):
                after = await _answer(request, engine, connection)
                if before != after:
                    how = "object" if isinstance(request, DiagnoseObject) else "text"
                    found.append(
                        Violation("2/3 others", f"{incident.id} by {how}", f"beside {name}", _differ(before, after))
                    )
    return found


async def _answer(request: Request, engine: Engine, connection: Connection) -> Answer | None:
    return answer_of(await diagnose(request, engine=engine, connection=connection))


def _requests(incident: Incident, subject: ObjectRef) -> list[Request]:
    """Return the question about the object, and the text with its name."""
    asked = request_of(incident, incident.cases[0])
    text = asked.text if isinstance(asked, ExplainText) else incident.examples.match[0]
    if not re.search(rf"(?<![\w-]){re.escape(subject.name)}(?![\w-])", text):
        where = f" in namespace {subject.namespace}" if subject.namespace else ""
        text = f"{subject.kind} {subject.name}{where}:\n{text}"
    return [
        DiagnoseObject(kind=subject.kind, namespace=subject.namespace, name=subject.name),
        ExplainText(text=text, namespace=asked.namespace if isinstance(asked, ExplainText) else ""),
    ]


def _differ(before: Answer | None, after: Answer | None) -> str:
    if before is None or after is None:
        return f"{before} -> {after}"
    fields = ("incident", "verdict", "subject", "summary", "remedies")
    return "; ".join(
        f"{field}: {getattr(before, field)} -> {getattr(after, field)}"
        for field in fields
        if getattr(before, field) != getattr(after, field)
    )


def strangers_to(incident: Incident, world: Json, namespace: str, engine: Engine) -> Iterator[Incident]:
    """Yield, shuffled, the entries whose broken objects can stand in a namespace without touching those there."""
    own = Connections(obj for _, obj in stage(world).store.everything())
    names, labels = {name[2] for name in own.objects}, _labels(own.objects.values())
    others = [*engine.catalog]
    random.Random(f"{SEED} {incident.id}").shuffle(others)
    for other in others:
        theirs = _first_world(other.id, engine)
        objects = theirs.get("objects") or []
        places = _namespaces(theirs)
        is_apart = (
            other.id != incident.id
            and len(places) == 1
            and places != {"kube-system"}
            and not any(theirs.get(key) for key in ("metrics", "forbidden", "absent", "reactions"))
            and all(each["metadata"].get("namespace") for each in objects if each["kind"] != "Namespace")
            and not any(each["kind"] in _NAMESPACE_WIDE for each in objects)
            and not {name_of(each)[2] for each in objects} & names
            and not _labels(objects) & labels
        )
        if is_apart:
            yield other


def _labels(objects: Any) -> set[tuple[str, str]]:
    return {
        pair for each in objects if each["kind"] == "Pod" for pair in (each["metadata"].get("labels") or {}).items()
    }


def _namespaces(world: Json) -> set[str]:
    objects = world.get("objects") or ()
    return {each["metadata"]["namespace"] for each in objects if each["metadata"].get("namespace")}


def _first_world(incident: str, engine: Engine) -> Json:
    """Return the world of an entry's first case; nobody may change it."""
    if incident not in _FIRST_WORLDS:
        entry = engine.catalog.incidents[incident]
        _FIRST_WORLDS[incident] = full_world_of(entry, entry.cases[0])
    return _FIRST_WORLDS[incident]


def _in_namespace(other: Json, namespace: str) -> Json:
    world = {**other, "objects": [each for each in other["objects"] if each["kind"] != "Namespace"]}
    return _moved(world, next(iter(_namespaces(world))), namespace)


def _moved(world: Json, old: str, new: str) -> Json:
    moved: Json = json.loads(re.sub(rf"(?<![\w.-]){re.escape(old)}(?![\w-])", new, json.dumps(world, default=str)))
    return moved


def sampled(catalog: Catalog, size: int) -> list[Incident]:
    entries = [each for each in catalog if each.cases]
    return random.Random(SEED).sample(entries, min(size, len(entries)))


async def count(*, every: bool) -> None:
    engine = remembering_engine()
    violations = [each for scene in ASKED for each in await violations_of(scene, engine)]
    chosen = sampled(engine.catalog, 10_000 if every else 30)
    violations += await unanchored(chosen, engine)
    for incident in chosen:
        violations += await moved_by_others(incident, engine)
    for each in violations:
        print(each)  # noqa: T201
    counted = Counter(each.invariant for each in violations)
    asked = Counter(each.invariant for each in {(one.invariant, one.question): one for one in violations}.values())
    for invariant in sorted(counted):
        print(f"{invariant}: {counted[invariant]} violations in {asked[invariant]} questions")  # noqa: T201


if __name__ == "__main__":
    asyncio.run(count(every="all" in sys.argv))
