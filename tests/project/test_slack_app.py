"""Check the Slack app's manifests against Slack's schema, and how the Slack CLI uses them."""

import asyncio
import json
import os
import re
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.__main__ import main
from bot.playground.kubernetes import SimulatedCluster
from bot.playground.slack import SimulatedSlack
from bot.slack.scopes import SCOPES
from bot.surfaces.slack.manifest import COMMAND
from tests.project.slack_files import DIRECTORY, MODES, printed

# Maximum lengths of Slack's manifest schema: github.com/slackapi/manifest-schema.
LENGTHS = {
    "display_information.name": (1, 35),
    "display_information.description": (1, 140),
    "display_information.long_description": (175, 4000),
    "features.agent_view.agent_description": (1, 300),
    "features.bot_user.display_name": (1, 80),
    "features.shortcuts.name": (1, 24),
    "features.shortcuts.callback_id": (1, 255),
    "features.shortcuts.description": (1, 150),
    "features.slash_commands.command": (2, 32),
    "features.slash_commands.description": (1, 2000),
    "features.slash_commands.usage_hint": (1, 1000),
    "features.slash_commands.url": (1, 3000),
    "oauth_config.scopes.bot": (1, 50),
    "oauth_config.scopes.bot_optional": (1, 50),
    "settings.event_subscriptions.request_url": (1, 3500),
    "settings.event_subscriptions.bot_events": (1, 50),
    "settings.interactivity.request_url": (1, 3500),
    "settings.interactivity.message_menu_options_url": (1, 3500),
}
# Other keys that our manifests may use; the schema allows no others.
OTHERS = {
    "_metadata.major_version", "_metadata.minor_version", "display_information.background_color",
    "features.app_home.home_tab_enabled", "features.app_home.messages_tab_enabled",
    "features.app_home.messages_tab_read_only_enabled", "features.bot_user.always_online", "features.shortcuts.type",
    "features.slash_commands.should_escape", "settings.interactivity.is_enabled", "settings.org_deploy_enabled",
    "settings.socket_mode_enabled", "settings.token_rotation_enabled",
}  # fmt: skip


def leaves(value: Any, path: str = "") -> list[tuple[str, Any]]:
    """Yield every value and its path; items of a list have the list's path."""
    if isinstance(value, dict):
        return [leaf for key, inner in value.items() for leaf in leaves(inner, f"{path}.{key}".lstrip("."))]
    if isinstance(value, list):
        return [leaf for inner in value for leaf in leaves(inner, path)]
    return [(path, value)]


def manifest(*argv: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(printed(*argv))
    return found


def test_the_files_are_what_the_command_prints() -> None:
    """After a change of scopes or texts, run `make readme`."""
    assert {path.name: path.read_text("utf-8") for path in DIRECTORY.iterdir()} == {
        f"manifest-{mode}.yaml": printed(mode) for mode in MODES
    }


@pytest.mark.parametrize("mode", MODES)
def test_the_manifest_satisfies_slacks_schema(mode: str) -> None:
    made = manifest(mode)

    found = leaves(made)
    assert {path for path, _ in found} <= {*LENGTHS, *OTHERS}
    assert [
        (path, value) for path, value in found
        if path in LENGTHS and not LENGTHS[path][0] <= len(value) <= LENGTHS[path][1]
    ] == []  # fmt: skip
    assert re.fullmatch("#[0-9a-f]{6}", made["display_information"]["background_color"])
    features, settings = made["features"], made["settings"]
    assert {shortcut["type"] for shortcut in features["shortcuts"]} == {"message"}
    assert 1 <= len(features["shortcuts"]) <= 10
    assert [command["command"] for command in features["slash_commands"]] == [COMMAND]
    events = settings["event_subscriptions"]["bot_events"]
    assert len(events) == len(set(events)) <= 100
    assert settings["token_rotation_enabled"] is settings["org_deploy_enabled"] is False
    # Without this tab users cannot send the app direct messages.
    assert (features["app_home"]["messages_tab_enabled"], features["app_home"]["messages_tab_read_only_enabled"]) == (
        True, False,
    )  # fmt: skip


def test_it_requests_the_scopes_of_the_table_optional_ones_as_optional() -> None:
    scopes = manifest("socket")["oauth_config"]["scopes"]

    assert scopes["bot"] == [scope.name for scope in SCOPES]
    assert scopes["bot_optional"] == [scope.name for scope in SCOPES if scope.without]


def test_each_scope_has_its_reason_in_a_comment() -> None:
    above = printed("socket").partition("bot_optional:")[0].splitlines()

    for scope in SCOPES:
        lines = above[: above.index(f"      - {scope.name}")]
        said = " ".join(reversed([line.strip(" #") for line in _comment_before(lines)]))
        assert said.startswith(scope.reason)
        assert said.endswith(f"off without it: {scope.without}." if scope.without else scope.reason)


def _comment_before(lines: list[str]) -> list[str]:
    found: list[str] = []
    while lines[-len(found) - 1].lstrip().startswith("#"):
        found.append(lines[-len(found) - 1])
    return found


def test_http_has_one_request_url_and_socket_mode_none() -> None:
    http = manifest("http", "--url", "https://casebook.example.com/")
    addresses = {path: value for path, value in leaves(http) if path.endswith("url")}

    assert set(addresses.values()) == {"https://casebook.example.com/slack/events"}
    assert len(addresses) == 4
    socket = manifest("socket")
    assert [path for path, _ in leaves(socket) if path.endswith("url")] == []
    assert (http["settings"].pop("socket_mode_enabled"), socket["settings"].pop("socket_mode_enabled")) == (False, True)
    del http["settings"]["event_subscriptions"]["request_url"], http["settings"]["interactivity"]["request_url"]
    del http["settings"]["interactivity"]["message_menu_options_url"]
    del http["features"]["slash_commands"][0]["url"]
    assert http == socket


def test_the_url_may_include_the_request_path() -> None:
    assert printed("http", "--url", "https://a.example/bot/slack/events") == printed(
        "http", "--url", "https://a.example/bot"
    )


def test_json_and_yaml_are_equal() -> None:
    assert json.loads(printed("http", "--output", "json")) == manifest("http")


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (["https"], 'unknown mode "https"; did you mean "http"?'),
        (["--url", "https://a.example"], "--url needs mode http: in Socket Mode Slack calls no address"),
        (["http", "--url", "http://a.example"], "--url: 'http://a.example' is not an address that Slack can call"),
        (["http", "--url", "https://"], "--url: 'https://' is not an address that Slack can call"),
        (["http", "--url", "https://a.example/?a=b"], "is not an address that Slack can call"),
    ],
)
def test_invalid_arguments_are_reported_in_one_line(
    capsys: pytest.CaptureFixture[str], argv: list[str], says: str
) -> None:
    code = main(["manifest", *argv])
    captured = capsys.readouterr()

    assert (code, captured.out) == (2, "")
    assert says in captured.err.splitlines()[0]


