"""The ConfigMaps and Secrets that pods which cannot start refer to and that are not there.

A ConfigMap is read. A Secret never is: the message of the kubelet or the runtime alone tells that one is missing.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Final

from bot.kube.config_references import ConfigReference, Missing, missing_in, references_of
from bot.kube.containers import containers_in
from bot.kube.objects import name_of, namespace_of, place_of, ref
from bot.kube.owners import owner_of
from bot.kube.pod_states import brief_refusal, refused_mount, runtime_refusal
from bot.probes.contract import Look, RowValues, at_most, beside_the_verdict, may, probe
from bot.probes.shared.scope import READS_PODS, PodValues, pod_values, pods_of
from intents.domain import ArgDeclaration, Json, ProbeResult, Row
from intents.spelling import closest, misspelt

# The pods of one owner wait for the same: so many owners' pods are read.
MOST_PODS: Final = 12
_MOST_USERS: Final = 5
_MOST_LISTED: Final = 500
# The kubelet tries a mount again after two minutes at most.
_FRESH_S: Final = 600
_LIKE: Final = 50.0
_HELD_UP: Final = frozenset({"CreateContainerConfigError", "ContainerCreating", "PodInitializing", ""})


class _Lacking(RowValues):
    """A ConfigMap, Secret or key of one that a pod needs and that is not there."""

    of: PodValues
    place: str  # where the pod refers to it
    kind: str
    name: str
    key: str  # "" where the whole object is missing
    mounted: str  # the path at which this one file is mounted; "" where it is not mounted by itself
    problem: str  # in the kubelet's words, if it says so


class _Compared(RowValues):
    """Names like that of the missing object or key, and the others who refer to the object."""

    closest: str
    almost: str  # that one if the name is a misspelling of it
    users: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Broken:
    """A reference that leads nowhere: to an object, or to a `key` that the object lacks."""

    pod: Json
    reference: ConfigReference
    key: str = ""
    told: str = ""  # by the kubelet
    keys: tuple[str, ...] = ()  # that the ConfigMap has


@probe(
    says="a row per ConfigMap, Secret or key of one that the pods in question need for their start and do not find",
    row=_Lacking,
    args={
        "compare": ArgDeclaration(
            says="true: also the ConfigMap or key that resembles it, and other owners of pods that refer to it",
            fills={"true": _Compared.keys()},
        )
    },
    permissions=(*READS_PODS, *may("get list", "configmaps"), *may("list", "events")),
)
async def read(look: Look) -> ProbeResult:
    """Read the references of the pods in question that wait for their start."""
    suspects = await pods_of(look)
    by_owner = {(namespace_of(pod), owner_of(pod)): pod for pod in reversed(suspects.pods) if _is_held_up(pod)}
    waiting = sorted(by_owner.values(), key=lambda pod: (not _lacks_configuration(pod), place_of(pod)))
    what, says = "references of every pod that waits", "pods that wait were looked at"
    found = await asyncio.gather(*(_broken(pod, look) for pod in at_most(MOST_PODS, waiting, what=what, says=says)))
    rows = await asyncio.gather(*(_row(each, look) for broken in found for each in broken))
    return ProbeResult(rows=tuple(rows), missing=suspects.missing, looked_at=len(suspects.pods))


def _is_held_up(pod: Json) -> bool:
    """Tell whether a pod of a node has a container that has not been started yet, or cannot be for its mounts."""
    return bool(pod.get("spec", {}).get("nodeName")) and any(
        (each.state in ("waiting", "") and each.reason in _HELD_UP) or refused_mount(runtime_refusal(each))
        for each in containers_in(pod)
    )


def _lacks_configuration(pod: Json) -> bool:
    """Tell whether the kubelet says that a container lacks its configuration."""
    return any(each.reason == "CreateContainerConfigError" for each in containers_in(pod))


async def _broken(pod: Json, look: Look) -> list[_Broken]:
    references = references_of(pod)
    told = await _told(pod, look) if references else []
    maps = dict.fromkeys(each.name for each in references if each.kind == "ConfigMap")
    refused = {refused_mount(message): message for each in containers_in(pod) if (message := runtime_refusal(each))}
    read = dict(zip(maps, await asyncio.gather(*(_keys(name, pod, look) for name in maps)), strict=True))
    found = []
    for each in references:
        if each.mounted and each.mounted not in refused:
            continue  # the container may have been started before the file was gone
        message, missing = next(((text, one) for text, one in told if one.is_of(each)), ("", None))
        if each.kind == "Secret":
            if missing:
                found.append(_Broken(pod=pod, reference=each, key=missing.key, told=message))
            elif each.mounted:
                found.append(_Broken(pod=pod, reference=each, key=each.key, told=brief_refusal(refused[each.mounted])))
            continue
        keys = each.files or read[each.name]
        if keys is None:
            found.append(_Broken(pod=pod, reference=each, told=message))
        elif each.key and keys != _UNREAD and each.key not in keys:
            found.append(_Broken(pod=pod, reference=each, key=each.key, told=message, keys=keys))
    return list({(each.reference.kind, each.reference.name, each.key): each for each in reversed(found)}.values())


_UNREAD: Final = ("",)


async def _keys(name: str, pod: Json, look: Look) -> tuple[str, ...] | None:
    """Return the keys of a ConfigMap, None where there is none of the name, _UNREAD where it could not be read."""
    unread: Json = {"data": _UNREAD}
    found = await look.unless_refused(look.snapshot.find("ConfigMap", name, namespace=namespace_of(pod)), unread)
    return None if found is None else (*(found.get("data") or ()), *(found.get("binaryData") or ()))


async def _told(pod: Json, look: Look) -> list[tuple[str, Missing]]:
    """Return what the kubelet says is missing: in the states of containers, and in fresh events about volumes."""
    messages = [each.message for each in containers_in(pod) if each.state == "waiting"]
    mounts = [each for each in await look.events_about(ref(pod, "Pod")) if each.get("reason") == "FailedMount"]
    messages += (str(each.get("message", "")) for each in mounts if 0 <= look.seen_s(each) <= _FRESH_S)
    return [(each, missing) for each in dict.fromkeys(messages) if (missing := missing_in(each))]


async def _row(broken: _Broken, look: Look) -> Row:
    pod, reference = broken.pod, broken.reference
    compared = await _compared(broken, look) if look.args.get("compare") else None
    problem = broken.told or (f"it has no key {broken.key}" if broken.key else "it does not exist")
    return _Lacking(
        of=pod_values(pod),
        place=reference.place,
        kind=reference.kind,
        name=reference.name,
        key=broken.key,
        mounted=reference.mounted,
        problem=problem,
    ).row(
        ref(pod, "Pod"),
        quote=problem,
        more=compared.values() if compared else None,
    )


async def _compared(broken: _Broken, look: Look) -> _Compared:
    wanted = broken.key or broken.reference.name
    with beside_the_verdict():
        known = await _known(broken, look)
        return _Compared(
            closest=closest(wanted, known, at_least=_LIKE),
            almost=misspelt(wanted, known) if known else "",
            users=await _users(broken, look),
        )


async def _known(broken: _Broken, look: Look) -> tuple[str, ...]:
    """Return the names that there are in place of the missing one; none of Secrets."""
    if broken.key or broken.reference.kind != "ConfigMap":
        return broken.keys
    maps = await look.list("ConfigMap", namespace=namespace_of(broken.pod), limit=_MOST_LISTED)
    return tuple(map(name_of, maps))


async def _users(broken: _Broken, look: Look) -> tuple[str, ...]:
    """Return the owners of other pods of the namespace that refer to the same object."""
    pods = await look.list("Pod", namespace=namespace_of(broken.pod))
    mine, wanted = owner_of(broken.pod), (broken.reference.kind, broken.reference.name)
    owners = [owner_of(pod) for pod in pods if any((each.kind, each.name) == wanted for each in references_of(pod))]
    others = dict.fromkeys(f"{each.kind}/{each.name}" for each in owners if each.name != mine.name)
    return tuple(others)[:_MOST_USERS]
