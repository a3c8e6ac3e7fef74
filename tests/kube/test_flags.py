"""Flags as manifests give them to programs."""

from typing import Any

import pytest

from bot.kube.containers import arguments, flag, words_of


@pytest.mark.parametrize(
    ("container", "value"),
    [
        ({"command": ["/app", "--drain"]}, "true"),
        ({"args": ["--drain=false"]}, "false"),
        ({"args": ["-drain"]}, "true"),
        ({"args": ["--drain", "Bad"]}, "true"),
        ({"args": ["--no-drain"]}, "false"),
        ({"args": ["--drain=false", "--drain"]}, "true"),
        ({"args": ["--drainage"]}, ""),
        ({"command": ["/bin/sh", "-c", "exec /app --drain 2>&1"]}, "true"),
        ({"command": ["/bin/sh", "-c", "it's --drain"]}, "true"),
        ({"args": ["x --drain"]}, ""),
        ({}, ""),
        ({"env": [{"name": "APP_DRAIN", "value": "true"}]}, "true"),
        ({"env": [{"name": "APP_DRAIN"}]}, ""),
        ({"args": ["--drain=false"], "env": [{"name": "APP_DRAIN", "value": "true"}]}, "false"),
    ],
)
def test_a_switch(container: dict[str, Any], value: str) -> None:
    assert flag(container, "drain", env_prefix="APP_") == value


def test_a_flag_with_a_value_of_its_own() -> None:
    assert flag({"args": ["--limit", "0.7", "x"]}, "limit", takes_value=True) == "0.7"
    assert flag({"args": ["--limit=0.6"]}, "limit", takes_value=True) == "0.6"
    assert flag({"args": ["--limit"]}, "limit", takes_value=True) == ""


def test_what_is_no_flag_is_an_argument() -> None:
    command = {"command": ["/app", "--dry-run", "--listen", ":80", "Bad", "Worse"]}

    assert arguments(command, ("listen",)) == ("Bad", "Worse")
    assert arguments({"args": ["--listen=:80", "Bad"]}, ("listen",)) == ("Bad",)
    assert words_of({"command": None, "args": [1]}) == ("1",)
