"""A probe answers under its names of the release before as it does under its own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest

from bot.probes.contract import Look, Probe
from bot.probes.registry import as_named
from intents.catalog.former_uses import former_names
from intents.catalog.lint import lint
from intents.catalog.loader import load
from intents.declarations import FormerNames, named_probes
from intents.domain import ArgDeclaration, ObjectRef, ProbeDeclaration, ProbeResult, Row, RowType, Value
from tests.probes.conftest import Read

DECLARATION: Final = ProbeDeclaration(
    name="harbours",
    says="a row per harbour",
    rows={"name": RowType.STRING, "ships": RowType.INTEGER},
    args={
        "shows": ArgDeclaration(
            says="what is counted",
            choices=("ships", "cranes"),
            default="ships",
            fills={"cranes": {"cranes": RowType.INTEGER}},
        ),
        "tides": ArgDeclaration(says="true: also the tide", fills={"true": {"depth": RowType.INTEGER}}),
        "at_most": ArgDeclaration(says="how many"),
    },
    formerly=(
        FormerNames(
            args={"limit": "at_most"},
            keys={"boats": "ships"},
            leaving={"depth": RowType.INTEGER},
            new_args=("shows",),
        ),
        FormerNames(
            probe="cranes",
            with_args={"shows": "cranes"},
            args={"limit": "at_most"},
            keys={"harbour": "name", "count": "cranes"},
            leaving={"colour": RowType.STRING},
        ),
    ),
)

OWN: Final = """\
id: harbour-full
status: stable
strongest: likely
title: {{en: Full, zh: 港口已满}}
severity: warning
signatures: ["harbour <name> is full"]
reads:
  found: {{probe: {probe}, args: {{{args}}}}}
evidence:
  - id: full
    each: found
    when: row.{key} == 3
    says: {{en: full, zh: 已满}}
root_cause: {{en: Full., zh: 已满。}}
impact: {{en: None., zh: 无。}}
runbook: [{{says: {{en: Wait., zh: 等待。}}}}]
examples:
  match: [harbour a is full, harbour b is full, harbour c is full today]
  other: [all is well here, nothing is wrong]
"""


async def answer(look: Look) -> ProbeResult:
    """Fill one row as the probe does now, with the arguments it was given."""
    row: dict[str, Value] = {"name": str(look.args), "ships": 3, "cranes": 2, "colour": "red", "depth": 1}
    return ProbeResult(rows=(Row(values=row, subject=ObjectRef(kind="Harbour", name="a")),))


@pytest.mark.parametrize(
    ("name", "args", "expected"),
    [
        ("harbours", {"shows": "cranes", "at_most": 2}, {"name": "{'shows': 'cranes', 'at_most': 2}"}),
        ("harbours", {"limit": 2}, {"name": "{'at_most': 2}", "boats": 3}),
        ("cranes", {}, {"harbour": "{'shows': 'cranes'}", "count": 2, "colour": "red"}),
        ("cranes", {"limit": 2}, {"harbour": "{'at_most': 2, 'shows': 'cranes'}", "count": 2}),
        ("cranes", {"at_most": 2}, {"name": "{'at_most': 2, 'shows': 'cranes'}", "cranes": 2}),
    ],
)
async def test_former_arguments_arrive_under_their_names_of_now_and_rows_have_both(
    read: Read, name: str, args: dict[str, Any], expected: dict[str, Any]
) -> None:
    probe = as_named(Probe(declaration=DECLARATION, read=answer), named_probes({"harbours": DECLARATION})[name])

    (row,) = (await read(probe, args=args)).rows

    assert expected.items() <= row.values.items()
    assert {"name", "ships"} <= row.values.keys()


def test_a_probe_without_former_names_is_left_as_it_is() -> None:
    alone = replace(DECLARATION, formerly=())
    probe = Probe(declaration=alone, read=answer)

    assert as_named(probe, named_probes({"harbours": alone})["harbours"]) is probe


@pytest.mark.parametrize(
    ("probe", "args", "key", "warned"),
    [
        ("harbours", "at_most: 2", "ships", []),
        ("harbours", "shows: cranes", "cranes", []),
        (
            "harbours",
            "",
            "depth",
            ["12: row key depth of harbours is filled only with tides: true from the next release on"],
        ),
        ("harbours", "tides: true", "depth", []),
        ("harbours", "limit: 2", "ships", ["8: argument limit of harbours is now at_most"]),
        ("harbours", "", "boats", ["12: row key boats of harbours is now ships"]),
        ("cranes", "", "cranes", ["8: probe cranes is now harbours with shows: cranes"]),
        (
            "cranes",
            "limit: 2",
            "count",
            [
                "8: argument limit of harbours is now at_most",
                "8: probe cranes is now harbours with shows: cranes",
                "12: row key count of harbours is now cranes",
            ],
        ),
        (
            "cranes",
            "",
            "colour",
            [
                "8: probe cranes is now harbours with shows: cranes",
                "12: row key colour of harbours goes in the next release, without a successor",
            ],
        ),
    ],
)
def test_each_former_name_is_warned_of_and_no_other(
    tmp_path: Path, probe: str, args: str, key: str, warned: list[str]
) -> None:
    catalog = written(tmp_path, probe, args, key)

    found = former_names(catalog, {"harbours": DECLARATION})

    assert sorted(f"{each.line}: {each.says.partition(';')[0]}" for each in found) == sorted(warned)
    wrong = [each.field for each in lint(catalog, {"harbours": DECLARATION}, {})]
    assert not [field for field in wrong if field.startswith(("reads", "evidence"))]


@pytest.mark.parametrize(
    ("probe", "args", "key", "wrong"),
    [
        ("harbours", "shows: cranes", "boats", "evidence[0].when"),
        ("harbours", "", "cranes", "evidence[0].when"),
        ("harbours", "shows: ships", "depth", "evidence[0].when"),
        ("harbours", "shows: lamps", "ships", "reads.found.args.shows"),
        ("cranes", "shows: ships", "cranes", "reads.found.args.shows"),
        ("cranes", "colour: red", "cranes", "reads.found.args.colour"),
    ],
)
def test_names_of_now_and_of_the_release_before_do_not_mix(
    tmp_path: Path, probe: str, args: str, key: str, wrong: str
) -> None:
    """An argument that is new tells that an entry is written for this release."""
    catalog = written(tmp_path, probe, args, key)

    assert wrong in [each.field for each in lint(catalog, {"harbours": DECLARATION}, {})]


def written(directory: Path, probe: str, args: str, key: str) -> Any:
    (directory / "harbour-full.yaml").write_text(OWN.format(probe=probe, args=args, key=key), "utf-8")
    loaded = load((directory,))
    assert loaded.problems == ()
    return loaded.catalog
