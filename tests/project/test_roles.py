"""Check the cluster roles: as declared, no wider, and risky permissions only on request."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.__main__ import main
from bot.remedies.action import actions
from tests.project.role_files import DIRECTORY, ROLES
from tests.roles import manifests, printed, rules

# Permissions that allow privilege escalation, or reading more than needed.
RISKY = {"secrets", "nodes/proxy", "pods/exec", "pods/attach", "pods/portforward", "pods/proxy", "services/proxy",
         "serviceaccounts/token", "users", "groups"}  # fmt: skip
# Bindings and certificate requests may be read, so that an answer can say what is missing, but never written.
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
    """Return verb and resource of each rule."""
    return {(verb, resource) for rule in role for verb in rule["verbs"] for resource in rule["resources"]}


@pytest.mark.parametrize("role", ROLES)
def test_the_role_manifests_are_up_to_date(role: str) -> None:
    committed = DIRECTORY / f"{role}.yaml"

    assert committed.read_text("utf-8") == printed(role), "run `make readme`"


@pytest.mark.parametrize("argv", [(), ("read",), ("act",), ("act", "--namespaces", "shop,bank")])
def test_no_role_has_wildcards_or_allows_privilege_escalation(argv: tuple[str, ...]) -> None:
    for rule in rules(*argv):
        words = {*rule["apiGroups"], *rule["resources"], *rule["verbs"]}
        assert not [word for word in words if "*" in word]
        assert not words & (RISKY | RISKY_VERBS)
        assert not words & RISKY_GROUPS or set(rule["verbs"]) <= {"get", "list"}


def test_the_read_role_only_reads_and_the_act_role_only_writes() -> None:
    """Either role can then be left out."""
    assert {verb for verb, _ in outside(rules("read"))} == {"get", "list"}
    assert {verb for verb, _ in outside(rules("act"))} == {"create", "delete", "patch"}
    assert printed().count("kind: ServiceAccount\nmetadata") == 1


def test_every_resource_says_what_needs_it_and_rules_are_merged() -> None:
    for role in (each for each in manifests() if "rules" in each):
        alike = [(rule["apiGroups"], rule["verbs"]) for rule in role["rules"]]
        assert len(alike) == len({str(each) for each in alike})
        for rule in role["rules"]:
            assert all(f"  # {resource}: " in printed() for resource in rule["resources"])


def test_a_role_for_some_actions_grants_only_what_they_write() -> None:
    assert outside(rules("act", "--actions", "restart-pod,rollout-restart")) == {
        ("create", "events"),
        ("delete", "pods"),
        ("patch", "daemonsets"),
        ("patch", "deployments"),
        ("patch", "statefulsets"),
    }
    every = set().union(*(outside(rules("act", "--actions", name)) for name in actions()))
    assert every == outside(rules("act"))


def test_each_namespace_has_a_role_and_cluster_scoped_rules_a_cluster_role() -> None:
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
        # The API server stores events of nodes in this namespace.
        ("Role", "default"): {("create", "events")},
    }
    alone = manifests("act", "--actions", "restart-pod", "--namespaces", "shop")
    assert {each["kind"] for each in alone} == {"Role", "RoleBinding"}


def test_the_service_account_can_be_chosen() -> None:
    read = manifests("read", "--service-account", "ops/bot")

    assert (read[0]["kind"], read[0]["metadata"]) == ("Namespace", {"name": "ops"})
    assert read[1]["metadata"] == {"name": "bot", "namespace": "ops"}
    assert [each["metadata"]["name"] for each in read[2:]] == ["bot-read", "bot-read"]
    assert read[-1]["subjects"] == [{"kind": "ServiceAccount", "name": "bot", "namespace": "ops"}]


@pytest.mark.parametrize("odd", ["123", "1e3", "0x10", "true", "on", "null"])
def test_names_are_strings_even_if_yaml_would_read_another_type(odd: str) -> None:
    """Otherwise the role for a namespace called null would be created in kubectl's current namespace."""
    account = f"{odd}/{odd}"
    role, binding = manifests("act", "--actions", "restart-pod", "--namespaces", odd, "--service-account", account)

    assert [each["metadata"]["namespace"] for each in (role, binding)] == [odd, odd]
    assert binding["subjects"] == [{"kind": "ServiceAccount", "name": odd, "namespace": odd}]


def test_impersonation_is_a_separate_role_with_a_warning() -> None:
    text = printed("act", "--with", "impersonate")

    (role,) = [each for each in yaml.safe_load_all(text) if each["metadata"]["name"] == "casebook-impersonate"][:1]
    assert role["rules"] == [{"apiGroups": [""], "resources": ["groups", "users"], "verbs": ["impersonate"]}]
    assert "# RISK: Casebook may then act as any user" in text
    assert text.startswith(printed("act").partition("\n")[0])


@pytest.fixture
def entry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Write a user's entry that reads objects of this kind."""

    def written(kind: str) -> None:
        (tmp_path / "widgets.yaml").write_text(ENTRY.format(id="widgets", kind=kind), "utf-8")
        monkeypatch.setenv("CASEBOOK_CATALOG", str(tmp_path))

    return written


def run(capsys: pytest.CaptureFixture[str], *argv: str) -> tuple[int, str, str]:
    code = main(["rbac", *argv])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_the_users_own_entries_get_their_reads(entry: Any, capsys: pytest.CaptureFixture[str]) -> None:
    entry("widgets.v1.example.io")

    code, out, err = run(capsys, "read")

    assert (code, err) == (0, "")
    assert "  # widgets: widgets\n  - apiGroups: [example.io]\n" in out


def test_a_kind_that_needs_a_cluster_to_resolve_is_reported(entry: Any, capsys: pytest.CaptureFixture[str]) -> None:
    entry("Certificate")

    code, out, err = run(capsys, "read")

    assert (code, out) == (0, printed("read"))
    assert err.startswith('casebook: widgets reads "Certificate", which is not in the role: ')


def test_secrets_are_granted_only_on_request(entry: Any, capsys: pytest.CaptureFixture[str]) -> None:
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
        (["--with", "root"], 'unknown --with "root", known are secrets, impersonate, custom-resources'),
        (["--with", "secrets"], "no probe and no entry of your catalog reads Secrets"),
    ],
)
def test_invalid_arguments_are_reported_in_one_line(
    capsys: pytest.CaptureFixture[str], argv: list[str], says: str
) -> None:
    code, out, err = run(capsys, *argv)

    assert (code, out) == (2, "")
    assert says in err.splitlines()[0]
