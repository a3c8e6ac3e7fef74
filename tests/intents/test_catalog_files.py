"""Test incident files: every mistake names file, line and field and does not affect other entries."""

from __future__ import annotations

import contextlib
import os
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intents.catalog.actions import ActionDeclaration, Argument, ArgumentType, unknown_actions
from intents.catalog.cases import CaseError, world_of
from intents.catalog.lint import lint
from intents.catalog.loader import load
from intents.catalog.schema import Incident
from intents.catalog.yaml_nodes import Document, YamlError
from intents.conditions import ConditionError, atoms, check, holds
from intents.domain import ArgDeclaration, ProbeDeclaration, RowType

GOOD = """\
id: disk-full
status: stable
strongest: confirmed
title: {en: Disk full, zh: 磁盘已满}
severity: warning
signatures: ["no space left on <device>"]
reads:
  nodes: {probe: nodes}
evidence:
  - id: full
    each: nodes
    when: row.full && row.name != named.device
    decisive: true
    says: {en: "{row.name} is full", zh: "{row.name} 已满"}
    otherwise: {says: {en: no node is full, zh: 没有节点已满}}
root_cause: {en: "{full.name|A node} is full", zh: "{full.name|节点} 已满"}
impact: {en: Writes fail., zh: 写入失败。}
runbook:
  - says: {en: Look., zh: 查看。}
    run: kubectl describe node {full.name}
examples:
  match: [no space left on sda, no space left on sdb, no space left on vda]
  other: [all good, some space left]
cases:
  - name: full
    given: {objects: [{kind: Node, metadata: {name: a}, status: {phase: x}}]}
    then: confirmed
  - name: freed
    like: full
    change: [{object: Node/a, merge: {status: {phase: null, other: y}}}]
    healthy: true
    then: ruled out
"""
PROBES = {
    "nodes": ProbeDeclaration(
        name="nodes",
        says="nodes",
        rows={"name": RowType.STRING, "full": RowType.BOOLEAN},
        args={
            "capture": ArgDeclaration(says="a pattern", adds_keys="regex"),
            "each": ArgDeclaration(says="parts", variables={"object": ""}),
            "let": ArgDeclaration(
                says="keys",
                adds_keys="mapping",
                variables={"object": "", "it": "each"},
                functions=frozenset({"quantity"}),
            ),
            "order": ArgDeclaration(says="how sorted", choices=("up", "down")),
        },
    )
}

ACTIONS = {
    each.name: each
    for each in (
        ActionDeclaration(name="annotate", args={"set": Argument(says="", type=ArgumentType.MAPPING, required=True)}),
        ActionDeclaration(name="cordon", kinds=("Node",)),
        ActionDeclaration(
            name="patch-object",
            args={
                "type": Argument(says="", required=True, choices=("merge", "strategic", "json")),
                "patch": Argument(says="", type=ArgumentType.MAPPING_OR_LIST, required=True),
            },
            only_configures=True,
        ),
        ActionDeclaration(
            name="scale", args={"replicas": Argument(says="how many", type=ArgumentType.NUMBER, required=True)}
        ),
    )
}


def write(directory: Path, text: str, name: str = "disk-full") -> Path:
    path = directory / "nodes" / f"{name}.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def problems(directory: Path, text: str) -> list[str]:
    """Return the problems of loading and linting one file, without the directory's name."""
    write(directory, text)
    loaded = load([directory])
    found = (*loaded.problems, *lint(loaded.catalog, PROBES, ACTIONS))
    return [str(problem).removeprefix(f"{directory}/nodes/") for problem in found]


