"""Check that commands, settings, links and names in the documents exist and work as documented."""

from __future__ import annotations

import contextlib
import io
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.__main__ import main
from bot.cli.arguments import parse
from bot.policy import Actor, load_policy
from bot.remedies.action import actions
from bot.remedies.actions import action_names
from bot.settings import documented
from tests.deploy.rendering import CHART, rendered_text
from tests.project.documented import Command, anchors, blocks, commands, inline
from tests.project.readme_parts import ROOT, documents, with_parts

PAGES = (*documents(), ROOT / "deploy" / "README.md")
COMMANDS = [command for page in PAGES for command in commands(page)]
SETTINGS = {variable for variable, _, _ in documented()}
OTHERS_VARIABLES = {"SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "SLACK_SIGNING_SECRET", "KUBECONFIG"}
# Programs of others whose arguments are not checked.
PLAIN = {"cd", "git", "pipx", "cosign", "pip-audit", "sha256sum", "python3.11", "slack"}
SCHEMA = json.loads((CHART / "values.schema.json").read_text("utf-8"))
VALUES = yaml.safe_load((CHART / "values.yaml").read_text("utf-8"))

pages = pytest.mark.parametrize("page", PAGES, ids=lambda page: f"{page.parent.name}/{page.name}")


def _paths(command: Command, option: str) -> Iterator[Path]:
    return (ROOT / path for path in command.option(option) if path != "-")


# --- Commands by program ----------------------------------------------------------------------------------------------


def _casebook(command: Command) -> None:
    if command.words[1:] != ("--version",):
        assert parse(command.words[1:]).command


def _make(command: Command) -> None:
    targets = set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    assert set(command.words[1:]) <= targets


def _pip(command: Command) -> None:
    assert command.words[1] == "install"
    assert all(path.is_file() for path in _paths(command, "-r"))


def _export(command: Command) -> None:
    assert {word.partition("=")[0] for word in command.words[1:]} <= SETTINGS | OTHERS_VARIABLES


def _docker(command: Command) -> None:
    assert command.words[1] in {"build", "push", "run"}
    assert all(path.is_file() for path in _paths(command, "-f"))
    assert {name.partition("=")[0] for name in command.option("-e")} <= SETTINGS | OTHERS_VARIABLES
    if command.words[1] == "run":
        image = (ROOT / "deploy" / "image" / "Containerfile").read_text("utf-8")
        volumes = {place.split(":")[1] for place in command.option("-v")} - {"/kubeconfig"}
        assert all(f"\nVOLUME {place}\n" in image for place in volumes)
        assert all(f"\nEXPOSE {ports.partition(':')[2]}\n" in image for ports in command.option("-p"))


def _helm(command: Command) -> None:
    """Render the chart with the command's values."""
    verb, release = command.words[1:3]
    assert (verb in {"install", "upgrade", "uninstall", "rollback"}, release) == (True, "casebook")
    assert list(command.option("-n")) == ["casebook"]
    if verb in {"install", "upgrade"}:
        assert ROOT / command.words[3] == CHART
        values: dict[str, Any] = {}
        for assignment in command.option("--set"):
            _set(values, *_value(assignment))
        for assignment in command.option("--set-file"):
            _set(values, assignment.partition("=")[0], "text")
        rendered_text(values)


def _value(assignment: str) -> tuple[str, Any]:
    name, _, value = assignment.partition("=")
    listed = value.removeprefix("{").removesuffix("}").split(",")
    return name, listed if value.startswith("{") else {"true": True, "false": False}.get(value, value)


def _set(values: dict[str, Any], name: str, value: Any) -> None:
    *above, last = re.split(r"(?<!\\)\.", name)
    for part in above:
        values = values.setdefault(part, {})
    values[last.replace("\\.", ".")] = value


def _kubectl(command: Command) -> None:
    if command.words[1] == "casebook":
        _casebook(Command(page=command.page, words=command.words[1:]))
        return
    words = [word for word in command.words if not word.startswith("-")]
    assert all(path.is_file() for path in _paths(command, "-f"))
    assert set(command.option("-n")) <= {"casebook"}
    if "secret" in words:
        secret = VALUES["slack"]["secret"]
        keys = {word.split("=")[1] for word in command.words if word.startswith("--from-literal=")}
        assert secret["name"] in words
        either = {secret["appToken"], secret["signingSecret"]}
        assert any(
            keys - either == own for own in ({secret["botToken"]}, {secret["clientSecret"], secret["encryptionKeys"]})
        )
        assert keys & either
    rendered = "\n".join(rendered_text({}).values())
    for word in words:
        if match := re.fullmatch(r"statefulset/(.+)|(?:data-)?(.+)-0", word):
            assert f"kind: StatefulSet\nmetadata:\n  name: {match[1] or match[2]}\n" in rendered
        if word.startswith("data-"):
            assert "\n        name: data\n" in rendered
    if "exec" in words:
        parse(command.words[command.words.index("--") + 2 :])


CHECKS: Mapping[str, Callable[[Command], None]] = {
    "casebook": _casebook,
    "docker": _docker,
    "export": _export,
    "helm": _helm,
    "kubectl": _kubectl,
    "make": _make,
    "pip": _pip,
}


@pytest.mark.parametrize("command", COMMANDS, ids=str)
def test_every_command_to_copy_exists(command: Command) -> None:
    assert {word.partition("=")[0] for word in command.assigned} <= SETTINGS | OTHERS_VARIABLES
    assert command.program in PLAIN | CHECKS.keys()
    if check := CHECKS.get(command.program):
        check(command)


# --- Commands that run offline ----------------------------------------------------------------------------------------

# These need no cluster and no Slack, and are fast. test_docs_catalog.py runs the catalog guide from top to bottom.
HERE = {"manifest", "rbac", "match", "explain", "schema", "probes", "list", "show"}
RUN = [
    command
    for command in COMMANDS
    if command.program == "casebook" and command.words[1] in HERE and "mine" not in " ".join(command.assigned)
    if command.page != "catalog.md" and "--context" not in command.words
]


@pytest.mark.parametrize("command", RUN, ids=str)
def test_offline_commands_print_what_is_documented(command: Command) -> None:
    with contextlib.redirect_stdout(io.StringIO()) as out:
        assert main(command.words[1:]) == 0
    assert command.would_print(out.getvalue())


def test_the_small_policy_lets_a_channel_restart_pods_of_one_namespace(tmp_path: Path) -> None:
    (text,) = [block for block in blocks(ROOT / "docs" / "install.md", "yaml") if "acting:" in block]
    (tmp_path / "policy.yaml").write_text(text, "utf-8")
    here = Actor(team="T1", user="U1", channel="C1", channel_name="team-shop")
    scope = load_policy(tmp_path / "policy.yaml", actions=action_names()).scope(here)
    elsewhere = load_policy(tmp_path / "policy.yaml", actions=action_names()).scope(
        replace(here, channel_name="general")
    )

    assert scope.may("restart-pod", "in-cluster", "shop").allowed
    assert not scope.may("scale", "in-cluster", "shop").allowed
    assert not scope.may("restart-pod", "in-cluster", "bank").allowed
    assert not elsewhere.may("restart-pod", "in-cluster", "shop").allowed
    assert (scope.sees_cluster("in-cluster"), elsewhere.sees_cluster("in-cluster")) == (True, False)


# --- Names in the pages -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", documents(), ids=lambda page: page.name)
def test_generated_parts_are_up_to_date(page: Path) -> None:
    assert page.read_text("utf-8") == with_parts(page), "run `make readme`"


@pages
def test_every_link_leads_to_a_file_and_a_heading(page: Path) -> None:
    links = {link for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text("utf-8")) if "://" not in link}
    broken = set()
    for link in links:
        path, _, anchor = link.partition("#")
        leads_to = page.parent / path if path else page
        if not leads_to.exists() or (anchor and anchor not in anchors(leads_to)):
            broken.add(link)

    assert broken == set()


