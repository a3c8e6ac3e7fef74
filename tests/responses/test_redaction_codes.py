"""A credential is redacted however terminal codes and invisible characters are mixed into its assignment."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.common.redaction import clean, stored_json, stored_key, stored_text
from bot.probes.shared.log_lines import compile_pattern, quoted
from intents.text_cleanup import lines_of
from responses.redaction import redact
from responses.safety import redacted_text, safe, safe_line, safe_value

SECRET = "Tr0ub4dor-horse-staple"
CODES = (
    "\x1b[31m", "\x1b[0m", "\x1b[1;38;5;208m", "\x1b[38:2::1:2:3m", "\x1b[K", "\x9b32m", "\x1b(B", "\x1b)0", "\x0e",
    "\x1b]8;;https://example.com/a\x1b\\", "\x1b]8;;\x07", "\x1b]0;title\x07", "\x9d8;;\x9c", "\x1bPq\x1b\\", "\x00",
    "\x08", "\x0f", "\x7f", "\xad", "\u034f", "\u061c", "\u115f", "\u180e", "\u200b", "\u200c", "\u200d", "\u200e",
    "\u202a", "\u202e", "\u2060", "\u2066", "\u3164", "\ufe0f", "\ufeff", "\ufffd", "\U000e0041", "\U000e0100",
    r"\u001b[31m", r"\\u001b[0m", r"\x1b[1m", r"\033[31m", r"\e[0m", "^[[31m", "\u241b[0m", "[31m", r"\u200b",
)  # fmt: skip
ASSIGNMENTS = (
    "PASSWORD={}", "export DB_PASSWORD={} more", "password: {}", "db.password = {}", '{{"password": "{}"}}',
    "--password {}", "Authorization: Bearer {}", "postgres://shop:{}@db:5432/shop", "INFO api_key={} request=7",
)  # fmt: skip
PATTERN = compile_pattern("(?s)(?P<line>.+)")


def line_quoted(text: str) -> str:
    match = PATTERN.search(text)
    assert match is not None
    found = quoted(text, match, PATTERN)
    return found.text + "".join(found.groups.values())


PATHS: dict[str, Callable[[str], object]] = {
    "log": redact,
    "text": redacted_text,
    "shown": safe,
    "shown line": safe_line,
    "shown value": lambda text: safe_value({"lines": [text], "of": {text: text}}),
    "stored text": stored_text,
    "stored key": stored_key,
    "stored JSON": lambda text: stored_json({"body": [text, {"note": text}]}),
    "error": clean,
    "quoted log line": line_quoted,
}


def bare(output: object) -> str:
    """Return the output as a reader sees it, and as a search for the secret finds it."""
    written = output if isinstance(output, str) else json.dumps(output, ensure_ascii=False)
    text = "".join(line for _, line in lines_of(written))
    for code in sorted(CODES, key=len, reverse=True):
        text = text.replace(code, "")
    return re.sub(r"[^A-Za-z0-9-]", "", text)


@pytest.mark.parametrize("path", PATHS)
@settings(max_examples=60, deadline=None)
@given(
    assignment=st.sampled_from(ASSIGNMENTS),
    codes=st.lists(st.tuples(st.integers(0, 80), st.sampled_from(CODES)), min_size=1, max_size=5),
)
def test_secret_with_codes_in_its_assignment_survives_on_no_path(
    path: str, assignment: str, codes: list[tuple[int, str]]
) -> None:
    text = assignment.format(SECRET)
    for at, code in sorted(codes, key=lambda one: one[0], reverse=True):
        text = text[:at] + code + text[at:]

    shown = PATHS[path](f"starting\n{text}\nready" if path != "quoted log line" else text)

    assert "horse" not in bare(shown), shown
    assert "staple" not in bare(shown), shown


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("separator", ["=", ": ", "\xa0=\xa0"])
def test_coloured_key_hides_its_value(code: str, separator: str) -> None:
    assert "horse" not in redact(f"{code}PASSWORD{code}{separator}{code}{SECRET}{code}")


def test_text_with_codes_and_without_secrets_is_unchanged() -> None:
    for code in CODES:
        text = f"{code}INFO{code} pod \x1b[1mweb-0{code} is ready ⚠️\r\nport=8080\r"

        assert redacted_text(text) == text
        assert redact(text).count("\n") == text.count("\n")
