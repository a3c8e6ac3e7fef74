"""The evaluation of NetworkPolicies against an oracle, on random clusters, and on policies that the API never defined.

The clusters are a function of their number. `python -m tests.kube.network_policy_worlds 10000` compares more of them.
"""

import copy
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from random import Random
from typing import Any

import pytest
import yaml

from bot.kube.connection_policies import admitting
from bot.kube.network_policies import blocks, restricting, summary
from bot.kube.network_policy_rules import Connection, Direction, End
from tests.kube import network_policy_oracle as oracle
from tests.kube.network_policy_worlds import Attempt, Case, attempts, case, connection, differences, expected

WORLDS = 1_500
# None of these is valid anywhere in a policy's spec.
JUNK: tuple[Any, ...] = (3.7, True, [[1]], {"futureField": 1}, [{"futureField": 1}], -5, ["", None, {}])


def test_the_evaluation_agrees_with_the_oracle() -> None:
    counts: Counter[str] = Counter()

    wrong = [each for seed in range(WORLDS) for each in differences(seed, counts)]

    assert wrong == []
    assert len(counts) == 4
    assert all(count > 0.01 * counts.total() for count in counts.values()), counts


@pytest.mark.parametrize("damage", ["replaced", "added"])
def test_a_malformed_policy_never_blocks_what_it_might_have_meant_to_admit(damage: str) -> None:
    left = Counter[str]()
    for seed in range(600):
        given, random = case(seed), Random(seed)
        if not given.world.policies:
            continue
        policies = _damaged(random, list(given.world.policies), damage)
        for attempt in attempts(given, random):
            found = {each.direction for each in blocks(connection(given, attempt), policies)}
            assert found <= expected(given, attempt), (seed, attempt, policies)
            left["blocked" if found else "may pass"] += 1

    # The sound policies of the same cluster go on blocking.
    assert left["blocked"] > 0.05 * left.total()


def test_hidden_parts_of_a_connection_never_make_it_blocked() -> None:
    left = Counter[str]()
    for seed in range(500):
        given, random = case(seed), Random(seed)
        for attempt in attempts(given, random):
            whole = connection(given, attempt)
            hidden = _hidden(random, whole)
            if hidden == whole or _is_exempt(attempt):
                continue
            found = {each.direction for each in blocks(hidden, given.world.policies)}
            assert found <= expected(given, attempt), (seed, attempt, hidden)
            left["blocked" if found else "may pass"] += 1

    assert left["blocked"] > 0.05 * left.total()


def test_the_policy_that_is_offered_admits_the_connection() -> None:
    counts = Counter[str]()
    for seed in range(150):
        given, random = case(seed), Random(seed)
        for attempt in attempts(given, random):
            whole = connection(given, attempt)
            for block in blocks(whole, given.world.policies):
                if offered := admitting(whole, block.direction):
                    more = [*given.world.policies, yaml.safe_load(offered)]
                    assert block.direction not in {each.direction for each in blocks(whole, more)}, (seed, offered)
                counts["offered" if offered else "not"] += 1

    assert counts["offered"] > 0.3 * counts.total()


def test_no_policy_raises() -> None:
    for seed in range(600):
        given, random = case(seed % 50), Random(seed)
        home = given.ends[0].namespace if isinstance(given.ends[0], oracle.Pod) else ""
        policies: list[Any] = [{"metadata": {"namespace": home}, "spec": _json(random)} for _ in range(2)]
        for attempt in attempts(given, random):
            whole = connection(given, attempt)
            assert all(str(miss) for block in blocks(whole, policies) for miss in block.misses)
        for direction in Direction:
            assert isinstance(restricting(_server(given), policies, direction), tuple)
            assert all(summary(policy, direction) for policy in policies)


def _server(given: Case) -> dict[str, Any]:
    end = connection(given, next(attempts(given, Random(0)))).client
    return dict((end.pod if end else None) or {})


def _damaged(random: Random, policies: list[dict[str, Any]], damage: str) -> list[dict[str, Any]]:
    """Return the policies with one part of one of them replaced, or with an unknown field added to one."""
    found = copy.deepcopy(policies)
    policy = random.choice(found)
    if damage == "added":
        random.choice([policy["spec"], *(each for each in _parts(policy["spec"]) if isinstance(each, dict))])[
            "futureField"
        ] = random.choice(JUNK)
        return found
    holder = random.choice([policy, *(each for each in _parts(policy) if each and each is not policy["metadata"])])
    key = (
        "spec" if holder is policy else random.choice(list(holder) if isinstance(holder, dict) else range(len(holder)))
    )
    holder[key] = random.choice(JUNK)
    return found


def _parts(value: Any) -> Iterator[Any]:
    for each in value.values() if isinstance(value, dict) else value:
        if isinstance(each, dict | list):
            yield each
            yield from _parts(each)


def _hidden(random: Random, whole: Connection) -> Connection:
    """Return the connection with one or two of its parts unknown."""
    found = whole
    for _ in range(random.randint(1, 2)):
        match random.choice(("client", "server", "ports", "protocol", "labels", "addresses")):
            case "client":
                found = replace(found, client=random.choice((None, End())))
            case "server":
                found = replace(found, server=random.choice((None, End())))
            case "ports":
                found = replace(found, ports=random.choice((frozenset(), found.ports | {"undeclared"})))
            case "protocol":
                found = replace(found, protocol="")
            case "labels":
                found = replace(found, client=_without_labels(found.client), server=_without_labels(found.server))
            case _:
                found = replace(found, client=_without_addresses(found.client))
    return found


def _without_labels(end: End | None) -> End | None:
    return replace(end, namespace_labels=None) if end else None


def _without_addresses(end: End | None) -> End | None:
    return replace(end, pod={**end.pod, "status": {}}) if end and end.pod else end


def _is_exempt(attempt: Attempt) -> bool:
    """Tell whether an end that is not known may be the pod itself, its node, or a pod on the host's network."""
    ends = (attempt.client, attempt.server)
    pods = [each for each in ends if isinstance(each, oracle.Pod)]
    return (
        attempt.client == attempt.server
        or any(each.host_network for each in pods)
        or any(each.node_ip in ends for each in pods)
    )


FIELDS = (
    *("podSelector", "namespaceSelector", "ipBlock", "matchLabels", "matchExpressions", "policyTypes", "ingress"),
    *("egress", "from", "to", "ports", "port", "endPort", "protocol", "cidr", "except", "key", "operator", "values"),
)
VALUES = (
    "",
    "In",
    "Ingress",
    "web",
    "TCP",
    "10.0.0.0/8",
    "10.0.0.0/99",
    "10.0.0.0/255.0.0.0",
    "x/8",
    0,
    80,
    99999,
    1.5,
)


def _json(random: Random, depth: int = 0) -> Any:
    kind = random.random()
    if depth > 5 or kind < 0.15:
        return random.choice((*VALUES, None, True))
    if kind < 0.6:
        return {random.choice(FIELDS): _json(random, depth + 1) for _ in range(random.randint(0, 3))}
    return [_json(random, depth + 1) for _ in range(random.randint(0, 2))]
