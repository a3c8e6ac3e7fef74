"""Wrong usage and malformed settings are reported in one line with a suggestion, and exit with 2."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bot.cli.errors import MEANINGS

Run = Callable[..., Any]


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (["mach"], 'unknown command "mach"; did you mean "match"?'),
        (["diagnoze", "pod", "a/b"], 'did you mean "diagnose"?'),
        (["frobnicate"], 'unknown command "frobnicate", known are explain, diagnose'),
        ([], "no command given"),
        (["explain", "--contxt", "prod"], 'unknown option "--contxt"; did you mean "--context"?'),
        (["match", "--context", "prod"], 'unknown option "--context"'),
        (["explain", "--lang", "fr"], 'unknown --lang "fr", known are en, zh'),
        (["explain", "--output", "jsn"], 'did you mean "json"?'),
        (["explain", "--deadline", "soon"], "'soon' is not a number of seconds from 0 to 300"),
        (["diagnose", "pod"], "a name is missing: which pod?"),
        (["diagnose", "pdo", "shop/api"], 'unknown kind "pdo"; did you mean "pod"?'),
        (["diagnose", "deploymnt", "shop/api"], 'unknown kind "deploymnt"; did you mean "deployment"?'),
        (["diagnose", "pod", "a/b/c"], '"a/b/c" is neither NAME nor NS/NAME'),
        (["diagnose", "pod", "/b"], '"/b" is neither NAME nor NS/NAME'),
        (["diagnose", "pod", "shop/"], '"shop/" is neither NAME nor NS/NAME'),
        (["diagnose", "pod", "shop/api", "-n", "web"], '"shop/api" is in shop, but -n says web'),
        (["match", "a", "b"], 'unknown argument "b"'),
    ],
)
def test_wrong_usage_names_the_problem_and_prints_usage(run: Run, argv: list[str], says: str) -> None:
    ran = run(*argv)

    first, *rest = ran.err.splitlines()
    assert (ran.code, ran.out) == (2, "")
    assert first.startswith("casebook: ")
    assert says in first
    assert rest[0].startswith("usage: casebook")


@pytest.mark.parametrize("argv", [["--help"], ["match", "--help"], ["diagnose", "-h"]])
def test_help_lists_the_exit_codes(run: Run, argv: list[str]) -> None:
    ran = run(*argv)

    assert (ran.code, ran.err) == (0, "")
    for code, meaning in MEANINGS.items():
        assert f"  {code.value}  {meaning.replace('`', '')}\n" in ran.out


@pytest.mark.parametrize(
    ("variable", "value", "says"),
    [
        ("CASEBOOK_DEADLINE", "soon", "CASEBOOK_DEADLINE is 'soon': expected a valid number"),
        ("CASEBOOK_DEADLINE", "-1", "CASEBOOK_DEADLINE is '-1': expected greater than 0"),
        ("CASEBOOK_LANG", "klingon", "CASEBOOK_LANG is 'klingon': expected 'en' or 'zh'"),
        ("CASEBOOK_CONCURRENCY", "many", "CASEBOOK_CONCURRENCY is 'many': expected a valid integer"),
        ("CASEBOOK_LOG_LEVEL", "loud", "CASEBOOK_LOG_LEVEL is 'loud': expected 'debug', 'info', 'warning' or 'error'"),
        ("CASEBOOK_CATALOG", "/no/such/place", "CASEBOOK_CATALOG is '/no/such/place': expected directories"),
        ("CASEBOOK_DEADLIN", "3", "CASEBOOK_DEADLIN is not a setting: did you mean CASEBOOK_DEADLINE?"),
    ],
)
@pytest.mark.parametrize("command", ["match", "explain", "lint", "list"])
def test_a_malformed_setting_is_reported_on_one_line(
    run: Run, monkeypatch: pytest.MonkeyPatch, command: str, variable: str, value: str, says: str
) -> None:
    monkeypatch.setenv(variable, value)

    ran = run(command, stdin="OOMKilled")

    assert (ran.code, ran.out) == (2, "")
    assert len(ran.err.splitlines()) == 1
    assert says in ran.err


def test_variables_kubernetes_injects_for_a_service_named_casebook_are_ignored(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("CASEBOOK_PORT", "CASEBOOK_SERVICE_HOST", "CASEBOOK_SERVICE_PORT_HTTP", "CASEBOOK_PORT_443_TCP_ADDR"):
        monkeypatch.setenv(name, "tcp://10.0.0.1:443")

    assert run("list").code == 0


def test_unusable_channel_defaults_are_reported_before_serving(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "channels.yaml"
    file.write_text("- channels: [C1]\n  cluster: prod-*\n")
    for name, value in (("SLACK_BOT_TOKEN", "xoxb-1"), ("SLACK_SIGNING_SECRET", "s"), ("CASEBOOK_CHANNELS", str(file))):
        monkeypatch.setenv(name, value)

    ran = run("serve")

    assert (ran.code, ran.out) == (2, "")
    assert f"{file}:2: [0].cluster: 'prod-*' is not a cluster" in ran.err
