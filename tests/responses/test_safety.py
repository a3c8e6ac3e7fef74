"""Test that text on its way out has no terminal controls, no invisible characters and a limited length."""

import json
import sys
import unicodedata
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from bot.cli.process import redacted
from intents.domain import Diagnosis, Language
from responses.as_json import RunStats, diagnosis_json
from responses.safety import safe, safe_line, safe_value, scrubbed, without_controls

HOSTILE = st.text(
    st.one_of(st.sampled_from("\x1b\x9b[]0;1mK\\\x07\x9c\r\n\t\u202e\u2066\u200b\ufeff\x00\x7f"), st.characters())
)


@given(text=HOSTILE)
def test_terminal_controls_and_invisible_characters_are_removed(text: str) -> None:
    shown = without_controls(text)

    assert not [char for char in shown if unicodedata.category(char) == "Cc" and char not in "\n\t"]
    assert not [
        char for char in shown if unicodedata.bidirectional(char) in {"LRO", "RLO", "LRE", "RLE", "PDF", "LRI", "RLI"}
    ]
    shown.encode()


def test_escape_sequences_are_removed_whole_and_the_text_between_stays() -> None:
    coloured = (
        "\x1b[1;31mError\x1b[0m: \x1b]8;;https://evil.example\x07click\x1b]8;;\x07 me\x1b[2J\u202e.exe\r\nnext\rover"
    )

    assert without_controls(coloured) == "Error: click me.exe\nnext\nover"


def test_printable_characters_are_kept() -> None:
    printable = "".join(char for char in map(chr, range(sys.maxunicode + 1)) if char.isprintable())

    # The line feed matters: a text of printable characters only takes a shortcut.
    assert without_controls(f"{printable}\n") == f"{printable}\n"


def test_a_secret_cannot_hide_behind_control_characters() -> None:
    assert "hunter2" not in safe("pass\x00word\u200b=hun\x1b[0mter2")


CONTROLS = st.text(
    st.one_of(
        st.sampled_from("\x1b\x9b[]0;1m (\\\x07\x00\u200b\u202e"), st.characters(categories=["Cc", "Cf", "Ll", "Nd"])
    ),
    max_size=12,
)


@given(
    before=CONTROLS,
    control=st.sampled_from(
        ["\x1b", "\x1b ", "\x1b[", "\x1b[0;31", "\x1b[0m", "\x9b", "\x9b1", "\x1b(", "\x00", "\x7f", "\u200b"]
    ),
    after=CONTROLS,
    secret=st.sampled_from(["xoxb-1234567890-Plant3d", "ghp_16C7e42F292c6912E7710c838347Ae178B4a"]),
)
def test_escape_sequence_never_hides_part_of_a_secret(before: str, control: str, after: str, secret: str) -> None:
    assert secret[5:] not in safe(f"{before}{control}{secret} {after}")


@given(text=st.one_of(HOSTILE, st.integers(0, 6000).map(lambda length: "ab " * length)), limit=st.integers(40, 5000))
def test_safe_text_keeps_its_limit_and_is_idempotent(text: str, limit: int) -> None:
    once = safe(text, limit=limit)

    assert len(once) <= limit
    assert safe(once, limit=limit) == once
    assert "\n" not in safe_line(text)


def test_cut_characters_are_counted() -> None:
    shown = safe("x" * 5000, limit=1000)

    assert shown == "x" * 968 + "… (+4032 characters)"


def test_secrets_in_a_mapping_are_recognised_by_their_keys() -> None:
    value = {
        "env": [{"DB_PASSWORD": "correct horse"}],
        "secret": "shop/db",
        "replicas": 3,
        "ok": None,
        "list": ("\x1b[1mx",),
    }

    assert safe_value(value) == {
        "env": [{"DB_PASSWORD": "[redacted]"}], "secret": "shop/db", "replicas": 3, "ok": None, "list": ("x",)
    }  # fmt: skip


