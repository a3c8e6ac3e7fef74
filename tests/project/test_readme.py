"""Check what the README says about the command line and its settings."""

import contextlib
import io
import re

import pytest

from bot.__main__ import main
from tests.project.readme_parts import README


@pytest.fixture
def readme() -> str:
    return README.read_text("utf-8")


def _help(*command: str) -> str:
    with contextlib.redirect_stdout(io.StringIO()) as out, pytest.raises(SystemExit, match=r"^0$"):
        main([*command, "--help"])
    return out.getvalue()


def test_every_command_is_documented_and_every_documented_command_exists(readme: str) -> None:
    listed = re.findall(r"^    ([a-z]+) ", _help(), re.MULTILINE)
    commands = set(listed)

    assert re.findall(r"^\| `casebook ([a-z]+)", readme, re.MULTILINE) == listed
    # "@casebook incident …" is a mention in Slack.
    assert set(re.findall(r"(?<!@)casebook ([a-z]+)", readme)) == commands


def test_documented_options_exist(readme: str) -> None:
    section = readme.partition("## Commands")[2].partition("## Layout")[0]
    commands = set(re.findall(r"casebook ([a-z]+)", section))
    offered = {option for command in commands for option in re.findall(r"(?<![\w-])--?[a-z]+", _help(command))}

    assert set(re.findall(r"(?<=[`\[ ])--?[a-z]+", section)) <= offered