# --- the Slack CLI ---


@pytest.fixture(scope="module")
def hooks(root: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((root / ".slack" / "hooks.json").read_text("utf-8"))
    return found


def test_the_slack_cli_gets_only_the_manifest(root: Path, hooks: dict[str, Any]) -> None:
    """The CLI runs a hook with the shell in the top directory and reads the trimmed output."""
    run = subprocess.run(
        ["sh", "-c", hooks["hooks"]["get-manifest"]], cwd=root, check=True, capture_output=True, text=True
    )

    assert json.loads(run.stdout) == manifest("socket")
    assert run.stderr == ""


async def test_slack_run_starts_the_bot_with_the_tokens_of_the_app(
    root: Path, hooks: dict[str, Any], tmp_path: Path
) -> None:
    """The CLI passes the tokens in these variables, leaves the connection to the bot, and interrupts it at the end."""
    assert hooks["config"] == {"sdk-managed-connection-enabled": True}
    slack, cluster = SimulatedSlack(paced=False), SimulatedCluster()
    await slack.start()
    await cluster.start()
    (tmp_path / "kubeconfig").write_text(json.dumps(cluster.kubeconfig()), "utf-8")
    of_shell = {name: value for name, value in os.environ.items() if not name.startswith(("CASEBOOK_", "SLACK_"))}
    process = await asyncio.create_subprocess_exec(
        "sh", "-c", hooks["hooks"]["start"], cwd=root, stderr=asyncio.subprocess.PIPE, env=of_shell | {
            "SLACK_CLI_XAPP": slack.app_token, "SLACK_CLI_XOXB": slack.bot_token,
            "CASEBOOK_SLACK_API_URL": slack.api_url, "CASEBOOK_LISTEN": "127.0.0.1:0",
            "CASEBOOK_DATA": str(tmp_path / "data"), "KUBECONFIG": str(tmp_path / "kubeconfig"),
            "PYTHONPROFILEIMPORTTIME": "1",
        },
    )  # fmt: skip
    try:
        assert process.stderr is not None
        async with asyncio.timeout(60):
            said = b""
            while b"serving simulated" not in said:
                line = await process.stderr.readline()
                assert line, said
                said += line
            helped = await slack.slash(slack.add_user("alex"), slack.add_channel("general"), "help", command=COMMAND)
            process.send_signal(signal.SIGINT)
            said += await process.stderr.read()
            assert (await process.wait(), said) == (0, said)
    finally:
        if process.returncode is None:
            process.kill()
        await slack.stop()
        await cluster.stop()
    assert {delivery.over for delivery in slack.deliveries} == {"socket"}
    assert "/diagnose pod NAMESPACE/NAME" in json.dumps(helped.body)
    # Also print the imports: the plotting library must not slow down the start.
    assert b"bot.workflows.registry\n" in said
    assert b"matplotlib" not in said


def test_files_of_the_slack_cli_are_ignored_by_git(root: Path) -> None:
    written = [f".slack/{name}" for name in ("apps.json", "apps.dev.json", "config.json", "cache/hashes.json")]
    run = subprocess.run(["git", "check-ignore", *written], cwd=root, check=False, capture_output=True, text=True)

    assert run.stdout.split() == written
