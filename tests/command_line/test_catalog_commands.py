"""`lint`, `schema`, `probes`, `list` and `show`."""

import json
import re
from collections.abc import Callable
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest

from intents.catalog.loader import builtin_directory, load

Run = Callable[..., Any]

CATALOG = load((builtin_directory(),)).catalog
SOURCE = CATALOG.sources["run-as-nonroot-root-image"]


def test_a_broken_file_is_reported_with_file_line_and_field(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "my-incident.yaml"
    file.write_text("id: my-incident\nstatus: stable\nsurprise: 1\nseverity: awful\n", "utf-8")

    ran = run("lint", str(tmp_path))

    *problems, summary = ran.out.splitlines()
    assert ran.code == 1
    assert f"{file}:3: surprise: unknown key" in problems
    assert [line for line in problems if line.startswith(f"{file}:4: severity: ")]
    assert all(re.match(rf"{re.escape(str(file))}:\d+: [\w.\[\]]+: .", line) for line in problems)
    assert re.fullmatch(r"0 entries checked: \d+ problems", summary)


def test_a_file_that_is_not_yaml_is_reported_and_does_not_affect_others(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "broken.yaml").write_text("id: [\n", "utf-8")
    monkeypatch.setenv("CASEBOOK_CATALOG", str(tmp_path))

    assert run("lint", str(tmp_path)).code == 1
    ran = run("match", stdin="Error: container has runAsNonRoot and image will run as root")

    assert ran.code == 0
    assert "run-as-nonroot-root-image" in ran.out
    assert re.fullmatch(rf"casebook: {re.escape(str(tmp_path))}/broken\.yaml:\d+: .+\n", ran.err)


def test_an_entry_whose_id_differs_from_its_file_name_is_reported(run: Run, tmp_path: Path) -> None:
    copy = tmp_path / "another-name.yaml"
    copy.write_text(SOURCE.path.read_text("utf-8"), "utf-8")

    ran = run("lint", str(copy))

    assert ran.code == 1
    assert f"{copy}:1: id: " in ran.out


def test_a_case_with_another_verdict_or_another_twin_is_reported_with_the_reason(run: Run, tmp_path: Path) -> None:
    copy = tmp_path / SOURCE.path.name
    text = SOURCE.path.read_text("utf-8")
    twin = "healthy: true, then: ruled out,\n     given: {scene: {"
    wrong = twin.replace("ruled out", "possible") + "ConfigMap/ledger/else: {}, "
    copy.write_text(text.replace(twin, wrong), "utf-8")

    ran = run("lint", str(copy))

    said = "\n".join(ran.out.splitlines()[:-1])
    assert ran.code == 1
    assert re.search(r"cases\[1\]\.then: .* is judged ruled out, not possible \(\w+ refutes: ", said), said
    assert re.search(r"cases\[1\]\.given: .*not the same objects: ConfigMap ledger/else$", said, re.MULTILINE), said


def test_a_path_that_does_not_exist_is_wrong_usage(run: Run) -> None:
    ran = run("lint", "no/such/place")

    assert (ran.code, ran.out) == (2, "")
    assert ran.err == "casebook: cannot read no/such/place: no such file or directory\n"


def test_the_schema_is_json_schema_and_describes_every_field_of_an_entry(run: Run) -> None:
    schema = run("schema").json

    assert schema["$schema"].startswith("https://json-schema.org/")
    assert {"id", "signatures", "evidence", "examples", "cases"} <= schema["properties"].keys()


def test_every_probe_is_listed_with_the_keys_an_entry_may_use(run: Run) -> None:
    everything, one = run("probes"), run("probes", "apiservices")

    assert (everything.code, one.code) == (0, 0)
    assert one.out in everything.out
    assert re.search(r"^ +ready_endpoints +integer$", one.out, re.MULTILINE)
    assert "needs: " in one.out


def test_keys_that_an_argument_adds_are_listed_with_it(run: Run) -> None:
    rows, _, ended = run("probes", "containers").out.partition("rows, with ended: true, also:")

    assert "exit_code  " not in rows
    assert re.search(r"^ +exit_code +integer$", ended, re.MULTILINE)


@pytest.mark.parametrize(
    ("argv", "meant"),
    [(["probes", "apiservice"], "apiservices"), (["show", "run-as-root"], "run-as-nonroot-root-image")],
)
def test_an_unknown_name_exits_with_4_and_a_suggestion(run: Run, argv: list[str], meant: str) -> None:
    ran = run(*argv)

    assert (ran.code, ran.out) == (4, "")
    assert f'did you mean "{meant}"?' in ran.err


def test_the_catalog_is_listed_in_both_languages(run: Run) -> None:
    english, chinese = run("list"), run("list", "--lang", "zh")

    assert [line.split()[0] for line in english.out.splitlines()] == [incident.id for incident in CATALOG]
    assert CATALOG.incidents["run-as-nonroot-root-image"].title.zh in chinese.out


def test_every_incident_can_be_shown(run: Run) -> None:
    """Each in one of the two languages, alternately."""
    for incident, lang in zip(CATALOG.incidents, cycle(("en", "zh")), strict=False):
        ran = run("show", incident, "--lang", lang)

        assert ran.code == 0, incident
        assert f"({incident})" in ran.out.splitlines()[0]
        assert not re.search(r"\{[a-z]+\.[a-z_]+[|}]", ran.out), incident


def test_the_installed_version_is_printed(run: Run) -> None:
    ran = run("--version")

    assert ran.code == 0
    assert re.fullmatch(r"casebook \d+\.\d+\.\d+\n", ran.out)


def test_json_that_is_printed_is_utf_8_and_sorted(run: Run) -> None:
    out = run("schema").out

    assert out == json.dumps(json.loads(out), ensure_ascii=False, indent=2, sort_keys=True) + "\n"
