"""Find what a text says is called: the Service or pod of the cluster that a host and port in it mean.

Whatever the text says went wrong, the way to that object is in question, and a program that calls it may have said it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from bot.cluster.errors import ClusterError
from bot.cluster.snapshot import Snapshot
from bot.kube.address_texts import addresses_in
from bot.kube.addresses import services_called
from bot.kube.cluster_names import Known, Meaning, Meant, meaning_of
from bot.kube.connection_hops import Destination
from bot.kube.log_causes import CONNECTING, class_of, is_own, peer_in
from bot.kube.objects import namespace_of, spec_of
from bot.kube.services import ip_in, unresolved_name
from bot.probes.contract import may
from intents.domain import Entity, Focus, Hypothesis, Json
from intents.kinds import KINDS

PERMISSIONS: Final = may("list", "services", "pods")

# The entry that walks to a destination.
WALKS: Final = "connection-broken"
_PROGRAMS: Final = frozenset({"pod", "deployment", "statefulset", "daemonset", "job"})
_LINES: Final = 20
_LONGEST: Final = 2_000
_HOSTS: Final = 6
# A name that can only be one of the cluster, without a port.
_CLUSTER_NAME: Final = re.compile(r"(?<![\w.@-])[a-z0-9][a-z0-9.-]{1,120}\.svc(?:\.[a-z0-9-]+)*(?![\w:-])")
# So many addresses that are no Service's are looked for among pods.
_POD_ADDRESSES: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Called:
    """A destination that a text names, and the Service or pod that it means."""

    destination: Destination
    meaning: Meaning

    def is_meant_by(self, named: Focus) -> bool:
        """Tell whether an object that was read out of the text stands there as a part of the host alone."""
        parts = (self.meaning.name, *self.destination.host.split("."))
        return named.name in parts and (named.kind in ("Service", "Pod") or named.namespace in parts[1:])

    @property
    def home(self) -> str:
        """Return the namespace within the host, "" for none; the caller may be in another one."""
        return self.meaning.namespace if self.meaning.namespace in self.destination.host.split(".") else ""

    def callers_first(self, pods: Iterable[Json]) -> list[Json]:
        """Return pods in the order in which they may call it: those that are given its name, then its neighbours."""
        home, place = self.meaning.namespace, (self.meaning.namespace, self.meaning.name)

        def rank(pod: Json) -> tuple[bool, bool]:
            return place not in services_called(spec_of(pod), namespace_of(pod)), namespace_of(pod) != home

        return sorted(pods, key=rank)


def walk_to(called: Called | None, *, said: str, objects: Iterable[Entity]) -> Hypothesis | None:
    """Return the hypothesis that a way is broken, which no words of the text raise: to what it says is called.

    It begins at the first program among the `objects` that the text names. Where the text does not say what is called,
    `said`, the line of a program that cannot connect, leads to it.
    """
    if called is None:
        return Hypothesis(incident=WALKS, score=0.0) if class_of(said) in CONNECTING else None
    named = {"host": str(called.destination)}
    programs = (one for one in objects if one.certain and one.kind in _PROGRAMS)
    if client := next((one for one in programs if not called.is_meant_by(focus_on(one))), None):
        named |= {client.kind: client.value} | ({"namespace": client.namespace} if client.namespace else {})
    return Hypothesis(incident=WALKS, score=0.0, named=named)


def focus_on(named: Entity) -> Focus:
    """Return an object that a text names as the object in question."""
    return Focus(kind=KINDS[named.kind], namespace=named.namespace, name=named.value)


async def called_in(snapshot: Snapshot, text: str, *, home: str) -> Called | None:
    """Return the first destination of a text that is a Service or a pod; `home` is the namespace in question, if any.

    What cannot be read means nothing. Raise no ClusterError.
    """
    found = list(_destinations(text))[:_HOSTS]
    if not found:
        return None
    try:
        known = Known(services=(await snapshot.list("Service")).items)
        looked_for = 0
        for each in found:
            meaning = meaning_of(each.host, pod=None, home=home, known=known)
            if meaning.what is not Meant.SERVICE and ip_in(each.host) and looked_for < _POD_ADDRESSES:
                looked_for += 1
                pods = (await snapshot.list("Pod", fields=f"status.podIP={meaning.host}")).items
                meaning = meaning_of(each.host, pod=None, home=home, known=replace(known, pods=pods))
            if _is_meant(each, meaning):
                return Called(destination=each, meaning=meaning)
    except ClusterError:
        pass
    return None


def _is_meant(destination: Destination, meaning: Meaning) -> bool:
    """Tell whether a host certainly means an object that exists, be it an alias that leads nowhere."""
    exists = meaning.what in (Meant.SERVICE, Meant.POD) or meaning.alias is not None
    return exists and bool(destination.port or "." in destination.host)


def _destinations(text: str) -> Iterator[Destination]:
    """Yield what the lines of a text say is called, what failed for certain first, each once."""
    lines = [line[:_LONGEST] for line in text.splitlines() if line.strip()][:_LINES]
    found: dict[Destination, None] = {}
    for line in lines:
        if (peer := peer_in((line,))).host and not is_own(peer):
            found.setdefault(Destination(host=peer.host.lower(), port=peer.port))
        # The address beside a name that does not resolve is that of the name server.
        if not unresolved_name(line):
            found.update((Destination(host=one.host, port=one.port), None) for one in addresses_in(line))
            found.update((Destination(host=host), None) for host in _CLUSTER_NAME.findall(line))
    with_port = {each.host for each in found if each.port}
    yield from (each for each in found if each.port or each.host not in with_port)