@pages
def test_every_path_and_test_that_is_named_exists(page: Path) -> None:
    named = {word for word in inline(page) if re.fullmatch(r"[\w.-]+(/[\w.-]+)+(::\w+)?", word)}
    missing = set()
    for word in named:
        path, _, function = word.partition("::")
        if not (ROOT / path.split("/")[0]).is_dir():
            continue  # An image, a pod or a media type.
        if not (ROOT / path).exists() or (function and f"def {function}(" not in (ROOT / path).read_text("utf-8")):
            missing.add(word)

    assert missing == set()


@pages
def test_every_setting_that_is_named_exists(page: Path) -> None:
    assert set(re.findall(r"CASEBOOK_[A-Z_]*[A-Z]", page.read_text("utf-8"))) - SETTINGS == set()


@pages
def test_every_command_in_running_text_exists(page: Path) -> None:
    named = {word.removeprefix("casebook ") for word in inline(page) if word.startswith("casebook ")}
    for each in named:
        name, *words = each.split()
        with contextlib.redirect_stdout(io.StringIO()) as helped, pytest.raises(SystemExit):
            parse([name, "--help"])
        options = {word for word in words if re.fullmatch(r"--?[a-z-]+", word)}
        assert options <= set(re.findall(r"(?<![\w-])--?[a-z][a-z-]*", helped.getvalue())), each


@pages
def test_every_value_of_the_chart_that_is_named_exists(page: Path) -> None:
    for word in inline(page):
        name = word.removeprefix("--set ").removeprefix("--set-file ").strip("'").partition("=")[0]
        parts = re.split(r"(?<!\\)\.", name)
        is_value = len(parts) > 1 and parts[0] in SCHEMA["properties"] and re.fullmatch(r"[\w.\\-]+", name)
        # A resource and its group: clusters.cluster.x-k8s.io.
        if is_value and parts[-1] not in ("yaml", "md", "py", "io"):
            assert _is_in_schema(parts), word


def _is_in_schema(parts: list[str]) -> bool:
    found: Mapping[str, Any] = SCHEMA
    for part in parts:
        if "$ref" in found:
            found = SCHEMA["definitions"][found["$ref"].rpartition("/")[2]]
        if part not in found.get("properties", {}):
            return isinstance(found.get("additionalProperties"), dict)
        found = found["properties"][part]
    return True


def test_every_action_is_listed_with_its_permissions() -> None:
    page = (ROOT / "docs" / "permissions.md").read_text("utf-8")

    assert {action for action in actions() if f"\n| `{action}` |" not in page} == set()


def test_every_page_is_linked_from_the_readme() -> None:
    front = (ROOT / "README.md").read_text("utf-8")

    assert {page.name for page in documents()[1:] if f"(docs/{page.name}" not in front} == set()


def test_configurations_of_mcp_clients_are_json_and_start_known_commands() -> None:
    servers = [json.loads(block)["mcpServers"]["casebook"] for block in blocks(ROOT / "docs" / "api.md", "json")]

    assert {parse(one["args"]).command for one in servers if "command" in one} == {"mcp"}
    assert [one["headers"] for one in servers if "url" in one] == [{"Authorization": "Bearer ${env:MY_TOKEN}"}]


def test_every_block_has_a_language() -> None:
    known = ("console", "json", "sh", "text", "yaml", "promql")
    counts = {page.name: len(list(blocks(page, *known))) for page in PAGES}

    assert counts == {page.name: page.read_text("utf-8").count("```") // 2 for page in PAGES}
