"""Test sentence templates with placeholders for names."""

from __future__ import annotations

import contextlib
import shlex
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intents import templates


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{row.node}: {row.message}", "worker-a: full"),
        ("{row.free:bytes} of {row.want:bytes}, {row.cpu:cpu}", "1.5Gi of 512Mi, 250m"),
        ("since {row.age:duration}", "since 3h5m"),
        ("{rows.node}", "a, b, c +1"),
        ("{named.pod|the pod} is gone", "the pod is gone"),
        ("{named.pod} is gone", "<pod> is gone"),
        ("{never.heard.of.it}", "<it>"),
        ("-o jsonpath='{{.status}}'", "-o jsonpath='{.status}'"),
        ("{row.ok}", "true"),
        ("gone{row.node?; the closest is *}", "gone; the closest is worker-a"),
        ("gone{named.pod?; the closest is *}", "gone"),
        ("{row.free:bytes? (* left)}{named.pod?, * waits|, nobody waits}", " (1.5Gi left), nobody waits"),
    ],
)
def test_template_is_filled_from_rows_and_names(template: str, expected: str) -> None:
    context = {
        "row": {
            "node": "worker-a",
            "message": "full",
            "free": 1610612736,
            "want": 536870912,
            "cpu": 250,
            "age": 11130,
            "ok": True,
        },
        "rows": {"node": ("a", "b", "a", "c", "d")},
        "named": {"pod": ""},
    }

    assert templates.render(template, context) == expected


@pytest.mark.parametrize(
    ("template", "problem"),
    [
        ("{row.node", "unbalanced brace"),
        ("row.node}", "unbalanced brace"),
        ("{row..node}", "not a path"),
        ("{}", "not a path"),
        ("{row.free:gallons}", "unknown format 'gallons'"),
        ("{row.node? is closest}", "needs a \\* for the value"),
    ],
)
def test_invalid_template_reports_why(template: str, problem: str) -> None:
    with pytest.raises(templates.TemplateError, match=problem):
        templates.parse(template)


@given(st.text(max_size=60))
def test_pasted_name_cannot_break_out_of_a_command(name: str) -> None:
    """Check commands that users copy into a shell, with names from an untrusted paste."""
    command = templates.render_command("kubectl get pod {named.pod|x}", {"named": {"pod": name}})

    assert len(command.splitlines()) == 1
    if not command.partition("pod ")[2].startswith("$'"):
        assert shlex.split(command) == ["kubectl", "get", "pod", name or "x"]


@settings(max_examples=25, deadline=None)
@given(st.text(st.sampled_from("ab \n\r\t\x1b'\"\\$`;|&\u2028é"), min_size=1, max_size=20))
def test_shell_reads_a_name_with_line_breaks_as_one_word(name: str) -> None:
    command = templates.render_command("printf %s {named.pod}", {"named": {"pod": name}})
    environment = {"LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin"}

    told = subprocess.run(["bash", "-c", command], capture_output=True, check=True, timeout=10, env=environment)

    assert told.stdout.decode() == name


@given(st.text(alphabet="{}|:. ab_", max_size=30))
def test_any_text_is_a_template_or_an_error(text: str) -> None:
    with contextlib.suppress(templates.TemplateError):
        templates.render(text, {})


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("container {row.name} asks", "Container ad asks"),
        ("{row.name} asks", "ad asks"),
        ("etcd answers {row.name}", "etcd answers ad"),
        ("spec.replicas of {row.name}", "spec.replicas of ad"),
        ("{row.name} {row.part|}: it expired", "ad: it expired"),
        ("{row.name} {row.part|} calls it", "ad calls it"),
        ("{row.part|} {row.name} calls it", "ad calls it"),
        ("{row.name} is denied: {row.part|}", "ad is denied"),
        ("{row.name} is denied: {row.part|}; try again", "ad is denied; try again"),
        ("{row.name} is denied ({row.part|}) now", "ad is denied now"),
        ("{row.name}被拒绝（{row.part|}）", "ad被拒绝"),
        ("{row.name}被拒绝：{row.part|}", "ad被拒绝"),
    ],
)
def test_a_sentence_keeps_names_and_leaves_out_what_is_missing(template: str, expected: str) -> None:
    assert templates.render_sentence(template, {"row": {"name": "ad", "part": ""}}) == expected
