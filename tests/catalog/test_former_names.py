"""Entries of users that use names of the release before: judged as before, with a warning that gives the new name."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.__main__ import main
from bot.cli.rehearsal import rehearse
from bot.diagnosing import build_engine
from bot.probes.registry import declarations
from intents.catalog.former_uses import former_names
from intents.catalog.key_uses import key_uses
from intents.catalog.loader import builtin_directory
from intents.catalog.schema import Incident, Read
from intents.declarations import FormerNames
from tests.catalog.conftest import CATALOG
from tests.catalog.old_entry import OLD_ENTRY


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    (tmp_path / "gate-restarts.yaml").write_text(OLD_ENTRY, "utf-8")
    return tmp_path


async def test_an_entry_of_the_release_before_is_judged_as_it_was(mine: Path) -> None:
    engine, problems = build_engine((mine,))
    entry = engine.catalog.incidents["gate-restarts"]

    assert problems == ()
    for case in entry.cases:
        judged = (await rehearse(engine, entry, case)).diagnosis.hypotheses[0]
        assert (judged.incident, judged.verdict) == ("gate-restarts", case.then)
        if judged.findings[0].table:
            assert judged.findings[0].says.en == "gate-0 ended: 3 (Error)"
            assert judged.findings[0].table.rows == (("gate-0", "Error", "false"),)


def test_each_former_name_is_a_warning_with_file_line_and_the_new_name(
    mine: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["lint", str(mine)]) == 0

    *warnings, count = capsys.readouterr().out.splitlines()
    file = mine / "gate-restarts.yaml"
    goes = "the old name stops working in the next release"
    assert warnings == [
        f"{file}:8: reads.runs.probe: warning: probe restarts is now containers with ended: true; {goes}",
        f"{file}:12: evidence[0].when: warning: row key reason of containers is now end_reason; {goes}",
        f"{file}:14: evidence[0].says.en: warning: row key reason of containers is now end_reason; {goes}",
        f"{file}:14: evidence[0].says.zh: warning: row key reason of containers is now end_reason; {goes}",
        f"{file}:15: evidence[0].table[1]: warning: row key reason of containers is now end_reason; {goes}",
        f"{file}:15: evidence[0].table[2]: warning: row key ready of containers goes in the next release,"
        " without a successor",
    ]
    assert count == "1 entry checked: 6 warnings"


def test_the_built_in_catalog_may_use_none(mine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Else nobody would notice a name that stops working."""
    assert main(["lint", str(builtin_directory() / "tidb")]) == 0
    assert "warning" not in capsys.readouterr().out


def downgraded(incident: Incident) -> Incident | None:
    """Return the entry as it was written for the release before; None if it used the names of now."""
    formers = {name: former_of(read) for name, read in incident.reads.items()}
    if not any(each.probe or each.keys for each in formers.values()):
        return None
    document = json.loads(incident.model_dump_json(by_alias=True))
    for name, former in formers.items():
        read = document["reads"][name]
        read["probe"] = former.probe or read["probe"]
        read["args"] = {key: value for key, value in read["args"].items() if key not in former.with_args}
    for use in key_uses(incident):
        old = {new: old for old, new in formers[use.read].keys.items()} if use.read else {}
        if use.key in old:
            renamed(document, use.path, use.key, old[use.key])
    kept = {name: getattr(incident, name) for name in ("written", "examples", "cases")}
    entry = Incident.model_validate({**document, "signatures": ["words of no text"], "cases": []})
    return entry.model_copy(update=kept)


def former_of(read: Read) -> FormerNames:
    declaration = declarations()[read.probe]
    args = {name: arg.default for name, arg in declaration.args.items() if arg.default} | read.args
    found = (
        each
        for each in declaration.formerly
        if each.with_args.items() <= args.items() and not set(each.new_args) & set(read.args)
    )
    return max(found, key=lambda each: (bool(each.with_args), bool(each.probe)), default=FormerNames())


def renamed(document: Any, path: tuple[str | int, ...], key: str, old: str) -> None:
    *parents, last = path
    for step in parents:
        document = document[step]
    text = document[last]
    before = r"(?<=\brow\.)|(?<=\brows\.)" if "row" in text else r"\b"
    document[last] = re.sub(f"(?:{before}){re.escape(key)}\\b", old, text)


OLD = {incident.id: old for incident in CATALOG if (old := downgraded(incident)) is not None}


def test_entries_of_the_release_before_use_every_former_name_of_a_probe() -> None:
    told = {read.probe for old in OLD.values() for read in old.reads.values()}

    assert {each.probe for one in declarations().values() for each in one.formerly if each.probe} <= told


@pytest.mark.parametrize("incident_id", OLD)
async def test_built_in_entries_as_they_were_are_judged_as_they_are(incident_id: str) -> None:
    now, old = CATALOG.incidents[incident_id], OLD[incident_id]
    engine, _ = build_engine()
    before = replace(engine, catalog=replace(engine.catalog, incidents={**engine.catalog.incidents, incident_id: old}))

    for case in cases_of(now):
        expected = (await rehearse(engine, now, case)).diagnosis.hypotheses
        found = (await rehearse(before, old, case)).diagnosis.hypotheses
        assert [said(each) for each in found] == [said(each) for each in expected], case.name
    assert former_names(replace(CATALOG, incidents={incident_id: old}), declarations())


def cases_of(incident: Incident) -> Iterator[Any]:
    """Return the case that is shown first, and the first healthy twin."""
    yield incident.cases[0]
    yield next(case for case in incident.cases if case.healthy)


def said(judged: Any) -> tuple[Any, ...]:
    return judged.incident, judged.verdict, [(each.says, each.quote, each.gaps) for each in judged.findings]
