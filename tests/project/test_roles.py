"""The roles of a cluster: as declared, no wider, and what is risky only where it is asked for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.__main__ import main
from bot.remedies.registry import actions
from tests.project.role_files import DIRECTORY, ROLES
from tests.roles import manifests, printed, rules

# What lets an account become more than it is, or see what it need not.
RISKY = {"secrets", "nodes/proxy", "pods/exec", "pods/attach", "pods/portforward", "pods/proxy", "services/proxy",
         "serviceaccounts/token", "users", "groups"}  # fmt: skip
RISKY_GROUPS = {"rbac.authorization.k8s.io", "certificates.k8s.io"}
RISKY_VERBS = {"escalate", "bind", "impersonate", "deletecollection", "update", "watch"}

ENTRY = """
id: {id}
status: sandbox
strongest: likely
title: {{en: A certificate ran out, zh: 证书已过期}}
severity: warning
signatures: ["certificate <name> of the widget ran out"]
reads: {{them: {{probe: objects, args: {{kind: {kind}, fields: {{kept: metadata.name}}}}}}}}
evidence:
  - {{id: there, each: them, when: row.name != "", need: any, says: {{en: It is there, zh: 存在}}}}
root_cause: {{en: It ran out., zh: 已过期。}}
impact: {{en: None., zh: 无。}}
runbook: [{{says: {{en: Renew it., zh: 更新证书。}}}}]
examples:
  match:
    - certificate a of the widget ran out
    - certificate b of the widget ran out
    - certificate c of the widget ran out
  other: [all is well, nothing is wrong]
cases: []
"""


def outside(role: list[dict[str, Any]]) -> set[tuple[str, str]]:
    """Verb and resource of each rule, one by one."""
    return {(verb, resource) for rule in role for verb in rule["verbs"] for resource in rule["resources"]}


@pytest.mark.parametrize("role", ROLES)
def test_the_roles_to_apply_are_as_declared(role: str) -> None:
    committed = DIRECTORY / f"{role}.yaml"

    assert committed.read_text("utf-8") == printed(role), "run `make readme`"


@pytest.mark.parametrize("argv", [(), ("read",), ("act",), ("act", "--namespaces", "shop,bank")])
def test_no_role_has_a_wildcard_or_what_makes_an_account_more_than_it_is(argv: tuple[str, ...]) -> None:
    for rule in rules(*argv):
        words = {*rule["apiGroups"], *rule["resources"], *rule["verbs"]}
        assert not [word for word in words if "*" in word]
        assert not words & (RISKY | RISKY_VERBS | RISKY_GROUPS)


def test_what_reads_writes_nothing_and_what_acts_reads_nothing() -> None:
    """So that each can be left out."""
    assert {verb for verb, _ in outside(rules("read"))} == {"get", "list"}
    assert {verb for verb, _ in outside(rules("act"))} == {"create", "delete", "patch"}
    assert printed().count("kind: ServiceAccount\nmetadata") == 1


def test_every_resource_says_who_needs_it_and_rules_that_could_be_one_are() -> None:
    for role in (each for each in manifests() if "rules" in each):
        alike = [(rule["apiGroups"], rule["verbs"]) for rule in role["rules"]]
        assert len(alike) == len({str(each) for each in alike})
        for rule in role["rules"]:
            assert all(f"  # {resource}: " in printed() for resource in rule["resources"])


def test_a_role_for_some_actions_grants_what_these_do_and_no_more() -> None:
    assert outside(rules("act", "--actions", "restart-pod,rollout-restart")) == {
        ("create", "events"),
        ("delete", "pods"),
        ("patch", "daemonsets"),
        ("patch", "deployments"),
        ("patch", "statefulsets"),
    }
    every = set().union(*(outside(rules("act", "--actions", name)) for name in actions()))
    assert every == outside(rules("act"))


def test_in_namespaces_there_is_a_role_each_and_what_lies_outside_stays_with_the_cluster() -> None:
    named = ("act", "--actions", "restart-pod,cordon", "--namespaces", "shop,bank")

    found = {
        (each["kind"], each["metadata"].get("namespace", "")): outside(each["rules"])
        for each in manifests(*named)
        if "rules" in each
    }

    pods = {("create", "events"), ("delete", "pods")}
    assert found == {
        ("Role", "shop"): pods,
        ("Role", "bank"): pods,
        ("ClusterRole", ""): {("patch", "nodes")},
        # Where the API server keeps events about nodes.
        ("Role", "default"): {("create", "events")},
    }
    alone = manifests("act", "--actions", "restart-pod", "--namespaces", "shop")
    assert {each["kind"] for each in alone} == {"Role", "RoleBinding"}


def test_it_runs_as_another_account_if_that_is_named() -> None:
    read = manifests("read", "--service-account", "ops/bot")

    assert read[0]["metadata"] == {"name": "bot", "namespace": "ops"}
    assert [each["metadata"]["name"] for each in read[1:]] == ["bot-read", "bot-read"]
    assert read[-1]["subjects"] == [{"kind": "ServiceAccount", "name": "bot", "namespace": "ops"}]


@pytest.mark.parametrize("odd", ["123", "1e3", "0x10", "true", "on", "null"])
def test_a_name_is_a_text_whatever_yaml_takes_it_for(odd: str) -> None:
    """Of a namespace called null the role would land wherever kubectl is."""
    account = f"{odd}/{odd}"
    role, binding = manifests("act", "--actions", "restart-pod", "--namespaces", odd, "--service-account", account)

    assert [each["metadata"]["namespace"] for each in (role, binding)] == [odd, odd]
    assert binding["subjects"] == [{"kind": "ServiceAccount", "name": odd, "namespace": odd}]


def test_acting_as_others_is_a_role_of_its_own_under_its_risk() -> None:
    text = printed("act", "--with", "impersonate")

    (role,) = [each for each in yaml.safe_load_all(text) if each["metadata"]["name"] == "casebook-impersonate"][:1]
    assert role["rules"] == [{"apiGroups": [""], "resources": ["groups", "users"], "verbs": ["impersonate"]}]
    assert "# RISK: Casebook may then act as any user" in text
    assert text.startswith(printed("act").partition("\n")[0])


@pytest.fixture
def entry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """An entry of the user's own that reads objects of this kind."""

    def written(kind: str) -> None:
        (tmp_path / "widgets.yaml").write_text(ENTRY.format(id="widgets", kind=kind), "utf-8")
        monkeypatch.setenv("CASEBOOK_CATALOG", str(tmp_path))

    return written


