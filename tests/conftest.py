"""Configure every test: CI skips nothing, and generated examples are the same in every run."""

import gc
import logging
import os
import shutil
import sys
from collections import defaultdict
from collections.abc import Generator
from pathlib import Path
from typing import Final

import pytest
from hypothesis import settings

from tests.clocks import pytest_asyncio_loop_factories as pytest_asyncio_loop_factories  # noqa: PLC0414

# The key of the durations of test modules in pytest's cache.
DURATIONS: Final = "casebook/durations"
REQUIRE_ALL = os.environ.get("REQUIRE_ALL") == "1"

# No test needs public certificate authorities, and most clients take longer to read them than for all their work.
# Processes that tests start inherit this.
os.environ["SSL_CERT_FILE"] = os.devnull

# Hundreds of databases flush every commit, and a busy disk makes one wait for seconds: in memory, if there is room.
_MEMORY: Final = Path("/dev/shm")
_ROOM_BYTES: Final = 4 * 1024**3
if "TMPDIR" not in os.environ and os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free > _ROOM_BYTES:
    os.environ["TMPDIR"] = str(_MEMORY)

# Commands of tests must not write into the summary of the job that runs the tests.
for _name in ("GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY"):
    os.environ.pop(_name, None)

# Workers and test processes share compiled bytecode even if the shell disables it; a process would compile for seconds.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# Otherwise every process that tests start would parse the catalog again.
os.environ["XDG_CACHE_HOME"] = str(Path(__file__).parents[1] / ".pytest_cache" / "casebook-starts")

# On two shared cores a deadline per example fails at random; pytest-timeout bounds the whole test.
# Half the default number of examples found the same errors, and the whole suite should take three minutes.
settings.register_profile("local", deadline=None, max_examples=50)
settings.register_profile("ci", deadline=None, max_examples=50, derandomize=True, print_blob=True)
settings.load_profile("ci" if REQUIRE_ALL else "local")

# Thousands of tests and their modules live as long as the process, and the garbage collector would scan them again and
# again. It scans only objects made by tests, and less often.
gc.disable()


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    gc.freeze()
    gc.set_threshold(10_000, 10, 10)
    gc.enable()


# The modules with the longest tests, most of them waiting: started last, they would delay the whole run.
_LONGEST: Final = (
    "browser/test_playground",
    "end_to_end/test_outages",
    "end_to_end/test_killed_plans",
    "end_to_end/test_restarts",
    "end_to_end/test_fairness",
    "end_to_end/test_mutated_inputs",
    "end_to_end/test_incident_killed",
    "end_to_end/test_incident_channels",
    "end_to_end/test_two_processes",
    "deploy/test_image",
    "end_to_end/test_secrets",
    "responses/test_redaction_invariants",
    "jobs/test_crashes",
    "bench/test_slack_bench",
    "end_to_end/test_any_order",
    "command_line/test_demo",
    "end_to_end/test_killed",
)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest modules first, distributed over the workers: each worker starts with a part of the list."""
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    first: list[list[pytest.Item]] = [[] for _ in range(workers)]
    left = items
    for number, module in enumerate(_LONGEST):
        mine = [item for item in left if item.nodeid.startswith(f"tests/{module}.py")]
        left = [item for item in left if not item.nodeid.startswith(f"tests/{module}.py")]
        # Back and forth, so that no worker gets the longest of each round.
        turn = number % (2 * workers)
        first[turn if turn < workers else 2 * workers - 1 - turn] += mine
    ordered: list[pytest.Item] = []
    for number, begun in enumerate(first):
        end = len(items) * (number + 1) // workers
        room = max(0, end - len(ordered) - len(begun))
        ordered += [*begun, *left[:room]]
        left = left[room:]
    items[:] = [*ordered, *left]


def _forbid_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    """Turn a skip into a failure that keeps the reason; an expected failure (xfail) is not a skip."""
    if not REQUIRE_ALL or report.outcome != "skipped" or hasattr(report, "wasxfail"):
        return
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    report.outcome = "failed"
    report.longrepr = f"{report.nodeid} was skipped and REQUIRE_ALL=1 asks for every test. {reason}"


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol() -> Generator[None, object, object]:
    """Undo what a test makes of the root logger: `serve` and other commands write to the stderr of that test."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    try:
        return (yield)
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    _forbid_skip(report)
    return report


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    # A module skipped as a whole never reaches the report above, and xdist drops it silently.
    report = yield
    _forbid_skip(report)
    return report


# The seconds of each test module by file, for `make quick`.
_SECONDS: Final[defaultdict[str, float]] = defaultdict(float)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    _SECONDS[report.location[0]] += report.duration


def pytest_sessionfinish(session: pytest.Session) -> None:
    cache = getattr(session.config, "cache", None)
    if cache is not None and not hasattr(session.config, "workerinput"):
        kept = {file: seconds for file, seconds in cache.get(DURATIONS, {}).items() if Path(file).is_file()}
        whole = {file: round(seconds, 2) for file, seconds in _SECONDS.items()}
        # A partial run must not shorten the stored duration.
        longer = {file: max(seconds, kept.get(file, 0.0)) for file, seconds in whole.items()}
        cache.set(DURATIONS, kept | longer)
