"""`make quick` runs the tests that a change touches, the nearest first, and no more than there is time for."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.project.quick import changed_files
from tests.project.touched import distances, select


def nearest(changed: str, root: Path, *, seconds: float = 30.0) -> tuple[str, ...]:
    return select([changed], root=root, seconds=seconds, known={}).chosen


def test_every_module_is_touched_by_some_test(root: Path) -> None:
    """Else a change to it would run nothing: its importer at run time is to be written down in touched.py."""
    product = [
        str(path.relative_to(root))
        for package in ("bot", "intents", "responses")
        for path in (root / package).rglob("*.py")
        if path.name != "__init__.py"
    ]

    assert [name for name in product if not distances([name], root=root)] == []


@pytest.mark.parametrize(
    ("changed", "test"),
    [
        ("intents/tokens.py", "tests/intents/test_matcher.py"),
        ("bot/kube/services.py", "tests/kube/test_services.py"),
        ("bot/kube/services.py", "tests/probes/test_services.py"),
        ("bot/cli/match.py", "tests/command_line/test_match.py"),
        ("tests/roles.py", "tests/project/test_roles.py"),
        ("tests/project/conftest.py", "tests/project/test_frame.py"),
        ("tests/playground/worlds.yaml", "tests/playground/test_worlds.py"),
        ("intents/background/logs.txt", "tests/intents/test_matcher_on_catalog.py"),
        ("intents/catalog/__init__.py", "tests/intents/test_catalog_files.py"),
        ("deploy/image/Containerfile", "tests/deploy/test_image.py"),
        ("docs/install.md", "tests/project/test_docs.py"),
    ],
)
def test_the_tests_of_a_changed_file_are_touched(root: Path, changed: str, test: str) -> None:
    assert test in distances([changed], root=root)


def test_the_nearest_come_first_and_the_rest_is_named(root: Path) -> None:
    selection = select(["bot/kube/services.py"], root=root, seconds=10.0, known={"tests/kube/test_services.py": 7.0})

    assert selection.chosen[0] == "tests/kube/test_services.py"
    assert len(selection.chosen) == 2
    assert {*selection.chosen, *selection.left_out} == set(distances(["bot/kube/services.py"], root=root))


def test_a_module_too_long_for_the_time_leaves_room_for_others(root: Path) -> None:
    selection = select(["bot/kube/services.py"], root=root, seconds=5.0, known={"tests/kube/test_services.py": 7.0})

    assert selection.left_out[0] == "tests/kube/test_services.py"
    assert selection.chosen


def test_a_changed_entry_has_its_own_tests_run_and_no_other_entrys(root: Path) -> None:
    chosen = nearest("intents/catalog/data/storage/pending-storageclass-missing.yaml", root)

    of_entries = [test for test in chosen if test.startswith("tests/catalog/")]
    assert len(of_entries) > 5
    assert all(test.endswith("[pending-storageclass-missing]") for test in of_entries)
    assert "tests/intents/test_counterexamples.py" in chosen


def test_nothing_changed_has_nothing_run(root: Path) -> None:
    assert select([], root=root, seconds=60.0, known={}).chosen == ()


def test_a_new_file_counts_as_changed(root: Path) -> None:
    new = root / "tests" / "project" / "test_zz_new.py"
    new.write_text("", encoding="utf-8")
    try:
        assert "tests/project/test_zz_new.py" in changed_files("HEAD")
    finally:
        new.unlink()