def test_valid_entry_has_no_problems(tmp_path: Path) -> None:
    assert problems(tmp_path, GOOD) == []


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (("severity: warning", "severity: bad"), "disk-full.yaml:5: severity: input should be"),
        (("severity: warning", "severity: warning\nbogus: 1"), "disk-full.yaml:6: bogus: unknown key"),
        (("id: disk-full", "id: other"), "disk-full.yaml:1: id: is 'other', but the file is named 'disk-full'"),
        (
            ("title: {en: Disk full, zh: 磁盘已满}", "title: {en: Disk full}"),
            "disk-full.yaml:4: title.zh: field required",
        ),
        (("title: {en: Disk full, zh: 磁盘已满}", "title: Disk full"), "disk-full.yaml:4: title: is prose in one"),
        (("zh: 写入失败。", "zh: Nothing works."), "disk-full.yaml:17: impact.zh: is not Chinese"),
        (
            ("    decisive: true", "    decisive: true\n    need: 0"),
            "disk-full.yaml:14: evidence[0].need: input should",
        ),
        (("when: row.full &&", "when: row.full &&&"), "disk-full.yaml:12: evidence[0].when: 'row.full &&& row.name"),
        (("row.full &&", "row.fill &&"), "disk-full.yaml:12: evidence[0].when: 'row.fill': no key 'fill'"),
        (
            ("row.full && ", "row.full || row.size > 3 || "),
            "disk-full.yaml:12: evidence[0].when: 'row.size > 3': no key 'size'",
        ),
        (("named.device", "named.disk"), "disk-full.yaml:12: evidence[0].when: 'row.name != named.disk': no key"),
        (("row.full &&", "row.name > 3 &&"), "disk-full.yaml:12: evidence[0].when: 'row.name > 3': No such overload"),
        (("each: nodes", "each: pods"), "disk-full.yaml:11: evidence[0].each: no such read 'pods'; there are nodes"),
        (("probe: nodes", "probe: pods"), "disk-full.yaml:8: reads.nodes.probe: no such probe 'pods'; there are nodes"),
        (
            ("{probe: nodes}", "{probe: nodes, args: {x: 1}}"),
            "disk-full.yaml:8: reads.nodes.args.x: probe nodes has no",
        ),
        (("{probe: nodes}", "{probe: nodes, args: {order: no}}"), "disk-full.yaml:8: reads.nodes.args.order: is 'no'"),
        (
            ("{probe: nodes}", "{probe: nodes, args: {capture: '('}}"),
            "disk-full.yaml:8: reads.nodes.args.capture: is no",
        ),
        (
            ("{row.name} is full", "{row.nam} is full"),
            "disk-full.yaml:14: evidence[0].says.en: {row.nam}: the row has no",
        ),
        (
            ("{full.name|A node}", "{fool.name|A node}"),
            "disk-full.yaml:16: root_cause.en: {fool.name}: 'fool' is neither",
        ),
        (("node {full.name}", "node {full.name"), "disk-full.yaml:20: runbook[0].run: unbalanced brace"),
        (("like: full", "like: fool"), "disk-full.yaml:28: cases[1]: case 'freed' is like 'fool', which no earlier"),
        (
            ("object: Node/a", "object: Node/b"),
            "disk-full.yaml:28: cases[1]: case 'freed' changes 'Node/b', but has only",
        ),
        (("then: confirmed", "then: possible"), "disk-full.yaml:24: cases: no case reaches confirmed"),
        (("    healthy: true\n", ""), "disk-full.yaml:24: cases: no healthy twin"),
        (("then: ruled out", "then: likely"), "disk-full.yaml:32: cases[1].then: a healthy twin is at most possible"),
        (("    decisive: true\n", ""), "disk-full.yaml:3: strongest: is confirmed, but no rule over the cluster"),
        (
            ("severity: warning", "severity: warning\ncauses: [{incident: gone, linked_by: object}]"),
            "disk-full.yaml:6: causes[0].incident: no such incident 'gone'",
        ),
        (
            ("severity: warning", "severity: warning\ncauses: [{incident: disk-full, linked_by: namespace}]"),
            "disk-full.yaml:6: causes[0].linked_by: input should be 'object', 'runs-on', 'owns', 'connection', 'calls'",
        ),
        (
            ("severity: warning", "severity: warning\ncauses: [{incident: disk-full, linked_by: runs-on}]"),
            "disk-full.yaml:6: causes[0].linked_by: no supporting rule of disk-full has rows with 'node'",
        ),
        (
            (
                "severity: warning",
                "severity: warning\ncauses: [{incident: disk-full, linked_by: object, only_if: [x]}]",
            ),
            "disk-full.yaml:6: causes[0].only_if: disk-full has no supporting rule 'x'",
        ),
        (
            ("severity: warning", "severity: warning\ncauses: [{incident: disk-full, linked_by: provides}]"),
            "disk-full.yaml:6: causes[0]: `linked_by: provides` needs a `mechanism`",
        ),
        (("id: disk-full", "id: disk-full\nid: twice"), "disk-full.yaml:2: key 'id' is given twice"),
        (("id: disk-full", "id: &a disk-full"), ""),
        (("severity: warning", "severity: *a"), "disk-full.yaml:5: aliases are not supported"),
        (("reads:", "reads: ["), "disk-full.yaml:9: did not find"),
    ],
)
def test_mistake_is_reported_with_file_line_and_field(tmp_path: Path, change: tuple[str, str], expected: str) -> None:
    before, after = change
    assert before in GOOD
    found = problems(tmp_path, GOOD.replace(before, after, 1))

    assert any(problem.startswith(expected) for problem in found) if expected else found == []


