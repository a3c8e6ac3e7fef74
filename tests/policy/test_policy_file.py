"""A wrong policy file grants nothing; each problem has file, line, field and what was expected."""

from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.policy import Actor, FileError, Policy, ReadLevel, load_policy
from bot.remedies.actions import action_names
from intents.catalog.loader import Problem


def problems(file: Path, text: str | bytes) -> list[str]:
    """Return the problems of a file with this text, without its directory."""
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(FileError) as raised:
        load_policy(file, actions=action_names())
    return str(raised.value).replace(f"{file.parent}/", "").splitlines()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("readng: []", "1: readng: unknown key; known are reading, others, guests, external, remediation, acting"),
        ("guests: maybe", "1: guests: expected 'as-others', 'text-only' or 'nothing'"),
        ("others: as-others", "1: others: expected text-only or nothing"),
        ("reading:", "1: reading: expected a list"),
        ("reading: {clusters: [a]}", "1: reading: expected a list"),
        ("reading:\n  - shop", "2: reading[0]: expected keys and values"),
        ("\nreading:\n  - {clusters: [a]}", "3: reading[0].namespaces: is missing"),
        (
            "remediation:\n  - clusters: [a]\n    namespaces: [b]\n    users: [U1]",
            "4: remediation[0].users: unknown key; known are clusters, namespaces, cluster_scoped, labels",
        ),
        (
            "reading:\n  - clusters: [a]\n    namespaces: []",
            '3: reading[0].namespaces: the list is empty: leave the key out, or write ["*"] for all',
        ),
        (
            "reading:\n  - {clusters: [a], namespaces: [b], users: U1}",
            "2: reading[0].users: expected a list; put names that begin with # or * in quotes",
        ),
        (
            "reading:\n  - clusters: [a]\n    namespaces:\n      - b\n      - B",
            "5: reading[0].namespaces[1]: 'B' is not a namespace: expected its name, or \"shop-*\"",
        ),
        (
            "reading:\n  - {clusters: [a], namespaces: [b], channels: [team-shop]}",
            '2: reading[0].channels[0]: \'team-shop\' is not a channel: expected its id (C…), "#name", "#team-*" or'
            ' "*"',
        ),
        (
            'reading:\n  - {clusters: [a], namespaces: [b], users: ["@ada"]}',
            "2: reading[0].users[0]: '@ada' is not a user: expected the id from the profile (U… or W…), or \"*\"",
        ),
        (
            "reading:\n  - {clusters: [a], namespaces: [1]}",
            "2: reading[0].namespaces[0]: expected a text",
        ),
        (
            "reading:\n  - {clusters: [a], namespaces: [b], cluster_scoped: no}",
            "2: reading[0].cluster_scoped: expected true or false",
        ),
        (
            "acting:\n  - {clusters: [a], namespaces: [b], users: [U1], actions: [restart]}",
            "2: acting[0].actions[0]: 'restart' is not a known action: did you mean restart-pod?",
        ),
        (
            "acting:\n  - {clusters: [a], namespaces: [b], actions: [scale]}",
            '2: acting[0]: names nobody: expected users, groups or channels; write users: ["*"] for everybody',
        ),
        (
            "reading:\n  - channels: [#team-shop]\n    clusters: [a]",
            "2: did not find expected ',' or ']'; put names that begin with # in quotes",
        ),
        # User groups.
        (
            "acting:\n  - {clusters: [a], namespaces: [b], actions: [scale], groups: [oncall]}",
            "2: acting[0].groups[0]: 'oncall' is not a user group: expected its id (S…) or \"@handle\"",
        ),
        (
            'reading:\n  - {clusters: [a], namespaces: [b], groups: ["*"]}',
            "2: reading[0].groups[0]: '*' is not a user group: expected its id (S…) or \"@handle\"",
        ),
        (
            "acting:\n  - clusters: [a]\n    groups: [@oncall]",
            "3: found character that cannot start any token; put names that begin with @ in quotes",
        ),
        (
            "acting:\n  - clusters: [a]\n    groups:\n      - @oncall",
            "4: found character that cannot start any token; put names that begin with @ in quotes",
        ),
        (
            "acting:\n  - {clusters: [a], namespaces: [b], actions: [scale], groups: []}",
            "2: acting[0].groups: the list is empty: leave the key out",
        ),
        ("curators: []", '1: curators: the list is empty: leave the key out, or write ["*"] for all'),
        ("curators: U1", "1: curators: expected a list; put names that begin with # or * in quotes"),
        ("curators: [alex]", "1: curators[0]: 'alex' is not a user: expected the id from the profile"),
        # Labels.
        (
            "acting:\n  - {clusters: [a], namespaces: [b], actions: [scale], users: [U1], labels: [team]}",
            "2: acting[0].labels: expected labels and their values, such as {team: checkout}",
        ),
        (
            "remediation:\n  - {clusters: [a], namespaces: [b], labels: {}}",
            "2: remediation[0].labels: has no labels; leave the key out for objects with any labels",
        ),
        (
            "remediation:\n  - clusters: [a]\n    namespaces: [b]\n    labels: {team: 1}",
            "4: remediation[0].labels.team: expected a text",
        ),
        (
            "remediation:\n  - clusters: [a]\n    namespaces: [b]\n    labels:\n      team: check out",
            "5: remediation[0].labels.team: 'check out' is not a label value: expected it as on the object,",
        ),
        (
            "remediation:\n  - {clusters: [a], namespaces: [b], labels: {te am: x}}",
            "2: remediation[0].labels.te am: 'te am' is not a label: expected its key, such as team or",
        ),
        # Approvers.
        (
            "approval:\n  - {clusters: [a], namespaces: [b], risks: [dataloss]}",
            "2: approval[0].risks[0]: 'dataloss' is not a known risk: did you mean data-loss?",
        ),
        (
            "approval:\n  - {clusters: [a], namespaces: [b], actions: [delete-pvc]}",
            "2: approval[0].actions[0]: 'delete-pvc' is not a known action: did you mean delete-",
        ),
        ("approval:\n  - {namespaces: [b]}", "2: approval[0].clusters: is missing"),
        (
            "approval:\n  - {clusters: [a], namespaces: [b], risk: low}",
            "2: approval[0].risk: unknown key; known are ",
        ),
        # Impersonation.
        (
            'impersonation:\n  - clusters: [a]\n    prefix: "system:"',
            "3: impersonation[0].prefix: 'system:' is reserved: names that begin with system: cannot be",
        ),
        (
            "impersonation:\n  - clusters: [a]\n    groups:\n      S0SRE: [sre, system:masters]",
            "4: impersonation[0].groups.S0SRE[1]: 'system:masters' is reserved: names that begin with system: cannot",
        ),
        (
            'impersonation:\n  - {clusters: [a], prefix: " system:"}',
            "2: impersonation[0].prefix: ' system:' is not a name in a cluster: expected visible ASCII without spaces",
        ),
        (
            'impersonation:\n  - {clusters: [a], groups: {"*": ["a,system:masters"]}}',
            "2: impersonation[0].groups.*[0]: 'a,system:masters' is not a name in a cluster: expected visible ASCII",
        ),
        (
            'impersonation:\n  - {clusters: [a], groups: {"*": [""]}}',
            "2: impersonation[0].groups.*[0]: expected a name",
        ),
        (
            "impersonation:\n  - {clusters: [a], groups: {S0SRE: sre}}",
            "2: impersonation[0].groups.S0SRE: expected a list",
        ),
        (
            "impersonation:\n  - {clusters: [a], groups: {sre: [sre]}}",
            '2: impersonation[0].groups.sre: \'sre\' is not a user group: expected its id (S…), "@handle", or "*" for',
        ),
        (
            "impersonation:\n  - {clusters: [a], groups: [sre]}",
            "2: impersonation[0].groups: expected user groups and their groups in the cluster, such as {S0SRE: [sre],",
        ),
        (
            "impersonation:\n  - {clusters: [a], domains: [Example.com]}",
            "2: impersonation[0].domains[0]: 'Example.com' is not a domain: expected it in lower case, such as example",
        ),
        (
            'impersonation:\n  - {clusters: [a], domains: ["@example.com"]}',
            "2: impersonation[0].domains[0]: '@example.com' is not a domain",
        ),
        (
            "impersonation:\n  - {domains: [example.com]}",
            "2: impersonation[0].clusters: is missing",
        ),
        (
            "impersonation:\n  - {clusters: [a], users: [U1]}",
            "2: impersonation[0].users: unknown key; known are clusters, domains, prefix, groups",
        ),
        # Limits.
        ("limits: [3]", "1: limits: expected keys and values"),
        ("limits: {object: {}}", "1: limits.object: unknown key; known are target, user"),
        (
            "limits:\n  user:\n    write: 3\n    writes: 1\n    minutes: 1",
            "3: limits.user.write: unknown key; known are writes, minutes",
        ),
        ("limits:\n  user: {writes: 3}", "2: limits.user.minutes: is missing"),
        (
            "limits:\n  target: {writes: 0, minutes: 15}",
            "2: limits.target.writes: expected greater than or equal to 1",
        ),
        ("limits:\n  target: {writes: 3, minutes: 2000}", "2: limits.target.minutes: expected less than or equal to"),
        ("limits:\n  target: {writes: 3, minutes: 1.5}", "2: limits.target.minutes: expected a whole number"),
        ("limits:\n  target: {writes: yes, minutes: 15}", "2: limits.target.writes: expected a whole number"),
        ("reading: []\nreading: []", "2: key 'reading' is given twice"),
        ("- a", "1: expected a policy with some of these sections: reading, others, guests, external, remediation,"),
        ("", "1: expected a policy with some of these sections"),
        (b"reading: \xff", "1: not UTF-8 at byte 9"),
        ("#" * 300_000, "1: larger than 256 KiB"),
    ],
)
def test_a_mistake_is_reported_with_its_place(tmp_path: Path, text: str | bytes, says: str) -> None:
    (line,) = problems(tmp_path / "policy.yaml", text)

    assert line.startswith(f"policy.yaml:{says}")


