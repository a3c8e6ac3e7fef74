"""Measure how many wrong programs the tests notice: a sample of one-token changes, each tested by itself.

mutants.py COUNT [SEED] [--tests PATH ...]: prints each change that no test noticed, and the share that was noticed. The
same seed and sources give the same sample. Works in a copy of the files that git tracks; takes minutes.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import tempfile
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_ROOT: Final = Path(__file__).parents[2]
_ROOMS: Final = ("intents", "bot/diagnosing")
_TESTS: Final = ("tests/intents", "tests/chronicle", "tests/catalog/test_cases.py", "tests/diagnosing")
# Each token with what stands in its place; a `not` is dropped.
_INSTEAD: Final = {
    "==": "!=", "!=": "==", "<": "<=", "<=": "<", ">": ">=", ">=": ">", "and": "or", "or": "and", "not": "",
    "True": "False", "False": "True", "any": "all", "all": "any", "min": "max", "max": "min",
    "continue": "break", "break": "continue",
}  # fmt: skip
# No mutant of a sound program needs longer; one that loops without end is noticed.
_SECONDS: Final = 900


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """A change of one token."""

    file: str
    line: int
    column: int
    token: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.token} → {_INSTEAD[self.token] or 'nothing'}"

    def applied(self, source: str) -> str:
        """Return the changed source."""
        lines = source.splitlines(keepends=True)
        before, after = lines[self.line - 1][: self.column], lines[self.line - 1][self.column + len(self.token) :]
        lines[self.line - 1] = before + _INSTEAD[self.token] + (after if _INSTEAD[self.token] else after.lstrip(" "))
        return "".join(lines)


def mutants_of(file: str, source: Path) -> Iterator[Mutant]:
    """Yield the mutants of a module, in order."""
    with tokenize.open(source) as lines:
        for token in tokenize.generate_tokens(lines.readline):
            if token.type in (tokenize.OP, tokenize.NAME) and token.string in _INSTEAD:
                line, column = token.start
                yield Mutant(file=file, line=line, column=column, token=token.string)


def sample(count: int, seed: int) -> list[Mutant]:
    """Return that many mutants of the rooms, drawn from all of them alike."""
    listed = subprocess.run(["git", "ls-files", *_ROOMS], cwd=_ROOT, capture_output=True, text=True, check=True).stdout
    found = [each for file in listed.split() if file.endswith(".py") for each in mutants_of(file, _ROOT / file)]
    return random.Random(seed).sample(found, count)


def is_noticed(mutant: Mutant, copy: Path, tests: list[str]) -> bool:
    """Tell whether a test fails in a copy of the project with this change."""
    file = copy / mutant.file
    source = file.read_text("utf-8")
    file.write_text(mutant.applied(source), "utf-8")
    try:
        return fails(copy, tests)
    except subprocess.TimeoutExpired:
        return True
    finally:
        file.write_text(source, "utf-8")


def fails(copy: Path, tests: list[str]) -> bool:
    """Tell whether a test fails. Raise TimeoutExpired."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-n", "2", "-p", "no:cacheprovider", *tests]
    return subprocess.run(command, cwd=copy, capture_output=True, timeout=_SECONDS, check=False).returncode != 0


def main() -> None:
    """Test the sample and print what nothing noticed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("count", type=int)
    parser.add_argument("seed", type=int, nargs="?", default=1)
    parser.add_argument("--tests", nargs="+", default=list(_TESTS))
    given = parser.parse_args()
    noticed = 0
    with tempfile.TemporaryDirectory(prefix="casebook-mutants-") as directory:
        copy = Path(directory)
        packed = subprocess.run(["git", "archive", "HEAD"], cwd=_ROOT, capture_output=True, check=True).stdout
        subprocess.run(["tar", "-x", "-C", directory], input=packed, check=True)
        if fails(copy, given.tests):
            sys.exit("a test fails without any change")
        for mutant in sample(given.count, given.seed):
            found = is_noticed(mutant, copy, given.tests)
            noticed += found
            print("noticed " if found else "MISSED  ", mutant, flush=True)
    print(f"{noticed} of {given.count} noticed")


if __name__ == "__main__":
    main()
