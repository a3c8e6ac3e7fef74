"""Entries of users that cannot be judged by are left out, each with its place; all others serve."""

from __future__ import annotations

from pathlib import Path

from bot.diagnosing import build_engine
from tests.catalog.conftest import CATALOG
from tests.catalog.own_entry import OWN_ENTRY

# What is written wrong in the entry, and what is said of it.
MISTAKES = {
    ("probe: containers", "probe: reboots"): ":8: reads.runs.probe: there is no probe 'reboots'",
    ("row.exit_code == 3", "row.exitcode == 3"): ":12: evidence[0].when: no row has a key 'exitcode'",
    ("({row.end_reason})", "({row.cause})"): ":14: evidence[0].says.en: no row has a key 'cause'",
    ("[pod, end_reason, state]", "[pod, cause]"): ":15: evidence[0].table[1]: no row has a key 'cause'",
    ("row.exit_code == 3", "row.exit_code =="): ":12: evidence[0].when: ",
    ("each: runs", "each: walks"): ":11: evidence[0].each: there is no read 'walks'",
    ("severity: warning", "severity: dreadful"): ":5: severity: ",
    ("evidence:", "evidence: ["): ":10: ",
}  # fmt: skip


def write(directory: Path, name: str, text: str) -> None:
    (directory / f"{name}.yaml").write_text(text.replace("id: gate-restarts", f"id: {name}"), "utf-8")


def test_an_entry_with_a_mistake_is_left_out_and_all_others_serve(tmp_path: Path) -> None:
    write(tmp_path, "gate-restarts", OWN_ENTRY)
    for number, mistake in enumerate(MISTAKES):
        write(tmp_path, f"gate-breaks-{number}", OWN_ENTRY.replace(*mistake))

    engine, problems = build_engine((tmp_path,))

    for number, says in enumerate(MISTAKES.values()):
        file = str(tmp_path / f"gate-breaks-{number}.yaml")
        told = [str(each) for each in problems if each.file == file]
        assert told
        assert told[0].startswith(f"{file}{says}")
    assert str(tmp_path / "gate-restarts.yaml") not in {each.file for each in problems}
    assert set(engine.catalog.incidents) == {*CATALOG.incidents, "gate-restarts"}


def test_a_broken_entry_leaves_the_built_in_one_of_its_id(tmp_path: Path) -> None:
    write(tmp_path, "image-pull-failed", OWN_ENTRY.replace("probe: containers", "probe: reboots"))

    engine, problems = build_engine((tmp_path,))

    assert [each.line for each in problems] == [8]
    assert engine.catalog.incidents["image-pull-failed"] == CATALOG.incidents["image-pull-failed"]


def test_a_reload_keeps_the_last_good_version_of_an_entry_that_names_an_unknown_probe(tmp_path: Path) -> None:
    write(tmp_path, "gate-restarts", OWN_ENTRY)
    first, _ = build_engine((tmp_path,))
    write(tmp_path, "gate-restarts", OWN_ENTRY.replace("probe: containers", "probe: reboots"))

    second, problems = build_engine((tmp_path,), last_good=first.catalog)

    assert [each.field for each in problems] == ["reads.runs.probe"]
    assert second.catalog.incidents["gate-restarts"].reads["runs"].probe == "containers"
