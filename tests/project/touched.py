"""The tests that a change touches, by who imports whom: nearest first, as many as a time allows.

A static graph of imports needs no earlier run and cannot be outdated. What it does not show is written down here: the
modules that are imported by a name put together at run time, conftest.py, and what data files belong to.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Final

import grimp

PACKAGES: Final = ("bot", "intents", "responses", "tests")
# Where tests/conftest.py keeps how many seconds each test module took when it last ran.
DURATIONS: Final = Path(".pytest_cache", "v", "casebook", "durations")
# Who imports modules by names that are put together at run time.
_AT_RUN_TIME: Final = {
    "bot.__main__": "bot.cli.",
    "bot.probes.registry": "bot.probes.",
    "bot.remedies.action": "bot.remedies.actions.",
}
_ENTRIES: Final = "intents/catalog/data/"
# Tests for each entry: of these, those of the changed entries are chosen.
_PER_ENTRY: Final = ("tests/catalog", "tests/intents/test_matcher_on_catalog.py", "tests/end_to_end/test_catalog.py")
# Tests of all entries together, short enough to be run for one.
_OF_ENTRIES: Final = ("tests/intents/test_counterexamples.py", "tests/project/test_catalog_page.py")
# Files outside packages and tests, by what they begin with: the first that fits. All others are of the project.
_ELSEWHERE: Final = {"deploy/": ("tests/deploy", "tests/project"), "": ("tests/project",)}
# So many imports farther away are tests that do not mirror the room of a changed file.
_ANOTHER_ROOM: Final = 2
# A module that has not run here yet is expected to take so long, in seconds; one that starts processes, longer.
_UNKNOWN_S: Final = 2.0
_UNKNOWN_SLOW_S: Final = 15.0
# The tests of one entry take so long.
_ENTRY_S: Final = 6.0
_SLOW: Final = frozenset(
    {"bench", "browser", "command_line", "deploy", "end_to_end", "jobs", "peers", "playground_page"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """The tests to run, as pytest takes them, and the touched test modules for which there is no time."""

    chosen: tuple[str, ...]
    left_out: tuple[str, ...]


def select(changed: Iterable[str], *, root: Path, seconds: float, known: Mapping[str, float]) -> Selection:
    """Return the tests that changed files touch: the nearest first, and no more than run in so many seconds.

    `known` are the seconds that test modules took when they last ran.
    """
    changed = tuple(changed)
    chosen: list[str] = []
    left_out: list[str] = []
    entries = [name for name in changed if _is_entry(name)]
    looked_at = entries[: int(seconds / _ENTRY_S)]
    left_out += entries[len(looked_at) :]
    seconds -= _ENTRY_S * len(looked_at)
    away = distances(changed, root=root)
    for file in sorted(away, key=lambda file: (away[file], _expected(file, known), file)):
        if (needed := _expected(file, known)) <= seconds:
            chosen.append(file)
            seconds -= needed
        else:
            left_out.append(file)
    of_entries = _tests_of([Path(entry).stem for entry in looked_at], root)
    further = (test for test in of_entries if test.partition("::")[0] not in chosen)
    return Selection(chosen=(*chosen, *further), left_out=tuple(left_out))


def known_seconds(root: Path) -> Mapping[str, float]:
    """Return the seconds that test modules took when they last ran in this checkout."""
    try:
        known: dict[str, float] = json.loads((root / DURATIONS).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return known


def distances(changed: Sequence[str], *, root: Path) -> dict[str, int]:
    """Return the test modules that changed files touch, as files, and how far away they are.

    That is how many imports away, and a little more where the tests are of another room than the changed file.
    """
    importers = import_graph(root)
    nearest: dict[str, int] = {}
    for name in changed:
        rooms = _rooms(name)
        for module, away in _away(_modules_of(name, importers), importers).items():
            if file := _test_file(module, root):
                farther = 0 if PurePosixPath(file).parts[1] in rooms else _ANOTHER_ROOM
                nearest[file] = min(nearest.get(file, away + farther), away + farther)
    return nearest


@cache
def import_graph(root: Path) -> Mapping[str, frozenset[str]]:
    """Return the modules of product and tests, each with those that import it."""
    # Its cache is no place for several processes at once, and without one it takes a fifth of a second.
    graph = grimp.build_graph(*PACKAGES, cache_dir=None)
    importers = {module: set(graph.find_modules_that_directly_import(module)) for module in graph.modules}
    for importer, prefix in _AT_RUN_TIME.items():
        for module in graph.modules:
            if module.startswith(prefix):
                importers[module].add(importer)
    conftests = {module for module in graph.modules if module.endswith(".conftest")}
    for conftest in conftests:
        directory = conftest.removesuffix("conftest")
        importers[conftest] |= {module for module in graph.modules if module.startswith(f"{directory}test_")}
        importers[conftest] |= {other for other in conftests if other.startswith(directory) and other != conftest}
    return {module: frozenset(found) for module, found in importers.items()}


def _rooms(name: str) -> frozenset[str]:
    """Return the directories of tests that mirror a changed file: `slack`, `responses_slack` and the like."""
    parts = PurePosixPath(name).parts[:-1]
    return frozenset((*parts, "_".join(parts)))


def _away(begin: Iterable[str], importers: Mapping[str, frozenset[str]]) -> dict[str, int]:
    found = dict.fromkeys(begin, 0)
    queue = deque(found)
    while queue:
        module = queue.popleft()
        for importer in importers.get(module, ()):
            if importer not in found:
                found[importer] = found[module] + 1
                queue.append(importer)
    return found


def _modules_of(name: str, graph: Mapping[str, object]) -> Iterator[str]:
    """Yield the modules that a changed file is, or belongs to where it is data."""
    path = PurePosixPath(name)
    if _is_entry(name):
        yield from (".".join(PurePosixPath(test).with_suffix("").parts) for test in _OF_ENTRIES)
    elif path.parts[0] not in PACKAGES:
        places = next(places for begin, places in _ELSEWHERE.items() if name.startswith(begin))
        yield from (module for place in places for module in _within(place.replace("/", "."), graph))
    elif (module := ".".join(path.with_suffix("").parts)) in graph:
        yield module
    else:
        # A package's own file concerns all of it; data concern the modules beside them, or beside their directory.
        for directory in path.parents:
            if found := [*_within(".".join(directory.parts), graph)]:
                yield from found
                return


def _within(directory: str, graph: Mapping[str, object]) -> Iterator[str]:
    """Yield a package and the modules directly in it."""
    for module in graph:
        if module == directory or module.rpartition(".")[0] == directory:
            yield module


def _test_file(module: str, root: Path) -> str:
    """Return the file of a test module; "" for any other module."""
    if not module.startswith("tests.") or not module.rpartition(".")[2].startswith("test_"):
        return ""
    file = f"{module.replace('.', '/')}.py"
    return file if (root / file).is_file() else ""


def _is_entry(name: str) -> bool:
    return name.startswith(_ENTRIES) and name.endswith(".yaml")


def _tests_of(entries: Sequence[str], root: Path) -> list[str]:
    """Return the tests whose parameters name one of some entries."""
    if not entries:
        return []
    collected = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "-q", *_PER_ENTRY],
        cwd=root,
        check=False,
        capture_output=True,
        text=True,
    ).stdout.splitlines()
    # An entry's id with or without a number behind it, but not as the beginning of a longer id.
    named = re.compile(rf"\[.*(?<![\w-])(?:{'|'.join(map(re.escape, entries))})(?![\w])(?!-[a-z])")
    return [test for test in collected if named.search(test)]


def _expected(file: str, known: Mapping[str, float]) -> float:
    unknown = _UNKNOWN_SLOW_S if _SLOW.intersection(PurePosixPath(file).parts) else _UNKNOWN_S
    return known.get(file, unknown)