def test_secrets_in_a_kubernetes_object_are_recognised_by_their_place() -> None:
    container = {
        "env": [{"name": "DB_PASSWORD", "value": "correct horse"}, {"name": "MODE", "value": "prod"}],
        "args": ["--db-password", "correct horse", "--verbose", "serve"],
    }
    annotations = {"acme.io/api-token": "correct horse", "acme.io/team": "shop"}
    secret = {"kind": "Secret", "data": {"dsn": "Y29ycmVjdA=="}, "stringData": {"x": "correct horse"}}

    assert safe_value([container, annotations, secret]) == [
        {
            "env": [{"name": "DB_PASSWORD", "value": "[redacted]"}, {"name": "MODE", "value": "prod"}],
            "args": ["--db-password", "[redacted]", "--verbose", "serve"],
        },
        {"acme.io/api-token": "[redacted]", "acme.io/team": "shop"},
        {"kind": "Secret", "data": {"dsn": "[redacted]"}, "stringData": {"x": "[redacted]"}},
    ]


def test_endless_nesting_is_cut() -> None:
    deep: list[object] = ["password=hunter2"]
    for _ in range(100):
        deep = [deep]

    assert "hunter2" not in repr(safe_value(deep))


def test_every_string_of_a_diagnosis_is_redacted(diagnosis: Diagnosis) -> None:
    """Replace every string of the tree by one with a secret, and expect no secret in the answer."""
    planted = _planted(diagnosis)

    shown = diagnosis_json(scrubbed(planted), language=Language.EN)

    assert shown.count("[redacted]") > 30
    assert "hunter2" not in shown
    assert "\x1b" not in shown


def _planted(value: Any) -> Any:
    if isinstance(value, str) and type(value) is str:
        return f"{value} password=hunter2\x1b[31m"
    if isinstance(value, tuple):
        return tuple(map(_planted, value))
    if hasattr(value, "items"):
        return {key: _planted(item) for key, item in value.items()}
    if hasattr(value, "__dataclass_fields__"):
        return type(value)(**{name: _planted(getattr(value, name)) for name in value.__dataclass_fields__})
    return value


def test_log_events_are_redacted_in_every_field() -> None:
    fields = {
        "event": "token=abc123XYZ",
        "headers": {"Authorization": "Bearer abcdef123456"},
        "error": ValueError("password=hunter2"),
    }

    event = redacted(None, "", fields)

    assert "abc123XYZ" not in repr(event)
    assert "abcdef123456" not in repr(event)
    assert "hunter2" not in repr(event)


def test_json_is_sorted_and_has_clock_values_only_on_request(diagnosis: Diagnosis) -> None:
    plain = diagnosis_json(scrubbed(diagnosis), language=Language.EN)
    timed = diagnosis_json(
        scrubbed(diagnosis),
        language=Language.EN,
        timing=RunStats(seconds=0.8412, api_calls=7, observed_at="2026-03-02T03:00:00Z"),
    )

    document = json.loads(plain)
    assert plain == json.dumps(document, ensure_ascii=False, indent=2, sort_keys=True) + "\n"
    assert "timing" not in document
    assert "api_calls" not in plain
    assert json.loads(timed)["timing"] == {"api_calls": 7, "observed_at": "2026-03-02T03:00:00Z", "seconds": 0.841}


def test_json_has_the_keys_that_scripts_rely_on(diagnosis: Diagnosis) -> None:
    document = json.loads(diagnosis_json(scrubbed(diagnosis), language=Language.ZH))

    assert {"target", "hypotheses", "gaps", "unexplained"} <= document.keys()
    first = document["hypotheses"][0]
    assert {"incident", "verdict", "score", "root_cause", "object", "findings", "remediations", "links"} <= first.keys()
    assert {"outcome", "says", "subject", "quote"} <= first["findings"][0].keys()
    assert first["verdict"] == "confirmed"
    assert first["object"] == {"kind": "Pod", "namespace": "shop", "name": "api-0", "uid": "u-1"}
    assert first["root_cause"] == "镜像仓库中没有这个标签。"
    assert document["hypotheses"][1]["effect_of"]["incident"] == "image-pull-failed"
    assert document["gaps"][0]["permission"] == "get on coordination.k8s.io/leases"