def run(capsys: pytest.CaptureFixture[str], *argv: str) -> tuple[int, str, str]:
    code = main(["rbac", *argv])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_what_entries_of_ones_own_read_is_granted_too(entry: Any, capsys: pytest.CaptureFixture[str]) -> None:
    entry("certificates.v1.cert-manager.io")

    code, out, err = run(capsys, "read")

    assert (code, err) == (0, "")
    assert "  # certificates: widgets\n  - apiGroups: [cert-manager.io]\n" in out


def test_a_kind_that_only_a_cluster_could_tell_is_told(entry: Any, capsys: pytest.CaptureFixture[str]) -> None:
    entry("Certificate")

    code, out, err = run(capsys, "read")

    assert (code, out) == (0, printed("read"))
    assert err.startswith('casebook: widgets reads "Certificate", which is not in the role: ')


def test_secrets_are_left_out_until_they_are_asked_for(entry: Any, capsys: pytest.CaptureFixture[str]) -> None:
    entry("Secret")

    code, out, err = run(capsys, "read")
    assert (code, out) == (0, printed("read"))
    assert err == "casebook: Secrets, which widgets would read, are left out; add them by --with secrets\n"

    code, out, err = run(capsys, "read", "--with", "secrets")
    assert (code, err) == (0, "")
    assert "# RISK: people who may ask Casebook may then learn the content of Secrets" in out
    (role,) = [each for each in yaml.safe_load_all(out) if each["metadata"]["name"] == "casebook-secrets"][:1]
    assert role["rules"] == [{"apiGroups": [""], "resources": ["secrets"], "verbs": ["get", "list"]}]


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (["reed"], 'unknown role "reed"; did you mean "read"?'),
        (["act", "--actions", "restrt-pod"], 'unknown action "restrt-pod"; did you mean "restart-pod"?'),
        (
            ["read", "--actions", "drain"],
            "--actions and --namespaces limit what is written, so they do not apply to the role read",
        ),
        (["act", "--namespaces", "Shop_1"], "--namespaces: 'Shop_1' is not a valid name in Kubernetes"),
        (["act", "--namespaces", ","], "--namespaces is empty"),
        (["act", "--actions", ","], "--actions is empty"),
        (["--service-account", "bot"], "--service-account"),
        (["--with", "root"], 'unknown --with "root", known are secrets, impersonate'),
        (["--with", "secrets"], "no probe and no entry of your catalog reads Secrets"),
    ],
)
def test_what_cannot_be_printed_is_said_in_a_line(
    capsys: pytest.CaptureFixture[str], argv: list[str], says: str
) -> None:
    code, out, err = run(capsys, *argv)

    assert (code, out) == (2, "")
    assert says in err.splitlines()[0]