def test_key_added_by_an_argument_can_be_a_question(tmp_path: Path) -> None:
    text = GOOD.replace("{probe: nodes}", "{probe: nodes, args: {capture: 'took (?P<took>.*)s'}}")

    assert problems(tmp_path, text.replace("row.full &&", "row.took != '' &&")) == []


def test_key_computed_by_an_expression_has_its_declared_type(tmp_path: Path) -> None:
    let = "{size: {number: 'quantity(it)'}, large: {boolean: size > 1.0}, text: 'object.list.map(x, x.name)[0]'}"
    text = GOOD.replace("{probe: nodes}", f"{{probe: nodes, args: {{each: object.list, let: {let}}}}}")

    assert problems(tmp_path, text.replace("row.full &&", "row.large && row.size > 2.0 && row.text != '' &&")) == []
    (found,) = problems(tmp_path, text.replace("row.full &&", "row.text > 2 &&"))
    assert found.startswith("disk-full.yaml:12: evidence[0].when: 'row.text > 2': No such overload")


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        ("{each: object.}", "each: 'object.' is not CEL"),
        ("{let: {a: it}}", "let.a: nothing binds it; there are object"),
        ("{let: {a: b, b: object}}", "let.a: nothing binds b"),
        ("{let: {a: {integer: sum(object)}}}", "let.a: there is no function sum; there are contains"),
        ("{let: {a: {whole: object}}}", "let.a: expected CEL, or CEL below its type: one of string"),
        ("{let: [a]}", "let: expected a mapping of row keys to CEL"),
        ("{let: {a: 'object.{named.device}'}}", "let.a: takes no template"),
        (f"{{let: {{a: {' + '.join(['object'] * 40)}}}}}", "let.a: has more than 300 characters"),
        ("{let: {a: 'object.x.map(x, x.map(y, y))'}}", "let.a: 'object.x.map(x, x.map(y, y))' nests"),
    ],
)
def test_bad_expression_is_reported_with_its_key(tmp_path: Path, args: str, expected: str) -> None:
    found = problems(tmp_path, GOOD.replace("{probe: nodes}", f"{{probe: nodes, args: {args}}}"))

    assert any(problem.startswith(f"disk-full.yaml:8: reads.nodes.args.{expected}") for problem in found), found


def test_broken_file_does_not_affect_other_files(tmp_path: Path) -> None:
    write(tmp_path, "id: [", name="broken")
    write(tmp_path, GOOD)
    loaded = load([tmp_path, tmp_path / "absent"])

    assert list(loaded.catalog.incidents) == ["disk-full"]
    assert [problem.says for problem in loaded.problems] == ["no such directory", "did not find expected node content"]


