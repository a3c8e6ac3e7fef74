"""What may leave: no control over a terminal, no invisible text, no more than a reader can take in."""

import json
import sys
import unicodedata
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from bot.cli.logs import redacted
from intents.domain import Diagnosis, Language
from responses.as_json import Timing, diagnosis_json
from responses.safety import safe, safe_line, safe_value, scrubbed, without_controls

HOSTILE = st.text(
    st.one_of(st.sampled_from("\x1b\x9b[]0;1mK\\\x07\x9c\r\n\t\u202e\u2066\u200b\ufeff\x00\x7f"), st.characters())
)


@given(text=HOSTILE)
def test_nothing_that_a_terminal_obeys_or_a_reader_cannot_see_is_left(text: str) -> None:
    shown = without_controls(text)

    assert not [char for char in shown if unicodedata.category(char) == "Cc" and char not in "\n\t"]
    assert not [
        char for char in shown if unicodedata.bidirectional(char) in {"LRO", "RLO", "LRE", "RLE", "PDF", "LRI", "RLI"}
    ]
    shown.encode()


def test_sequences_go_whole_and_leave_the_text_between_them() -> None:
    coloured = (
        "\x1b[1;31mError\x1b[0m: \x1b]8;;https://evil.example\x07click\x1b]8;;\x07 me\x1b[2J\u202e.exe\r\nnext\rover"
    )

    assert without_controls(coloured) == "Error: click me.exe\nnext\nover"


def test_no_printable_character_is_taken_for_one_that_is_not() -> None:
    printable = "".join(char for char in map(chr, range(sys.maxunicode + 1)) if char.isprintable())

    # A line feed, since a text of printable characters alone is not looked at any further.
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
def test_no_control_takes_a_letter_of_a_secret_and_leaves_the_rest(
    before: str, control: str, after: str, secret: str
) -> None:
    assert secret[5:] not in safe(f"{before}{control}{secret} {after}")


@given(text=st.one_of(HOSTILE, st.integers(0, 6000).map(lambda length: "ab " * length)), limit=st.integers(40, 5000))
def test_a_safe_text_is_within_its_limit_and_safe_already(text: str, limit: int) -> None:
    once = safe(text, limit=limit)

    assert len(once) <= limit
    assert safe(once, limit=limit) == once
    assert "\n" not in safe_line(text)


def test_what_is_cut_off_is_counted() -> None:
    shown = safe("x" * 5000, limit=1000)

    assert shown == "x" * 968 + "… (+4032 characters)"


def test_a_mapping_tells_secrets_by_their_keys() -> None:
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


def test_an_object_of_kubernetes_tells_secrets_by_its_own_means() -> None:
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


def test_nesting_without_end_ends() -> None:
    deep: list[object] = ["password=hunter2"]
    for _ in range(100):
        deep = [deep]

    assert "hunter2" not in repr(safe_value(deep))


def test_no_string_of_a_diagnosis_passes_by(diagnosis: Diagnosis) -> None:
    """Every string of the tree is replaced by one that carries a secret: none is in the answer."""
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


def test_log_events_are_redacted_whatever_their_fields_are() -> None:
    fields = {
        "event": "token=abc123XYZ",
        "headers": {"Authorization": "Bearer abcdef123456"},
        "error": ValueError("password=hunter2"),
    }

    event = redacted(None, "", fields)

    assert "abc123XYZ" not in repr(event)
    assert "abcdef123456" not in repr(event)
    assert "hunter2" not in repr(event)


def test_json_is_sorted_and_holds_clock_values_only_when_asked_for(diagnosis: Diagnosis) -> None:
    plain = diagnosis_json(scrubbed(diagnosis), language=Language.EN)
    timed = diagnosis_json(
        scrubbed(diagnosis),
        language=Language.EN,
        timing=Timing(seconds=0.8412, api_calls=7, observed_at="2026-03-02T03:00:00Z"),
    )

    document = json.loads(plain)
    assert plain == json.dumps(document, ensure_ascii=False, indent=2, sort_keys=True) + "\n"
    assert "timing" not in document
    assert "api_calls" not in plain
    assert json.loads(timed)["timing"] == {"api_calls": 7, "observed_at": "2026-03-02T03:00:00Z", "seconds": 0.841}


def test_json_names_what_scripts_rely_on(diagnosis: Diagnosis) -> None:
    document = json.loads(diagnosis_json(scrubbed(diagnosis), language=Language.ZH))

    assert {"target", "hypotheses", "gaps", "unexplained"} <= document.keys()
    first = document["hypotheses"][0]
    assert {"incident", "verdict", "score", "root_cause", "object", "findings", "remediations", "links"} <= first.keys()
    assert {"outcome", "says", "subject", "quote"} <= first["findings"][0].keys()
    assert first["verdict"] == "confirmed"
    assert first["object"] == {"kind": "Pod", "namespace": "shop", "name": "api-0", "uid": "u-1"}
    assert first["root_cause"] == "镜像仓库中没有这个标签。"
    assert document["hypotheses"][1]["effect_of"] == "image-pull-failed"
    assert document["gaps"][0]["permission"] == "get on coordination.k8s.io/leases"
