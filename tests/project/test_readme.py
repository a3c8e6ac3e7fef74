"""What the README says about the command line and its settings is what they do."""

import os
import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

from bot.cli.exit_codes import table
from bot.settings import documented


@pytest.fixture
def readme(root: Path) -> str:
    return (root / "README.md").read_text("utf-8")


def _block(readme: str, name: str) -> list[str]:
    """The lines between the two comments that mark a part whose words live in the code."""
    found = re.search(rf"<!-- {name}:begin.*?-->\n(.*?)<!-- {name}:end -->", readme, re.DOTALL)
    assert found, f"README.md has no part marked {name}"
    return found[1].splitlines()


def _settings_table() -> Iterable[str]:
    yield "| variable | default | meaning |"
    yield "|---|---|---|"
    for variable, default, meaning in documented():
        yield f"| `{variable}` | {f'`{default}`' if default else ''} | {meaning} |"


def test_every_command_is_told_and_every_command_told_exists(readme: str) -> None:
    usage = subprocess.run([sys.executable, "-m", "bot", "--help"], check=True, capture_output=True, text=True).stdout
    commands = set(re.findall(r"^    ([a-z]+) ", usage, re.MULTILINE))

    assert set(re.findall(r"casebook ([a-z]+)", readme)) == commands


def test_the_options_named_beside_the_commands_exist(readme: str) -> None:
    section = readme.split("## Commands")[1].split("## Settings", maxsplit=1)[0]
    offered = {
        option
        for command in set(re.findall(r"casebook ([a-z]+)", section))
        for option in re.findall(
            r"(?<![\w-])--?[a-z]+",
            subprocess.run(
                [sys.executable, "-m", "bot", command, "--help"], check=True, capture_output=True, text=True
            ).stdout,
        )
    }

    assert set(re.findall(r"(?<=[`\[ ])--?[a-z]+", section)) <= offered


def test_the_exit_codes_are_those_of_the_code(readme: str) -> None:
    assert _block(readme, "exit-codes") == list(table())


def test_the_settings_are_those_of_the_code(readme: str) -> None:
    assert _block(readme, "settings") == list(_settings_table())


def test_the_answer_shown_is_what_the_demo_answers(readme: str) -> None:
    """The README shows a transcript of the demo; a line that is only `…` stands for lines left out."""
    fence, prompt, *answer = _block(readme, "answer")[:-1]
    assert (fence, prompt[:10]) == ("```text", "casebook> ")

    demo = subprocess.run(
        [sys.executable, "-m", "bot", "demo", "--terminal", "--lang", "en"],
        input=f"{prompt[10:]}\n\n",
        env={**os.environ, "COLUMNS": "100"},
        check=True,
        capture_output=True,
        text=True,
    ).stdout

    lines = iter(demo.splitlines())
    missing = [line for line in answer if line not in {"", "…"} and line not in lines]
    assert missing == [], f"the demo answers:\n{demo}"
