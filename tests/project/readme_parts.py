"""The parts of README.md whose words live in the code: `make readme` writes them, test_readme.py compares them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from itertools import dropwhile, takewhile
from pathlib import Path

from bot.cli.exit_codes import table
from bot.settings import documented
from bot.slack.scopes import SCOPES
from tests.deploy import chart_files
from tests.project import catalog_page, role_files, slack_files

README = Path(__file__).parents[2] / "README.md"
_PROMPT = "casebook> "
_PASTE = 'container has runAsNonRoot and image will run as root (pod: "db-tikv-0_ledger", container: tikv)'


def with_parts(readme: str) -> str:
    """The text with what stands between `<!-- NAME:begin -->` and `<!-- NAME:end -->` as the code has it now."""
    parts = [("answer", _answer()), ("scopes", _scopes()), ("exit-codes", table()), ("settings", _settings())]
    for name, lines in parts:
        begin, end = f"<!-- {name}:begin -->\n", f"<!-- {name}:end -->"
        if (readme.count(begin), readme.count(end)) != (1, 1):
            raise ValueError(f"{README.name} does not mark {name!r} once: expected one {begin.strip()} and one {end}")
        before, _, rest = readme.partition(begin)
        after = rest.partition(end)[2]
        readme = "".join([before, begin, *(f"{line}\n" for line in lines), end, after])
    return readme


def _answer() -> Iterator[str]:
    """What the demo answers to a paste, up to the second of the steps; without the score, which moves with weights."""
    demo = subprocess.run(
        [sys.executable, "-m", "bot", "demo", "--terminal", "--lang", "en"],
        input=f"{_PASTE}\n\n",
        env={**os.environ, "COLUMNS": "100"},
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    answer = demo.partition(f"{_PROMPT}{_PASTE}\n")[2].splitlines()[1:]
    yield "```text"
    yield f"{_PROMPT}{_PASTE}"
    yield ""
    lines = iter(answer)
    yield from takewhile(lambda line: not line.startswith("  ≈"), lines)
    yield "  …"
    yield from dropwhile(
        lambda line: not line.startswith("  ✓"), takewhile(lambda line: not line.startswith("  2. "), lines)
    )
    yield "  …"
    yield "```"


def _scopes() -> Iterator[str]:
    yield "| scope | why | off without it |"
    yield "|---|---|---|"
    for scope in SCOPES:
        yield f"| `{scope.name}` | {scope.reason} | {scope.without or '**everything**'} |"


def _settings() -> Iterator[str]:
    yield "| variable | default | meaning |"
    yield "|---|---|---|"
    for variable, default, meaning in documented():
        yield f"| `{variable}` | {f'`{default}`' if default else ''} | {meaning} |"


if __name__ == "__main__":
    README.write_text(with_parts(README.read_text("utf-8")), "utf-8")
    catalog_page.write()
    role_files.write()
    chart_files.write()
    slack_files.write()
