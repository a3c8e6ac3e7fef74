"""Build the demo: the catalog's broken cases side by side in one simulated cluster, with a paste for each.

The playground knows nothing of the catalog, so this module connects the two.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from bot.cli.errors import CommandError, did_you_mean
from bot.cli.rehearsal import REHEARSAL_TIME, full_world_of, stage
from bot.diagnosing import Engine
from bot.playground.kubernetes import SimulatedCluster, expanded
from bot.playground.pod_status import pod_status
from intents.catalog.cases import ask_of, world_of
from intents.catalog.schema import Case, Incident
from intents.domain import Text, Verdict

# Failures that every visitor knows come first.
_FAMILIAR: Final = ("image-pull-failed", "pending-insufficient-resources", "run-as-nonroot-root-image")
# The command that prints a text, by the form of its first line.
_COMMANDS: Final = {
    "kubectl -n {namespace} get events": re.compile(r"(Warning|Normal)\s"),
    "kubectl -n {namespace} logs -l tier=data --tail=20": re.compile(
        r"\[?\d{4}[-/]\d\d|[IWEF]\d{4} |nslookup|waiting for"
    ),
    "kubectl get pods -A; kubectl -n {namespace} get events": re.compile(r"\S+\s+\S+\s+\d+/\d+\s"),
}
_SHARED: Final = frozenset({"CustomResourceDefinition", "Node"})


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokenPod:
    """A broken pod of the demo with its status."""

    namespace: str
    name: str
    says: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A paste with the verdict that the demo's cluster must give. `note` is the case's name."""

    text: str
    incident: str
    verdict: Verdict
    title: Text
    note: str
    pressable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Showcase:
    """The content of the demo: `samples` are pastes, one per incident; `pods` can be diagnosed by name."""

    cluster: SimulatedCluster
    samples: tuple[Sample, ...]
    pods: tuple[BrokenPod, ...]


def scenario_of(arguments: argparse.Namespace, engine: Engine) -> str:
    """Return the incident of --scenario, "" for all. Raise CommandError for an unknown one."""
    known = list(engine.catalog.incidents)
    if arguments.scenario and arguments.scenario not in known:
        raise CommandError(f'unknown scenario "{arguments.scenario}"{did_you_mean(arguments.scenario, known)}')
    return str(arguments.scenario)


def set_up(incidents: Iterable[Incident], *, only: str = "") -> Showcase:
    """Load the cluster without starting it. Raise CaseError or WorldError for a catalog that lint would refuse.

    `only` names the one incident to break; by default all that can share a cluster are broken side by side. The clock
    stands still at the time at which cases are rehearsed, because the catalog's logs and pastes are from then.
    """
    cluster = stage()
    samples: list[Sample] = []
    further: list[Sample] = []
    pods: dict[str, BrokenPod] = {}
    for incident in incidents:
        if only not in ("", incident.id):
            continue
        shown: list[Sample] = []
        for case, world, text in _on_show(incident):
            if case.alone and not only:
                continue
            cluster.load(world)
            shown.append(
                Sample(
                    text=text,
                    incident=incident.id,
                    verdict=case.then,
                    title=incident.title,
                    note=case.name,
                    pressable=_tells_reaction(case),
                )
            )
            pods |= {str(pod): pod for pod in _broken_pods(world["objects"])}
        shown.sort(key=lambda sample: not sample.pressable)
        samples += shown[:1]
        further += shown[1:]
    # Further samples of an incident come last.
    samples.sort(key=_unfamiliarity)
    return Showcase(cluster=cluster, samples=(*samples, *further), pods=tuple(pods[name] for name in sorted(pods)))


def _unfamiliarity(sample: Sample) -> tuple[int, bool]:
    known = sample.incident in _FAMILIAR
    return (_FAMILIAR.index(sample.incident) if known else len(_FAMILIAR), not sample.pressable)


def _on_show(incident: Incident) -> Iterator[tuple[Case, dict[str, Any], str]]:
    """Yield the first case with full access that shows the incident, and cases that show a remedy at work.

    A case that defines reactions to writes exists to show the effect of a button.
    """
    best = incident.strongest.verdict
    shown: set[str] = set()
    count = 0
    for case in incident.cases:
        if case.then is not best or case.healthy or (count and not _tells_reaction(case)):
            continue
        world, text = full_world_of(incident, case), _pasted(incident, case)
        if world["forbidden"]:
            continue
        if not shown.isdisjoint(_names(world["objects"])):
            moved, text = _relocated(
                world_of(incident, case), text, namespaces=_namespaces_of(world), suffix=f"-{count + 1}"
            )
            world = expanded(moved, now=REHEARSAL_TIME)
        names = _names(world["objects"])
        if not shown.isdisjoint(names):
            continue  # a cluster-scoped object can exist only once
        shown |= names
        count += 1
        yield case, world, text


def _tells_reaction(case: Case) -> bool:
    return "reactions" in case.given.model_fields_set


def _pasted(incident: Incident, case: Case) -> str:
    """Return what a person pastes: a namespace given next to the text becomes a command, or words after a sentence."""
    ask = ask_of(incident, case)
    if not ask.text or not ask.namespace:
        return ask.text or incident.examples.match[0]
    for command, first_line in _COMMANDS.items():
        if first_line.match(ask.text):
            return f"$ {command.format(namespace=ask.namespace)}\n{ask.text}"
    return f"{ask.text}\n(namespace {ask.namespace})"


def _names(objects: Iterable[Mapping[str, Any]]) -> set[str]:
    """Return kind, namespace and name of each object except those that cases share: nodes and definitions of kinds."""
    return {
        f"{obj['kind']}/{obj['metadata'].get('namespace', '')}/{obj['metadata']['name']}"
        for obj in objects
        if obj["kind"] not in _SHARED
    }


def _broken_pods(objects: Iterable[dict[str, Any]]) -> Iterator[BrokenPod]:
    for obj in objects:
        if obj.get("kind") == "Pod" and (seen := pod_status(obj, now=REHEARSAL_TIME)).broken:
            metadata, says = obj["metadata"], "not ready" if seen.status == "Running" else seen.status
            yield BrokenPod(namespace=metadata.get("namespace", "default"), name=metadata["name"], says=says)


def _namespaces_of(world: Mapping[str, Any]) -> frozenset[str]:
    """Return the namespaces of a world's objects, which must be written out in full."""
    return frozenset(str(obj["metadata"]["namespace"]) for obj in world["objects"] if obj["metadata"].get("namespace"))


def _relocated(
    world: Mapping[str, Any], text: str, *, namespaces: Collection[str], suffix: str
) -> tuple[dict[str, Any], str]:
    """Return the world and its paste with `suffix` added to these namespaces wherever the name is a separate word.

    So the objects fit next to a case with the same ones. Of keys, only those that name an object as
    Kind/namespace/name are renamed.
    """
    names = sorted(map(re.escape, namespaces), key=len, reverse=True)
    if not names:
        return dict(world), text
    alone = re.compile(rf"(?<![\w.-])(?:{'|'.join(names)})(?![\w.-])")
    between = re.compile(rf"(?<=/)(?:{'|'.join(names)})(?=/)")

    def longer(found: re.Match[str]) -> str:
        return found.group() + suffix

    def renamed(value: Any) -> Any:
        if isinstance(value, str):
            return alone.sub(longer, value)
        if isinstance(value, Mapping):
            return {between.sub(longer, key): renamed(inner) for key, inner in value.items()}
        if isinstance(value, list | tuple):
            return [renamed(inner) for inner in value]
        return value

    return renamed(world), renamed(text)
