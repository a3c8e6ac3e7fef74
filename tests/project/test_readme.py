"""What the README says about the command line and its settings is what they do."""

import re
import subprocess
import sys

import pytest

from tests.project.readme_parts import README


@pytest.fixture
def readme() -> str:
    return README.read_text("utf-8")


def _help(*command: str) -> str:
    run = subprocess.run([sys.executable, "-m", "bot", *command, "--help"], check=True, capture_output=True, text=True)
    return run.stdout


def test_every_command_is_told_and_every_command_told_exists(readme: str) -> None:
    listed = re.findall(r"^    ([a-z]+) ", _help(), re.MULTILINE)
    commands = set(listed)

    assert re.findall(r"^\| `casebook ([a-z]+)", readme, re.MULTILINE) == listed
    # "@casebook incident …" is said to the bot in Slack.
    assert set(re.findall(r"(?<!@)casebook ([a-z]+)", readme)) == commands


def test_the_options_named_beside_the_commands_exist(readme: str) -> None:
    section = readme.partition("## Commands")[2].partition("## Layout")[0]
    commands = set(re.findall(r"casebook ([a-z]+)", section))
    offered = {option for command in commands for option in re.findall(r"(?<![\w-])--?[a-z]+", _help(command))}

    assert set(re.findall(r"(?<=[`\[ ])--?[a-z]+", section)) <= offered
