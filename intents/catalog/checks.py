"""Check what an entry says of others, of the order of its reads, and of its cases and examples.

Its siblings come first for its signatures. A rule before which a read is not made can be judged first, and no read that
was not made refutes. What an entry and its causes have in common is declared, and evidence can show it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Final

from intents.catalog.cases import CaseError, world_of
from intents.catalog.fields import Complaint, LinkedBy
from intents.catalog.loader import Catalog
from intents.catalog.schema import Incident, Rule
from intents.domain import FindingOutcome, ProbeDeclaration, Status, Strength, Verdict
from intents.patterns import PLACEHOLDER

_VALUES: Final[Mapping[str, str]] = {
    "_": "checkout-data",
    "address": "10.42.7.19:8443",
    "api": "apps.acme.dev/v1",
    "api_group": "apps",
    "apiservice": "v1beta1.metrics.k8s.io",
    "code": "137",
    "container": "api",
    "count": "5",
    "crd": "checkouts.acme.dev",
    "daemonset": "log-agent",
    "duration": "107.6ms",
    "field": "spec.template.spec",
    "file": "/var/lib/checkout/app.conf",
    "heavy_use": "250m 400Mi",
    "host": "db.acme.dev",
    "id": "4f5e6d7c",
    "image": "registry.acme.dev/shop/checkout:1.14.2",
    "job": "report-29138400",
    "kind": "Deployment",
    "lease": "kube-scheduler",
    "minutes": "11m12s",
    "namespace": "shop",
    "node": "worker-b",
    "number": "3",
    "pod": "checkout-5d7c8b9f6-x2lqp",
    "port": "8443",
    "pv": "pvc-0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0",
    "pvc": "data-checkout-0",
    "registry": "registry.acme.dev",
    "replicaset": "checkout-5d7c8b9f6",
    "resource": "cpu",
    "scope": "cluster",
    "taint": "dedicated",
    "url": "https://hooks.shop.svc:443/validate?timeout=10s",
    "value": "release-7",
    "verb": "list",
    "webhook": "validate.checkout.acme.dev",
}
# Every other placeholder takes any name.
_NAME: Final = "checkout"


def filled_signatures(incident: Incident) -> tuple[str, ...]:
    """Return the messages that an incident is recognised by, with a plausible value in place of each placeholder.

    Hints are never enough by themselves, and the words of `all` are no message.
    """
    texts = (signature.text for signature in incident.signatures if signature.text and not signature.hint)
    return tuple(dict.fromkeys(PLACEHOLDER.sub(lambda found: _VALUES.get(found[1], _NAME), text) for text in texts))


def unknown_siblings(incident: Incident, catalog: Catalog) -> Iterator[Complaint]:
    """Yield complaints about siblings that are no other entry."""
    known = {other.id for other in catalog} - {incident.id}
    for index, sibling in enumerate(incident.yields_to):
        if sibling not in known:
            yield ("yields_to", index), f"no other entry is called {sibling!r}"


def unneeded_siblings(incident: Incident, best: Iterable[str]) -> Iterator[Complaint]:
    """Yield complaints about siblings that come first for none of the filled signatures; `best` has the top of each."""
    first = frozenset(best)
    for index, sibling in enumerate(incident.yields_to):
        if sibling not in first:
            yield ("yields_to", index), f"{sibling} comes first for none of the signatures: remove it"


def complaints_about_gates(incident: Incident) -> Iterator[Complaint]:
    """Yield what is wrong with `after` of an entry's reads, each with the path into the file."""
    later = {name: read.after for name, read in incident.reads.items() if read.after}
    for name, after in later.items():
        gate = incident.rule(after)
        if gate is None:
            yield ("reads", name, "after"), f"no such rule {after!r}"
        elif any(_looks_at(gate, each) for each in later):
            yield ("reads", name, "after"), f"rule {after!r} rests on a read that is itself made after a rule"
    for index, rule in enumerate(incident.evidence):
        for name, after in later.items():
            if rule.may_refute and _looks_at(rule, name):
                yield ("evidence", index), f"cannot refute: {name!r} is read only where {after!r} holds"