def test_endless_file_is_not_read(tmp_path: Path) -> None:
    """Check pipes and devices, which a limit on the file size misses because both report size 0."""
    (tmp_path / "disk-full.yaml").write_text(GOOD, "utf-8")
    os.mkfifo(tmp_path / "pipe.yaml")
    (tmp_path / "zeros.yaml").symlink_to("/dev/zero")
    (tmp_path / "dangling.yaml").symlink_to(tmp_path / "gone.yaml")

    loaded = load([tmp_path])

    assert list(loaded.catalog.incidents) == ["disk-full"]
    assert [Path(problem.file).name + ": " + problem.says for problem in loaded.problems] == [
        "dangling.yaml: No such file or directory",
        "pipe.yaml: is no regular file",
        "zeros.yaml: is no regular file",
    ]


def test_entries_of_a_mounted_config_map_are_read_once(tmp_path: Path) -> None:
    """Use the kubelet's layout: a directory with the files, swapped by a link, and a link to each file."""
    (tmp_path / "..2026_11_21_23_17_00.123").mkdir()
    (tmp_path / "..2026_11_21_23_17_00.123/disk-full.yaml").write_text(GOOD, "utf-8")
    (tmp_path / "..data").symlink_to("..2026_11_21_23_17_00.123")
    (tmp_path / "disk-full.yaml").symlink_to("..data/disk-full.yaml")

    loaded = load([tmp_path])

    assert (list(loaded.catalog.incidents), loaded.problems) == (["disk-full"], ())


def test_later_directory_overrides_by_id_and_reload_keeps_the_last_valid_version(tmp_path: Path) -> None:
    builtin, own = tmp_path / "builtin", tmp_path / "own"
    builtin.mkdir()
    own.mkdir()
    write(builtin, GOOD)
    write(own, GOOD.replace("severity: warning", "severity: info"))
    first = load([builtin, own])

    write(own, GOOD.replace("severity: warning", "severity: oops"))
    second = load([builtin, own], last_good=first.catalog)

    assert first.catalog.incidents["disk-full"].severity == "info"
    assert second.catalog.incidents["disk-full"].severity == "info"
    assert second.problems


def test_duplicate_id_in_one_directory_is_a_problem(tmp_path: Path) -> None:
    write(tmp_path, GOOD)
    (tmp_path / "disk-full.yaml").write_text(GOOD, encoding="utf-8")

    assert "is also defined in" in load([tmp_path]).problems[0].says


def test_case_inherits_from_the_case_it_is_like() -> None:
    incident = Incident.model_validate(Document(GOOD).value)
    full, freed = incident.cases

    assert world_of(incident, full)["objects"][0]["status"] == {"phase": "x"}
    assert world_of(incident, freed)["objects"][0]["status"] == {"other": "y"}
    assert world_of(incident, full)["objects"][0]["status"] == {"phase": "x"}, "cases share nothing"


def test_case_like_itself_is_rejected() -> None:
    incident = Incident.model_validate(Document(GOOD.replace("like: full", "like: freed")).value)

    with pytest.raises(CaseError, match="no earlier case"):
        world_of(incident, incident.cases[1])


def test_yaml_scalars_are_not_guessed() -> None:
    text = "{on: yes, at: 2026-01-02, port: 0x10, octal: 010, n: 3, f: 1.5, b: true, z: null, v: 1_000, s: 12:30}"

    assert Document(text).value == {
        "on": "yes",
        "at": "2026-01-02",
        "port": "0x10",
        "octal": "010",
        "n": 3,
        "f": 1.5,
        "b": True,
        "z": None,
        "v": "1_000",
        "s": "12:30",
    }


