"""Judge whether the value after a name is a secret: by the name, by the separator, and by the look of the value.

A sign of assignment needs no more than a value that is not harmless. Cells, brackets and words such as "is" need a
value that looks chosen or generated. A name and a value that only stand side by side need one that looks generated.
Works on UTF-8 bytes, as `responses.named_secrets` does.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from responses.late_patterns import LateBacktracking
from responses.secret_buffer import FILL, looks_generated, looks_random
from responses.secret_looks import Look, bare, is_compound, is_quoted_password, is_set, is_told_word, look_of
from responses.secret_names import Level, is_password_name
from responses.secret_places import Place
from responses.secret_values import (
    CHINESE_STOP,
    Value,
    fits,
    is_disguised,
    is_no_secret,
    is_prose,
    is_sentence,
    looks_mixed,
)

_VERB: Final = LateBacktracking(
    rb"\b(?:put[ \t]+[\w./-]*/|(?:export|setenv|SetEnv|setx|define|fastcgi_param|declare -x|ENV|ARG|SET|set|set -x"
    rb"|set -gx|requirepass|masterauth|config set"
    rb"|configure set)[ \t]+)\Z"
)
_USER_AND_PASSWORD: Final = LateBacktracking(rb"[A-Za-z][\w.-]{0,40}:([^\s:]{5,64})")
# A table of names and values; what is asked for right above.
_VALUE_COLUMN: Final = LateBacktracking(
    rb"(?i)(?:\A|\n)[ \t|+*-]*(?:key|name|variable(?:_name)?|field|setting|property|option|parameter|attribute|env\w*)"
    rb"\**[ \t|,;]+\**(?:(?:current|default)[ _])?value\b[^\n]*\n(?:[^\n]*\S[^\n]*\n)*[^\n]*\Z"
)
_OF_USER: Final = tuple(word.encode() for word in ("для", "用户", "用户名", "у"))
_WITH_DIGIT: Final = LateBacktracking(rb"[0-9!@#$%^&*+=?~]")
_TABLE_ABOVE: Final = 1_500
_FAILURE_BEFORE: Final = LateBacktracking(
    rb"(?i)\b(?:invalid|incorrect|wrong|bad|fail\w*|cannot|can't|unable|missing|error|verif\w*|check\w*|pars\w+|decod\w+"
    rb"|read\w*|get\w*|fetch\w*|expected|validat\w+|no|denied|unknown|unsupported)\b"
)
_OBJECT: Final = LateBacktracking(rb"[a-z]{1,12}(?:[/_-][a-z]{1,12})+")
_OTHER_PAIR: Final = LateBacktracking(rb"[A-Za-z_.-]{2,}[=:][^=]")


def is_secret(place: Place, kind: str, value: Value, gap: bytes = b"") -> bool:
    """Return whether the value is a secret, by the name, the separator and its look."""
    if value.text.endswith(b":") and not value.quoted:
        # The next name.
        return False
    if is_no_secret(place.name, value.text) or (kind in _APART and _OTHER_PAIR.match(value.text)):
        return False
    if place.level is not Level.TELLING:
        return (fits(place.level, bare(value)) or _is_user_and_password(place, value)) and _may_follow(
            place, kind, gap, value
        )
    if kind in _NEEDS_CHOSEN and _look(place, value) >= Look.CHOSEN:
        return True
    return _TESTS[kind](place, value, gap)


def _is_user_and_password(place: Place, value: Value) -> bool:
    """Return whether the value is both, after a name such as sst_auth."""
    pair = _USER_AND_PASSWORD.fullmatch(value.text) if place.name.lower().endswith(b"auth") else None
    return pair is not None and look_of(b"password", pair[1]) >= Look.CHOSEN


def _may_follow(place: Place, kind: str, gap: bytes, value: Value) -> bool:
    """Return whether a value may follow a name that says little in this way."""
    if kind == "line":
        return _is_lone_line(place, value, gap)
    if place.level is Level.FAINT:
        return kind in ("assign", "colon")
    if kind == "label":
        return False
    return kind != "space" or bool(gap.strip(b"\\\"'`*_~)]")) or not place.name.isascii()


# Kinds without a sign between the name and its value.
_APART: Final = ("space", "words", "sentence", "cell", "valued", "label", "for", "foreign")
# After these, a value that looks chosen is a secret.
_NEEDS_CHOSEN: Final = ("valued", "nested", "words", "for", "cell")


def _is_argument_at(place: Place, value: Value) -> bool:
    return place.buffer[value.start - 2 : value.start - 1] == b"("


def _is_entry(place: Place, value: Value, gap: bytes) -> bool:
    """Return whether `name: value` is an entry, not a part of a sentence such as "unknown secret key: x"."""
    if is_told_word(place.name, value) and not _FAILURE_BEFORE.search(place.before[-40:]):
        return True
    is_in_sentence = b" " in place.name and not value.quoted and not place.is_first_in_line
    if is_in_sentence and gap[-1:].isspace() and _look(place, value) < Look.CHOSEN:
        return False
    return not is_prose(place.buffer, place.start, place.name, gap, value, first=place.is_first_in_line)


def _is_told_in_other_script(place: Place, value: Value) -> bool:
    """Return whether a value with digits or signs follows a name in another script with a few words between them."""
    if place.name.isascii() or place.buffer[place.end : value.start].rstrip().endswith(_OF_USER):
        return False
    return bool(_WITH_DIGIT.search(bare(value))) and _look(place, value) >= Look.CHOSEN


def _look(place: Place, value: Value) -> Look:
    return look_of(place.name, bare(value))


def _is_in_table(place: Place) -> bool:
    """Return whether the name is a row of a table that has a column of values."""
    if not place.is_first_in_line:
        return False
    return bool(_VALUE_COLUMN.search(place.buffer[max(0, place.start - _TABLE_ABOVE) : place.start]))


def _is_argument(place: Place, value: Value) -> bool:
    """Return whether a call is given a name and its value, both quoted: setenv("PASSWORD", "…")."""
    is_quoted = place.buffer[place.start - 1 : place.start] == place.buffer[place.end : place.end + 1] != b""
    return is_quoted and not is_sentence(value.text) and not value.rest.startswith(b":")


def _is_next_word(place: Place, value: Value, gap: bytes) -> bool:
    """Return whether the word after the name is its value."""
    text = value.text
    if gap.strip(b" \t\"'`*_~\\)]") == b"" and not gap[-1:].isspace():
        # Nothing separates the two, except in Chinese: 密码「x」.
        return not place.name.isascii() and (len(text) >= 3 if value.quoted else looks_random(text))
    if place.is_flag:
        if not is_password_name(place.name) and _OBJECT.fullmatch(text):
            # aws … --secret-id prod/shop-db
            return False
        return not text.startswith(b"-") and (value.quoted or len(text) >= 6)
    is_line = value.alone and place.is_first_in_line
    if is_line and (_look(place, value) >= Look.CHOSEN or is_compound(place.name) or _is_in_table(place)):
        # A line of a configuration: bindpw s3cr3t-value
        return not is_sentence(text)
    if is_line and value.quoted and gap.strip() in (b'"', b"'"):
        # "password" "x"
        return is_password_name(place.name) and not is_sentence(text)
    return _is_plain_word(place, gap, value)


def _is_plain_word(place: Place, gap: bytes, value: Value) -> bool:
    """Return whether a word in running text is the value of the name before it."""
    if not gap.strip() and is_quoted_password(place.name, value):
        return True
    if not gap.strip() and is_disguised(bare(value).rstrip(b";,")):
        return True
    if value.alone and is_password_name(place.name) and _WITH_DIGIT.search(bare(value)):
        return _look(place, value) >= Look.CHOSEN
    if not place.name.isascii() and value.alone and is_told_word(place.name, value):
        return True
    return bool(_VERB.search(place.before)) or looks_random(bare(value))


def _is_lone_line(place: Place, value: Value, gap: bytes) -> bool:
    """Return whether the value is all of the line after the one that ends with the name."""
    colon = gap.rstrip(b" \t\r\n|>+-").endswith((b":", b"=", "：".encode()))
    placed = colon or not place.name.isascii() or place.is_first_in_line
    likely = looks_mixed(value.text) or (value.quoted and looks_generated(value.text))
    if not value.alone or not (placed or likely) or value.text.endswith(b":") or b": " in value.text:
        return False
    if place.is_flag:
        return not value.text.startswith(b"-")
    if _OTHER_PAIR.match(value.text):
        return False
    if looks_random(value.text) or (value.quoted and colon):
        return True
    if FILL in value.text or CHINESE_STOP.search(value.text):
        return False
    likely = _look(place, value) >= Look.CHOSEN or ((colon or b"---" in gap) and is_told_word(place.name, value))
    return likely and place.is_first_in_line


# What else makes the value a secret.
_TESTS: Final[dict[str, Callable[[Place, Value, bytes], bool]]] = {
    # fail("API_KEY is missing")
    "assign": lambda place, value, gap: not _is_argument_at(place, value) or not is_sentence(value.text),
    "colon": _is_entry,
    "line": _is_lone_line,
    "space": _is_next_word,
    "chinese": lambda place, value, gap: value.text.isascii() and len(value.text) >= 4,
    "comma": lambda place, value, gap: value.quoted and (looks_random(value.text) or _is_argument(place, value)),
    "call": lambda place, value, gap: (
        value.quoted and (_look(place, value) >= Look.CHOSEN or is_set(place.name, value))
    ),
    "valued": lambda place, value, gap: value.quoted,
    "sentence": lambda place, value, gap: looks_generated(bare(value)),
    "quoted": lambda place, value, gap: (
        value.outer > value.end and value.quoted and b" " not in value.text and looks_mixed(bare(value))
    ),
    "nested": lambda place, value, gap: False,
    "bracket": lambda place, value, gap: (
        looks_generated(bare(value))
        or is_disguised(bare(value).rstrip("）".encode()))
        or (is_password_name(place.name) and _look(place, value) >= Look.CHOSEN)
    ),
    "words": lambda place, value, gap: is_quoted_password(place.name, value) or is_told_word(place.name, value),
    "for": lambda place, value, gap: is_told_word(place.name, value),
    "label": lambda place, value, gap: is_password_name(place.name) and _look(place, value) >= Look.CHOSEN,
    "cell": lambda place, value, gap: _is_in_table(place),
    "foreign": lambda place, value, gap: _is_told_in_other_script(place, value),
}
