"""Hide the value of a name that announces a secret, in whatever grammar the two stand.

A pattern finds a name. What follows it says how the value is attached: by a sign of assignment, a colon, an XML
attribute, a space after a flag, a cell border, a line break, or words such as "is" and 是. The value is read there and
judged by how much the name says, by that separator, and by its own look: a sign of assignment needs no more than a
value that is not harmless; cells, brackets and words such as "is" need one that looks chosen or generated; a name and
a value that only stand side by side need one that looks generated. Values that are plainly no secret stay: a
placeholder, a path, the name of a Secret object, or the next part of an error message (`cannot fetch token: x509: …`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from responses.redaction.buffer import (
    FILL,
    LateBacktracking,
    LatePattern,
    hide_groups,
    hide_spans,
    looks_generated,
    looks_mixed,
    looks_random,
)
from responses.redaction.names import (
    Level,
    Look,
    fits,
    is_disguised,
    is_no_secret,
    is_password_name,
    is_secret_of,
    is_sentence,
    level_of,
    look_of,
)
from responses.redaction.places import (
    CHANGED,
    CONTINUED,
    FOREIGN_NAME,
    LIST,
    NAME,
    Place,
    after_markup,
    block_lines,
    fallbacks,
    gaps_after,
    place_of,
    value_before,
)
from responses.redaction.values import (
    CHINESE_STOP,
    LOOK_AHEAD,
    Value,
    assigned_phrase_end,
    bare,
    closing_quote,
    continued,
    hidden_end,
    hide_assigned,
    is_compound,
    is_phrase,
    is_prose,
    is_quoted_password,
    is_set,
    is_told_word,
    read_value,
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
    "assign": lambda place, value, gap: (
        place.buffer[value.start - 2 : value.start - 1] != b"(" or not is_sentence(value.text)
    ),
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
# In a text with more names, which nobody writes by hand, what follows a name in its line is hidden unread.
_MOST_NAMES: Final = 3_000
_REST_OF_LINE: Final = LatePattern(
    rb"(?i:pass(?:word|wd|phrase)?|pwd|secret|token|credentials?|api_?key|" + FOREIGN_NAME + rb")([^\n]+)"
)
_OLD: Final = LateBacktracking(rb"\bfrom[ \t]+[\"'`]?([^\s\"'`]{4,40})[\"'`]?[ \t]+to\b")


def holds_secret(name: str, value: str) -> bool:
    """Return whether the value of this key, variable or flag is a credential: DB_PASSWORD, clientSecret, api-key."""
    # Annotation keys are domain/name.
    name = name.rpartition("/")[2]
    return is_secret_of(name.encode("utf-8", "replace"), level_of(name), value.encode("utf-8", "replace"))


def hide_by_name(buffer: bytes) -> bytes:
    """Return the buffer with the values of names that announce a secret hidden."""
    spans: list[tuple[int, int]] = []
    done = judged = 0
    for found in NAME.finditer(buffer):
        if found.start() < done:
            continue
        place = place_of(buffer, found)
        if place.level is Level.NONE:
            continue
        judged += 1
        if judged > _MOST_NAMES:
            shown = hide_spans(buffer, spans)
            rest = _REST_OF_LINE.sub(lambda line: hide_groups(line, 1), shown[found.start() :])
            return shown[: found.start()] + bytes(rest)
        for first, last in _value_spans(place):
            spans.append((first, last))
            done = max(done, last)
    return hide_spans(buffer, spans)


def _value_spans(place: Place) -> list[tuple[int, int]]:
    """Return the parts of the text after this name (rarely: before it) that are secret."""
    buffer, end = place.buffer, place.end
    marked = after_markup(place.buffer, place.end, place.before)
    if marked is not None:
        value = read_value(buffer, marked, element=buffer[end:marked].rstrip().endswith(b">"))
        return _inner(value) if value and is_secret(place, "assign", value) else []
    if (reverse := value_before(place)) is not None:
        return [reverse]
    for kind, gap, at in gaps_after(place):
        spans = _spans_after(place, kind, gap, at)
        if spans is not None:
            return spans
    return []


def _spans_after(place: Place, kind: str, gap: bytes, at: int) -> list[tuple[int, int]] | None:
    """Return the secret parts after this gap, or None if the next kind of gap may fit."""
    if kind == "block":
        return block_lines(place, at)
    value = read_value(place.buffer, at)
    if value is None:
        return None
    if kind in ("assign", "colon"):
        is_expression = not value.quoted or value.start > at + 1
        if is_expression and (found := fallbacks(place, at)):
            return found
        if kind == "assign" and not value.quoted:
            return _assigned(place, value, gap, at) or _changed_values(place, value)
        if _is_quote_of_name(place, at):
            return None
    if kind == "colon" and is_phrase(place.buffer, value) and is_password_name(place.name):
        end = place.buffer.find(b"\n", at)
        return [(at, len(place.buffer) if end < 0 else end)]
    if is_secret(place, kind, value, gap):
        old = _OLD.search(gap) if kind == "words" else None
        before = [(at - len(gap) + old.start(1), at - len(gap) + old.end(1))] if old else []
        return before + _inner(value, closers=b">)]}" if kind == "bracket" else b"")
    return _changed_values(place, value) if kind in ("assign", "colon", "comma", "line") else None


def _is_quote_of_name(place: Place, at: int) -> bool:
    """Return whether the quote after the sign closes the one before the name: grep for "password=" and see."""
    before = place.buffer[place.start - 1 : place.start]
    end = place.buffer[place.end : at]
    return before in (b'"', b"'") and place.buffer[at : at + 1] == before and before not in end


def _assigned(place: Place, value: Value, gap: bytes, at: int) -> list[tuple[int, int]]:
    """Return the secret parts of a bare value that a sign assigns, with the words and lines that belong to it."""
    buffer = place.buffer
    group = LIST.match(buffer, at, at + LOOK_AHEAD) if gap == b"=" and place.level is Level.TELLING else None
    if group and (b" " in group[1] or looks_random(group[1])):
        return [group.span(1)]
    if value.text.endswith(b":") and level_of(value.text[:-1].decode("utf-8", "replace")) is Level.TELLING:
        # An arrow to the next name: argocd-initial-admin-secret -> password: …
        return []
    spans = hide_assigned(place.name, place.level, value, gap)
    argument = closing_quote(buffer, place.start, at) if gap == b"=" and place.level is Level.TELLING else at
    if argument > at and not is_no_secret(place.name, buffer[at:argument]):
        # One quoted argument: 'db_password=two words'
        return [(at, argument)]
    if spans and gap == b"=" and place.is_first_in_line and is_password_name(place.name):
        spans.append((spans[-1][1], max(spans[-1][1], assigned_phrase_end(value))))
    while spans and (rest := CONTINUED.match(buffer, spans[-1][1], spans[-1][1] + LOOK_AHEAD)):
        spans.append(rest.span(1))
    return spans


def _inner(value: Value, closers: bytes = b"") -> list[tuple[int, int]]:
    end = value.end - (len(value.text) - len(value.text.rstrip(closers))) if closers else hidden_end(value)
    if end <= value.start:
        return []
    return [(value.start, end), *_changed_values(None, value), *continued(value)]


def _changed_values(place: Place | None, value: Value) -> list[tuple[int, int]]:
    """Return the new value after the old one of a name: password = "…" -> "…"."""
    changed = CHANGED.match(value.buffer, value.outer, value.outer + 20)
    new = read_value(value.buffer, changed.end()) if changed else None
    if not new or not (new.quoted or looks_random(new.text)) or is_no_secret(b"password", new.text):
        return []
    return _inner(new) if place is None or place.level is Level.TELLING else []