@given(st.text(max_size=200))
def test_any_text_is_a_document_or_a_problem(text: str) -> None:
    with contextlib.suppress(YamlError):
        Document(text)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[" * 100_000, "line 1: nested more than 100 deep"),
        ("a:\n" + "- " * 5000, "line 2: nested more than 100 deep"),
        ("a: 1\n---\nb: 2", "line 2: expected one document"),
        ("a: 1\nb: !!python/name:os.system", "line 2: the tag tag:yaml.org,2002:python/name:os.system is not"),
        ("? [a]\n: b", "line 1: a key must be a plain value"),
    ],
)
def test_unsupported_yaml_is_rejected_with_its_position(text: str, problem: str) -> None:
    with pytest.raises(YamlError, match=re.escape(problem)):
        Document(text)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("a.b", ("a.b",)),
        ('a && "x && y" == b || !(c || d)', ("a", '"x && y" == b', "c", "d")),
        ("(a == 1) && f(b && c)", ("a == 1", "f(b && c)")),
        ("a ? b && c : d", ("a ? b && c : d",)),
        ("(a) == (b)", ("(a) == (b)",)),
    ],
)
def test_condition_is_split_at_its_operators(expression: str, expected: tuple[str, ...]) -> None:
    assert atoms(expression) == expected


@pytest.mark.parametrize(
    "expression", ["a.all(x, b.exists(y, x == y))", "a.filter(x, b.all(y, y == x)).size() > 1", "1 +"]
)
def test_expensive_or_invalid_condition_is_rejected(expression: str) -> None:
    with pytest.raises(ConditionError):
        check(expression)


def test_a_condition_tells_values_of_different_types_apart() -> None:
    assert [holds("row.x == 1", {"row": {"x": x}}) for x in (1, True, "1", 1)] == [True, False, False, True]


REMEDY = """\
remediations:
  - id: more-room
    action: patch-object
    title: {en: Give it more room, zh: 扩容}
    rows_of: full
    target: {kind: Volume, name: "{row.name}"}
    args: {type: merge, patch: {spec: {size: "{input.size}"}}}
    asks: [{id: size, label: {en: New size, zh: 新的大小}, default: 10Gi, is: quantity}]
    only_if: [full]
    shows_later: {en: The next write shows it., zh: 下一次写入时可见。}
"""
LATER = "    shows_later: {en: The next write shows it., zh: 下一次写入时可见。}\n"
RULE = """\
    fixed_when:
      each: nodes
      when: "!row.full"
      en: "{row.name} has room"
      zh: "{row.name} 有空间"
      otherwise: {en: "{row.name} is still full", zh: "{row.name} 仍然已满"}
"""


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (("", ""), ""),
        (("type: merge, ", ""), "args: patch-object needs 'type'"),
        (("type: merge", "type: mixed"), "args.type: is 'mixed'; expected one of merge, strategic, json"),
        (
            ("type: merge", "type: merge, force: true"),
            "args.force: patch-object has no such argument; it has type, patch",
        ),
        (("patch-object", "cordon"), "target.kind: is Volume; cordon is for Node"),
        (
            ("patch-object", "explode"),
            "action: no such action 'explode'; there are annotate, cordon, patch-object, scale",
        ),
        (
            ('patch: {spec: {size: "{input.size}"}}', "patch: bigger"),
            "args.patch: is 'bigger'; expected a mapping or list",
        ),
        (("{input.size}", "{input.room}"), "args.patch: {input.room}: 'input' is neither"),
        (('"{input.size}"', "10Gi"), "asks[0]: no argument takes {input.size}"),
        (("is: quantity", "is: size"), "asks[0].is: input should be"),
        (("only_if: [full]", "only_if: [fool]"), "only_if: no such rule 'fool'"),
        ((LATER, ""), "action: patch-object only changes a setting: say in `fixed_when`"),
        ((LATER, "    fixed_when: healthy\n"), ""),
        ((LATER, "    fixed_when: well\n"), "fixed_when"),
        ((LATER, RULE), ""),
        ((LATER, LATER + RULE), ""),
        ((LATER, RULE.replace("row.full", "row.fool")), "fixed_when.when: '!row.fool': no key 'fool'"),
        ((LATER, RULE.replace("each: nodes", "each: pods")), "fixed_when.each: no such read 'pods'"),
        ((LATER, RULE.replace("{row.name} is still", "{row.nome} is still")), "fixed_when.otherwise.says"),
        ((LATER, RULE.replace("otherwise:", "table:")), "fixed_when"),
    ],
)
def test_incomplete_remediation_is_rejected(tmp_path: Path, change: tuple[str, str], expected: str) -> None:
    before, after = change
    assert before in REMEDY
    found = problems(tmp_path, GOOD.replace("runbook:", REMEDY.replace(before, after, 1) + "runbook:", 1))

    assert any(f"remediations[0].{expected}" in problem for problem in found) if expected else found == []


