"""Test the reading of a text: its visible lines, each once, with their numbers and times."""

from __future__ import annotations

import html
import json
from datetime import UTC, datetime, timedelta, timezone

import pytest

from intents.symptoms import MAX_SYMPTOMS, VOCABULARY, read_symptoms
from intents.text_cleanup import MAX_BYTES, is_cut, time_in

LOST = "failed to renew lease kube-system/scheduler: timed out waiting for the condition"


@pytest.mark.parametrize(
    "pasted",
    [
        LOST,
        f"> {LOST}",
        f"> > {LOST}",
        f"&gt; {LOST}",
        f"```\n{LOST}\n```",
        f"```console\r\n{LOST}\r\n```\r\n",
        f"\x1b[31m{LOST}\x1b[0m",
        f"[31m{LOST}[0m",
        f"^[[1;31m{LOST}^[[0m",
        f"\ufeff{LOST}\u200b",
        f"\t{LOST}   ",
        LOST.replace(" ", "\u00a0"),
        LOST.encode(),
        LOST.encode("utf-16"),
        b"\x81\xfe\xff" + LOST.encode(),
    ],
)
def test_line_is_read_the_same_in_any_paste_format(pasted: str | bytes) -> None:
    texts = [symptom.text for symptom in read_symptoms(pasted)]

    assert LOST in texts
    assert len(texts) == 1


def test_chat_markup_is_removed() -> None:
    """Undo Slack's links of host names and its escaping of markup."""
    text = "<@U01AB|lisa> <https://10.0.0.1/api?a=1&amp;b=2> at <http://pd.tidb.svc|pd.tidb.svc>: a &lt;nil&gt; “b” ‘c’"

    (symptom,) = read_symptoms(text)

    assert symptom.text == "@lisa https://10.0.0.1/api?a=1&b=2 at pd.tidb.svc: a <nil> \"b\" 'c'"


def test_nested_quotes_are_unescaped() -> None:
    """Check nesting, such as JSON in JSON in a log line."""
    message = 'Pod "web-0" is invalid'
    for _ in range(3):
        message = json.dumps({"message": message})

    assert 'Pod "web-0" is invalid' in read_symptoms(message)[0].text


def test_line_breaks_in_a_json_string_keep_the_line_number() -> None:
    symptoms = read_symptoms('first\n{"log":"panic: boom\\ngoroutine 1 [running]:"}')

    assert [(symptom.line, symptom.text) for symptom in symptoms] == [
        (1, "first"),
        (2, '{"log":"panic: boom'),
        (2, 'goroutine 1 [running]:"}'),
    ]


def test_line_numbers_count_the_pasted_lines() -> None:
    assert [symptom.line for symptom in read_symptoms("a\r\n\r\n```\nb\n```\n> c")] == [1, 4, 6]


def test_lines_that_differ_only_in_numbers_are_merged_with_all_names() -> None:
    symptoms = read_symptoms("\n".join(f"I0101 10:00:0{n}.000000 1 a.go:{n}] restarting pod web-{n}" for n in range(4)))

    (symptom,) = symptoms
    assert symptom.line == 1
    assert [entity.value for entity in symptom.entities] == ["web-0", "web-1", "web-2", "web-3"]


@pytest.mark.parametrize(
    ("line", "at", "year_known", "zone_known"),
    [
        ("2024-02-28T07:30:43.370448Z x", datetime(2024, 2, 28, 7, 30, 43, 370448, tzinfo=UTC), True, True),
        (
            "2024-02-28T07:30:43+05:30 x",
            datetime(2024, 2, 28, 7, 30, 43, tzinfo=timezone(timedelta(hours=5.5))),
            True,
            True,
        ),
        ("2024-02-28 07:30:43,120 x", datetime(2024, 2, 28, 7, 30, 43, 120000), True, False),  # noqa: DTZ001
        ("[2022/09/08 11:46:12.703 +08:00] [INFO]", datetime(2022, 9, 8, 3, 46, 12, 703000, tzinfo=UTC), True, True),
        ("E0228 07:30:43.370448       1 main.go:214] x", datetime(1900, 2, 28, 7, 30, 43, 370448), False, False),  # noqa: DTZ001
        ("Mar  6 11:02:19 node-1 kubelet: x", datetime(1900, 3, 6, 11, 2, 19), False, False),  # noqa: DTZ001
        ("Finished: Thu, 06 Mar 2025 11:09:44 +0100", datetime(2025, 3, 6, 10, 9, 44, tzinfo=UTC), True, True),
        ('{"level":"warn","ts":1712345678.5,"msg":"x"}', datetime.fromtimestamp(1712345678.5, tz=UTC), True, True),
    ],
)
def test_time_is_as_precise_as_the_line(line: str, at: datetime, year_known: bool, zone_known: bool) -> None:
    when = time_in(line)

    assert read_symptoms(line)[0].dated

    assert when is not None
    assert (when.at, when.year_known, when.zone_known) == (at, year_known, zone_known)


@pytest.mark.parametrize("line", ["no time", "E1399 99:99:99.000000 x", "2024-13-41T10:00:00Z", "at 12:30 we saw it"])
def test_text_without_a_time_gives_none(line: str) -> None:
    assert time_in(line) is None


def test_text_over_the_limit_keeps_its_head_and_tail() -> None:
    text = "\n".join(["the first line", *(f"{'abcdefghij'[n % 10] * 60} {n}" for n in range(40_000)), "the last line"])

    symptoms = read_symptoms(text)

    assert is_cut(text)
    assert len(text) > MAX_BYTES
    assert symptoms[0].text == "the first line"
    assert (symptoms[-1].line, symptoms[-1].text) == (40_002, "the last line")


def test_error_lines_are_kept_from_too_many_lines() -> None:
    letters = "abcdefghijklmnopqrstuvwxyz"
    lines = [f"all is well {a}{b}{c}" for a in letters for b in letters for c in letters[:20]]
    lines[7000] = LOST

    symptoms = read_symptoms("\n".join(lines))

    assert len(symptoms) == MAX_SYMPTOMS
    assert LOST in [symptom.text for symptom in symptoms]


@pytest.mark.parametrize("text", ["", "\n\n", b"", b"\x00\x01\xff" * 1000, "```\n```"])
def test_unreadable_text_gives_nothing(text: str | bytes) -> None:
    assert read_symptoms(text) == ()


def test_half_a_surrogate_pair_is_dropped() -> None:
    assert read_symptoms("a \ud83d b")[0].text == "a ? b"


def test_every_entity_kind_is_in_the_vocabulary() -> None:
    text = html.unescape(
        'kubectl -n a logs b -c c; image "d:1" on node "e"; spec.f: Invalid value: "g" exit code 3 v1.apps.k8s.io'
    )

    assert {entity.kind for symptom in read_symptoms(text) for entity in symptom.entities} <= VOCABULARY.keys()
