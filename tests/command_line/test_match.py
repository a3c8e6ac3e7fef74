"""`casebook match`: text in, hypotheses out, no cluster."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]

TEXT = 'Error: container has runAsNonRoot and image will run as root (pod: "db-0_shop(1-2)", container: tikv)'


def test_it_prints_the_matched_line_signature_and_captures(run: Run) -> None:
    ran = run("match", stdin=f"please help\n{TEXT}\n")

    assert (ran.code, ran.err) == (0, "")
    lines = ran.out.splitlines()
    assert lines[0].endswith("(run-as-nonroot-root-image)")
    assert f"“{TEXT}”" in lines[1]
    assert "line 2, match " in lines[1]
    assert "container=tikv" in ran.out
    assert "pod=db-0" in ran.out


def test_json_output_has_the_same_content(run: Run) -> None:
    document = run("match", "--output", "json", stdin=TEXT).json

    first = document["hypotheses"][0]
    assert first["incident"] == "run-as-nonroot-root-image"
    assert 0.5 < first["score"] <= 1
    assert first["matches"][0]["line"] == 1
    assert first["matches"][0]["captures"]["container"] == "tikv"


def test_an_unknown_text_exits_with_3(run: Run) -> None:
    ran = run("match", stdin="the coffee machine is broken again")

    assert ran.code == 3
    assert ran.out.splitlines()[0] == "I DON'T KNOW THIS ONE"


def test_an_unknown_text_in_chinese_is_answered_in_chinese(run: Run) -> None:
    assert run("match", stdin="咖啡机又坏了，谁来修一下").out.splitlines()[0] == "没见过这个问题"


def test_a_file_is_read_like_standard_input(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "error.txt"
    file.write_text(TEXT, "utf-8")

    assert run("match", str(file)).out == run("match", stdin=TEXT).out == run("match", "-", stdin=TEXT).out


def test_a_powershell_file_is_read(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "error.txt"
    file.write_bytes(TEXT.replace("\n", "\r\n").encode("utf-16"))

    assert run("match", str(file)).code == 0


@pytest.mark.parametrize(
    ("stdin", "says"),
    [
        (b"", "standard input is empty"),
        (b" \r\n\t\x00\n", "standard input is empty"),
        (bytes(range(256)) * 400, "standard input is not text"),
        (b"\x7fELF\x02\x01\x01" + b"\x00\x01\x02\xff\xfe" * 5000, "standard input is not text"),
    ],
)
def test_binary_data_is_refused(run: Run, stdin: bytes, says: str) -> None:
    ran = run("match", stdin=stdin)

    assert (ran.code, ran.out) == (2, "")
    assert says in ran.err


def test_a_few_stray_bytes_in_a_log_are_ignored(run: Run) -> None:
    assert run("match", stdin=b"\x00\x00\xff\xfe " + TEXT.encode() + b"\x00\xc3(").code == 0


def test_a_missing_file_is_reported(run: Run) -> None:
    ran = run("match", "no-such-file.log")

    assert ran.code == 2
    assert ran.err == "casebook: cannot read no-such-file.log: no such file or directory\n"


@pytest.mark.parametrize("line", ["x" * (6 << 20), "foo bar 12345\n" * 100_000])
def test_a_huge_text_is_answered_and_the_omission_reported(run: Run, line: str) -> None:
    ran = run("match", stdin=f"{TEXT}\n{line}")

    assert ran.code == 0
    assert "first and last half MiB were used" in ran.err


# --- JSON lines ---


def test_the_last_line_of_a_long_log_is_read_and_keeps_its_number(run: Run) -> None:
    noise = "".join(f"I0101 12:00:00.000000 1 worker.go:12] item {number} done\n" for number in range(120_000))
    given = f"{noise}failed to renew lease ops/x: timed out waiting for the condition\n"

    done = run("match", "-", stdin=given.encode())

    assert done.code == 0
    assert "line 120001" in done.out


def test_each_line_is_answered_using_only_id_and_text(run: Run) -> None:
    lines = [
        {"id": "a", "text": TEXT},
        {"id": 7, "text": "good morning"},
        {"id": "c", "text": TEXT, "label": "none", "incident": "something-else", "kind": 3},
    ]

    ran = run("match", "--jsonl", stdin="\n".join(map(json.dumps, lines)) + "\n\n")

    first, second, third = map(json.loads, ran.out.splitlines())
    assert (ran.code, ran.err) == (0, "")
    assert list(first) == ["id", "incident", "score", "ranked", "act", "unasked"]
    assert first["id"] == "a"
    assert first["incident"] == first["ranked"][0] == "run-as-nonroot-root-image"
    greets = {"act": "social", "unasked": False}
    assert second | {"score": 0} == {"id": 7, "incident": None, "score": 0, "ranked": [], **greets}
    assert third == first | {"id": "c"}
    assert first["unasked"]


def test_what_was_said_before_decides_what_a_message_does(run: Run) -> None:
    asked, alone = "did we ship anything to prod since noon?", "no, their side is green"
    lines = [{"id": 1, "text": alone, "before": [asked]}, {"id": 2, "text": alone, "before": "no list"}]

    ran = run("match", "--jsonl", stdin="\n".join(map(json.dumps, lines)))

    answer = json.loads(ran.out)
    assert (answer["act"], answer["unasked"]) == ("answer", False)
    assert "line 2: before is no list of strings" in ran.err


def test_a_malformed_line_is_reported_and_the_others_are_answered(run: Run) -> None:
    lines = [
        '{"id": "a", "text": "x"}', "no json", '["a"]', '{"id": "b"}', '{"text": "x"}', '{"id": true, "text": "x"}',
        '{"id": "d", "text": 3}', "[" * 100_000, '{"id": "z", "text": "y"}',
    ]  # fmt: skip

    ran = run("match", "--jsonl", stdin="\n".join(lines))

    assert ran.code == 2
    assert [json.loads(line)["id"] for line in ran.out.splitlines()] == ["a", "z"]
    assert [line.split(":")[1].strip() for line in ran.err.splitlines()] == [f"line {number}" for number in range(2, 9)]
    assert "casebook: line 4: text is missing: expected a string" in ran.err


def test_lone_surrogates_in_json_are_accepted(run: Run) -> None:
    ran = run("match", "--jsonl", stdin='{"id": "\\ud800", "text": "OOM \\udfff"}')

    assert ran.code == 0
    ran.out.encode()


def test_neither_the_client_nor_the_engine_is_imported_to_match(tmp_path: Path) -> None:
    """They cost most of a second, which a script that matches thousands of texts would pay each time."""
    source = (
        "import sys; from bot.__main__ import main; code = main(['match', '--jsonl', sys.argv[1]]);"
        "heavy = {'kubernetes', 'aiohttp', 'structlog', 'bot.diagnosing', 'bot.probes'} & set(sys.modules);"
        "sys.exit(f'imported {sorted(heavy)}' if heavy else code)"
    )
    file = tmp_path / "lines.jsonl"
    file.write_text('{"id": "a", "text": "x"}\n', "utf-8")

    done = subprocess.run([sys.executable, "-c", source, str(file)], check=False, capture_output=True, text=True)

    assert (done.returncode, done.stderr) == (0, "")