def _looks_at(rule: Rule, read: str) -> bool:
    return rule.each == read or (not rule.each and mentions(rule.when, read))


def mentions(expression: str, name: str) -> bool:
    """Return whether an expression has a name as a word."""
    return re.search(rf"\b{re.escape(name)}\b", expression) is not None


def complaints_about_links(
    incident: Incident, catalog: Catalog, probes: Mapping[str, ProbeDeclaration]
) -> Iterator[Complaint]:
    """Yield what is wrong with `causes`, each with the path into the file."""
    for index, link in enumerate(incident.causes):
        path = ("causes", index)
        upstream = catalog.get(link.incident)
        if upstream is None:
            yield (*path, "incident"), f"no such incident {link.incident!r}"
            continue
        for field, entry, named in (("only_if", incident, link.only_if), ("proven_by", upstream, link.proven_by)):
            for name in named:
                if name not in {rule.id for rule in supporting(entry)}:
                    yield (*path, field), f"{entry.id} has no supporting rule {name!r}"
            if link.linked_by is LinkedBy.RUNS_ON and not _shows_node(entry, named, probes):
                yield (*path, "linked_by"), f"no supporting rule of {entry.id} has rows with 'node'"


def supporting(incident: Incident) -> list[Rule]:
    """Return the rules by which the cluster supports an incident."""
    return [rule for rule in incident.evidence if rule.finds is FindingOutcome.SUPPORTS and not rule.pasted]


def _shows_node(incident: Incident, named: Collection[str], probes: Mapping[str, ProbeDeclaration]) -> bool:
    rules = [rule for rule in supporting(incident) if not named or rule.id in named]
    return any(
        read.probe in probes and "node" in probes[read.probe].keys(read.args)
        for name, read in incident.reads.items()
        if any(_looks_at(rule, name) for rule in rules)
    )


def complaints_about_cases(incident: Incident) -> Iterator[Complaint]:
    """Yield complaints about cases that cannot be, and about those that are missing."""
    for index, case in enumerate(incident.cases):
        try:
            world_of(incident, case)
        except CaseError as error:
            yield ("cases", index), str(error)
        if case.healthy and case.then not in (Verdict.POSSIBLE, Verdict.RULED_OUT):
            yield ("cases", index, "then"), "a healthy twin is at most possible"
        if why := _not_said_of(incident, case.then):
            yield ("cases", index, "then"), why
    if incident.status is Status.SANDBOX:
        return
    strongest = incident.strongest.verdict
    if not any(case.then is strongest and not case.healthy for case in incident.cases):
        yield ("cases",), f"no case reaches {strongest}, the strongest verdict"
    if not any(case.healthy for case in incident.cases):
        yield ("cases",), "no healthy twin (healthy: true)"


def _not_said_of(incident: Incident, verdict: Verdict) -> str:
    """Return why an incident can never have this verdict, "" if it can."""
    if incident.strongest is not Strength.CAPABILITY:
        return "only a capability is offered" if verdict is Verdict.OFFERED else ""
    return "a capability is no cause that is " + verdict if verdict in (Verdict.CONFIRMED, Verdict.LIKELY) else ""


def examples_first(incident: Incident, best: Iterable[str]) -> Iterator[Complaint]:
    """Yield complaints about examples. `best` has the top incident ("" for none) of each text of match, then other."""
    answers = iter(best)
    for index, text in enumerate(incident.examples.match):
        if (first := next(answers)) != incident.id:
            yield ("examples", "match", index), f"{text[:60]!r} is matched by {first or 'nothing'}"
    for index, text in enumerate(incident.examples.other):
        if next(answers) == incident.id:
            yield ("examples", "other", index), f"{text[:60]!r} is a near miss, but is matched by this incident"