@pytest.mark.parametrize(("rule", "expected"), [("full", ""), ("fool", "runbook[0].only_if: no such rule 'fool'")])
def test_a_step_is_shown_for_rules_that_exist(tmp_path: Path, rule: str, expected: str) -> None:
    found = problems(tmp_path, GOOD.replace("    run: kubectl", f"    only_if: [{rule}]\n    run: kubectl", 1))

    assert any(expected in problem for problem in found) if expected else found == []


def test_a_remedy_that_fixes_no_cause_has_no_symptom(tmp_path: Path) -> None:
    remedy = REMEDY + "    until: full\n    done: {en: Done., zh: 完成。}\n"

    (problem,) = problems(tmp_path, GOOD.replace("runbook:", remedy + "runbook:", 1))

    assert "has no `fixed_when` or `shows_later`" in problem


CAPABILITY = (
    GOOD.replace("strongest: confirmed", "strongest: capability\nkinds: [Node]")
    .replace("then: confirmed", "then: offered")
    .replace(
        "runbook:",
        """\
remediations:
  - id: look
    action: annotate
    title: {en: Look inside, zh: 进入排查}
    rows_of: full
    target: {kind: Node, name: "{row.name}"}
    args: {set: {look: inside}}
    until: full
    done: {en: "look into {row.name}", zh: "可以查看 {row.name}"}
runbook:""",
        1,
    )
)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (("", ""), ""),
        (("kinds: [Node]", "kinds: []"), "kinds: a capability names the kinds of objects"),
        (("then: offered", "then: confirmed"), "cases[0].then: a capability is no cause that is confirmed"),
        (("    decisive: true\n", ""), "strongest: is a capability, but no decisive rule"),
        (
            ("severity: warning", "severity: warning\ncauses: [{incident: disk-full, linked_by: object}]"),
            "causes: a capability is no effect",
        ),
        (
            ('    until: full\n    done: {en: "look into {row.name}", zh: "可以查看 {row.name}"}\n', ""),
            "remediations[0].until: what a capability does is no fix",
        ),
        (("    until: full\n", ""), "remediations[0]: `until` and `done` go together"),
        (("until: full", "until: fool"), "remediations[0].until: no such rule 'fool'"),
        (("look into {row.name}", "look into {row.nam}"), "remediations[0].done.en: {row.nam}: the row has no"),
    ],
)
def test_capability_is_not_a_cause_and_its_remediation_is_not_a_fix(
    tmp_path: Path, change: tuple[str, str], expected: str
) -> None:
    before, after = change
    assert before in CAPABILITY
    found = problems(tmp_path, CAPABILITY.replace(before, after, 1))

    assert any(expected in problem for problem in found) if expected else found == []


def test_only_a_capability_can_be_offered(tmp_path: Path) -> None:
    found = problems(tmp_path, GOOD.replace("then: confirmed", "then: offered"))

    assert any("cases[0].then: only a capability is offered" in problem for problem in found)


def test_an_entry_with_an_action_that_does_not_exist_is_skipped_where_the_actions_are_known(tmp_path: Path) -> None:
    path = write(tmp_path, GOOD.replace("runbook:", REMEDY.replace("patch-object", "explode") + "runbook:", 1))
    line = path.read_text("utf-8").partition("    action:")[0].count("\n") + 1

    loaded = load([tmp_path], check=lambda incident: unknown_actions(incident, ACTIONS))

    (problem,) = map(str, loaded.problems)
    assert problem.startswith(f"{path}:{line}: remediations[0].action: no such action 'explode'; there are annotate,")
    assert not loaded.catalog.incidents
    assert load([tmp_path]).catalog.incidents