def test_every_mistake_is_reported_in_line_order(tmp_path: Path) -> None:
    lines = problems(tmp_path / "policy.yaml", "guests: x\nreading:\n  - {clusters: [a]}\n  - {namespaces: [b]}\n")

    assert [line.split(": ")[:2] for line in lines] == [
        ["policy.yaml:1", "guests"],
        ["policy.yaml:3", "reading[0].namespaces"],
        ["policy.yaml:4", "reading[1].clusters"],
    ]


def test_an_unreadable_file_is_reported(tmp_path: Path) -> None:
    for path, says in [(tmp_path / "none.yaml", "no such file or directory"), (tmp_path, "is a directory")]:
        with pytest.raises(FileError, match=says):
            load_policy(path, actions=action_names())


def test_a_missing_section_has_its_default(tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text("remediation:\n  - {clusters: [staging], namespaces: [shop]}\n")
    who = Actor(channel="C1", user="U1")

    scope, default = load_policy(file, actions=action_names()).scope(who), Policy.default().scope(who)

    assert scope.reading is ReadLevel.FULL
    assert scope.access("prod") == default.access("prod")
    assert "does not allow you to run" in scope.may("restart-pod", "staging", "shop").says.en
    assert (
        load_policy(file, actions=action_names()).scope(Actor(channel="C1", user="U1", guest=True)).reading
        is ReadLevel.TEXT_ONLY
    )


KEYS = [
    *("reading", "guests", "others", "acting", "approval", "impersonation", "limits", "curators"),
    *("channels", "users", "groups", "clusters", "namespaces", "cluster_scoped", "labels", "target", "writes"),
]
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6) | st.sampled_from(["*", "C1", "a"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=60)
@given(content=st.dictionaries(st.sampled_from(KEYS), VALUES).map(yaml.safe_dump) | st.text())
def test_any_file_gives_a_policy_or_an_error_with_places(
    tmp_path_factory: pytest.TempPathFactory, content: str
) -> None:
    file = tmp_path_factory.getbasetemp() / "any-policy.yaml"
    file.write_bytes(content.encode("utf-8", errors="replace"))
    told: tuple[Problem, ...] = ()
    try:
        assert isinstance(load_policy(file, actions=action_names()), Policy)
    except FileError as error:
        told = error.problems or (Problem(file="", line=0, field="", says=""),)

    assert all(problem.file == str(file) and problem.says for problem in told)
