"""Read the value at a place of a text, and judge its look: a word, what people choose, or what generators make."""

from __future__ import annotations

from functools import cache
from typing import Final, NamedTuple

from responses.redaction.buffer import LateBacktracking, LatePattern, counts, looks_random
from responses.redaction.names import (
    SENTENCE_WORDS,
    STATES,
    Level,
    is_password_name,
    is_secret_of,
    is_sentence,
    level_of,
)

# The patterns read windows of `_WINDOW` bytes with `re`, which starts faster than RE2; none of them backtracks far.
# Longer values are judged by their beginning, and hidden to their end.
_WINDOW: Final = 400
_SHORTEST: Final = 3
LOOK_AHEAD: Final = 200
_LOOK_BACK: Final = 80
# What stands between a separator and a quoted value in code: b"…", []byte("…"), Some("…").
_WRAP: Final = LateBacktracking(
    rb"(?:(?:[bBrRuUfFL@]{1,2}|\$)[\"']|(?:new[ ])?[\w.:\[\]]{0,24}\([\"'b]"
    rb"|[\[{(]\s{0,8}(?:[^{}]{0,100}?\s{0,8}[,{]?\s{0,8}\\*[\"']?(?i:value|default|plain|plaintext|stringvalue)\\*[\"']?"
    rb"\s*[:=]\s*)?\\*[\"'])"
)
# An object with other members: {"name": …
_MEMBER: Final = LateBacktracking(rb"\\*[\"'][\w.-]{1,40}\\*[\"']\s*:")


def _wide_quoted(pair: str) -> bytes:
    opening, closing = pair[0].encode(), pair[1].encode()
    return opening + rb"((?:(?!" + closing + rb")[^\n])*)" + closing


_CDATA: Final = LateBacktracking(rb"<!\[CDATA\[([^\]\n]*)")
# ${NAME:-value} and $(echo value) in a shell, ${name:value} in Spring.
_DEFAULT: Final = LateBacktracking(
    rb"\$\{[\w.]+:[-=]?([^\s{}?+-][^\s{}]*)\}|\$\((?:echo|printf)[ \t]+(?:-\w[ \t]+)?[\"']?([^\s\"'$)|;]+)"
)
_CONTENT: Final = LateBacktracking(rb"([^\s<>][^<>\n]*?)\s{0,40}</")
_QUOTED: Final = LateBacktracking(
    rb"\"{3}\s{0,8}([^\n]*?)\s{0,8}\"{3}|'{3}\s{0,8}([^\n]*?)\s{0,8}'{3}|"
    rb"`{3}(?:\w{0,8}\s{1,8})?([^`\n]+?)\s{0,8}`{3}|"
    rb"\"((?:[^\"\\\n]|\\[^\n])*)\"|\\+\"([^\"\\\n]*)\\+\"|'([^'\n]*)'|`([^`\n]+)`|~([^\s~/]+)~|\*{1,2}([^\s*]+"
    rb"(?:\*[^\s*]+)*)\*{1,2}|"
    + b"|".join(
        _wide_quoted(pair) for pair in ("“”", "「」", "『』", "（）", "‘’", "【】", "«»", "‹›", "„“", "《》", "〈〉")
    )
    # Cut off before its closing quote.
    + rb"|\\*[\"']([^\"'\\\n]+)"
)
# Pieces of one word in a shell, doubled quotes in SQL and CSV: 'it'"'"'s', 'it''s'.
_PIECES: Final = LateBacktracking(rb"(?!\"{3}|'{3})(?:'[^'\n]*'|\"(?:[^\"\\\n]|\\[^\n])*\"){2,}")
_BARE: Final = LateBacktracking(rb"[^\s\"'`=~\\](?:[^\s\"'`\\]|\\[^\snrt\"'\\]|\\\\(?=[^\snrtu\"'\\]))*")
_BARE_END: Final = LateBacktracking(rb"[\s\"'`\\]")
# Bytes that begin a quoted value, apart from those of wide quotes.
_OPENING: Final = b"\"'`~*\\"
_LINE_QUOTE: Final = LateBacktracking(rb"[\n\"'`]")
# Chinese punctuation and letters end a value that begins in ASCII.
CHINESE_STOP: Final = LatePattern(rb"[\x{2e80}-\x{9fff}\x{ff00}-\x{ffef}]")
_PHRASE_WORD: Final = LateBacktracking(rb"[a-z]{3,10}")
# Words that make a sentence of it.
_PLAIN_WORD: Final = LateBacktracking(rb"[A-Za-z0-9']{1,12}[!?.]?")
# The quote of an argument, with the marks of an option before the name.
_OPENED: Final = LateBacktracking(rb"(?:^|[\s,\[(]|-var=|literal=|Environment=)([\"'])-{0,2}D?(?:[\w-]{1,20}\.)?\Z")


class Value(NamedTuple):
    """A value in a text, without its quotes."""

    buffer: bytes
    start: int
    end: int
    quoted: bool
    # Where its quotes end.
    outer: int

    @property
    def text(self) -> bytes:
        """Return the value itself."""
        return self.buffer[self.start : self.end]

    @property
    def rest(self) -> bytes:
        """Return what follows it in its line."""
        return self.buffer[self.outer : self.outer + _LOOK_BACK].partition(b"\n")[0].strip()

    @property
    def alone(self) -> bool:
        """Return whether nothing but closing marks or a comment follows it in its line."""
        return not self.rest.strip(b"\"'`|*,;)}]") or self.rest.startswith((b"# ", b"// ", b"-- "))


def read_value(buffer: bytes, at: int, *, element: bool = False) -> Value | None:
    """Return the value that begins at this place, or None. That of an XML element ends at the next tag."""
    limit = at + _WINDOW
    first = buffer[at : at + 1]
    if first == b"<" and (cdata := _CDATA.match(buffer, at, limit)):
        return Value(buffer, cdata.start(1), cdata.end(1), quoted=True, outer=cdata.end())
    if element:
        content = _CONTENT.match(buffer, at, limit)
        return Value(buffer, at, content.end(1), quoted=True, outer=content.end()) if content else None
    near = buffer[at : at + 32]
    wrap = (
        _WRAP.match(buffer, at, limit)
        if near[:1] in (b"[", b"{") or b"(" in near or near[1:3].strip(b"\"'") != near[1:3]
        else None
    )
    start = wrap.end() - 1 if wrap else at
    if wrap and first == b"{" and _MEMBER.match(buffer, start, limit):
        return None
    if buffer[start : start + 1] == b"b":
        start += 1
    return _enclosed(buffer, start, limit) or _unquoted(buffer, at, limit)


def _enclosed(buffer: bytes, start: int, limit: int) -> Value | None:
    """Return the value of a shell default or of quotes that begins at this place."""
    opening = buffer[start : start + 1]
    if opening == b"$" and (default := _DEFAULT.match(buffer, start, limit)):
        group = default.lastindex or 1
        return Value(buffer, default.start(group), default.end(group), quoted=True, outer=default.end())
    if opening and opening in b"\"'" and (pieces := _PIECES.match(buffer, start, limit)):
        return Value(buffer, start + 1, pieces.end() - 1, quoted=True, outer=pieces.end())
    if (opening in _OPENING or opening >= b"\x80") and (quoted := _QUOTED.match(buffer, start, limit)):
        group = quoted.lastindex
        return Value(buffer, quoted.start(group), quoted.end(group), quoted=True, outer=quoted.end())
    return None


def _unquoted(buffer: bytes, at: int, limit: int) -> Value | None:
    """Return the value without quotes that begins at this place: up to Chinese punctuation or markup."""
    bare = _BARE.match(buffer, at, limit)
    if not bare:
        return None
    end = bare.end()
    text = buffer[at:end]
    stop = CHINESE_STOP.search(text)
    if stop and stop.start() > 0 and text[:1].isascii():
        end = at + stop.start()
        while end > at + 1 and buffer[end - 1 : end] in b"([{<":
            end -= 1
    markup = buffer.find(b"<", at + 1, end)
    if markup > 0:
        end = markup
    return Value(buffer, at, end, quoted=False, outer=end)


def hidden_end(value: Value) -> int:
    """Return where a secret value ends: later than what was read if it is longer than the window."""
    if value.outer - value.start < _WINDOW - 40:
        return value.end
    ends = _LINE_QUOTE if value.quoted else _BARE_END
    end = ends.search(value.buffer, value.end)
    return int(end.start()) if end else len(value.buffer)


def is_phrase(buffer: bytes, value: Value) -> bool:
    """Return whether the value and the rest of its line are a pass phrase of plain words, and no sentence."""
    words = (value.text + buffer[value.outer : value.outer + _LOOK_BACK].partition(b"\n")[0]).split()
    return (
        not value.quoted
        and 4 <= len(words) <= 8
        and all(_PHRASE_WORD.fullmatch(word) for word in words)
        and not SENTENCE_WORDS.intersection(words)
    )


def assigned_phrase_end(value: Value) -> int:
    """Return where the words end that `NAME=some more words` assigns in a file, or where the value ends."""
    rest = value.buffer[value.outer : value.outer + _LOOK_BACK].partition(b"\n")[0].rstrip()
    words = rest.split()
    is_phrase = len(words) >= 3 and all(_PLAIN_WORD.fullmatch(word) for word in words)
    return value.outer + len(rest) if is_phrase and not value.quoted else value.end


def closing_quote(buffer: bytes, start: int, at: int) -> int:
    """Return where the quote ends that begins right before the name, or where the value begins without one."""
    opening = _OPENED.search(buffer[max(0, start - _LOOK_BACK) : start])
    if not opening:
        return at
    end = buffer.find(opening[1], at, at + _LOOK_BACK)
    rest = buffer[at:end] if end > 0 else b"\n"
    return at if b"\n" in rest or b"=" in rest.strip(b"=") or b"\\" in rest or is_sentence(rest) else end


# --- what a value looks like after its name -------------------------------------------------------------------------
# Methods and functions that are given a secret, apart from those that check or read one.
_SETTER: Final = LateBacktracking(
    rb"(?i)(?:\A|[._])(?:(?:with|set|use|add|new|define|put)[_-]?(?:\w{0,12}?[_-]?))?(?:password|passwd|passphrase|pwd|token|apikey|api_key"
    rb"|secret_?key|client_?secret|access_?key)\Z"
)
# Directives whose name is made of several words: bindpw, requirepass, auth_pass.
_COMPOUND: Final = LateBacktracking(rb"[a-z]{3,8}[_-]?(?:pw|pass|passwd)|[A-Z]{2,}_[A-Z_]{3,}")
_NAMED: Final = LateBacktracking(rb"(?i)pass(?:word|wd|phrase)|secret|token|credential")
_TOLD_WORD: Final = LateBacktracking(rb"[A-Za-z]{4,24}(?:[-_][A-Za-z]{2,16}){0,4}")
# What is said of a password rather than being it: rotated, missing, readable, weekly.
_INFLECTED: Final = LateBacktracking(rb"(?i)(?:ed|ing|able|ible|ly|less|ful|ous|ive|en)\Z")
_CLAUSE_END: Final = LateBacktracking(
    rb"[.,;!)]|(?:btw|and|but|now|please|pls|for|on|if|until|everywhere|again|from|until|till|since|instead)\b|#|//"
)
_ANSWERS: Final = frozenset(
    b"kept set put held sent read lost found known given shown built bound left cut shut hit"
    b" same different here there back gone short long longer weak strong safe fine okay good wrong right public private"
    b" secret plain plaintext base64 encrypted none known easy hard simple complex random default this that these mine"
    b" yours ours theirs his hers another other one two three string number null false true text value password token"
    b" username user name file path vault env variable config unauthorized forbidden eof timeout error unauthenticated"
    b" internal unavailable notfound cancelled canceled nosuchkey badrequest conflict none null"
    b" secure insecure clear raw hex ascii utf8 case sensitive sensible mandatory compulsory unique old new fresh stale"
    b" falsch leer alt neu weg abgelaufen korrekt hier vorhanden nicht gesetzt incorrecto incorrecta vacia falta"
    b" invalide incorrecte vide perdu inconnu manquant".split()
)
_SHORT: Final = 4


def bare(value: Value) -> bytes:
    """Return the value without the punctuation around it."""
    text = value.text.strip(b".,;:!?(){}<>|")
    return text if text.startswith(b"[]") else text.strip(b"[]")


@cache
def _not_told() -> frozenset[bytes]:
    return STATES | SENTENCE_WORDS | _ANSWERS


def is_told_word(name: bytes, value: Value) -> bool:
    """Return whether a plain word that ends a clause is the password itself: "the password is hunter"."""
    if name.lower() == b"pass" or value.text.endswith(b":") or not is_password_name(name):
        return False
    ends = value.text[-1:] in b".,;!)" or not value.rest or _CLAUSE_END.match(value.rest)
    return bool(ends) and is_plain_password(bare(value))


def is_plain_password(text: bytes) -> bool:
    """Return whether it is a plain word that says nothing about a password."""
    return bool(_TOLD_WORD.fullmatch(text) and not _INFLECTED.search(text) and text.lower() not in _not_told())


def is_quoted_password(name: bytes, value: Value) -> bool:
    """Return whether a quoted value follows the name of a password: the password is 'x'."""
    return is_password_name(name) and value.quoted and len(value.text) >= _SHORT and not is_sentence(value.text)


def is_set(name: bytes, value: Value) -> bool:
    """Return whether a call takes the password or the token itself: WithPassword("…"), .token("…")."""
    return bool(_SETTER.search(name)) and not is_sentence(value.text) and not _NAMED.search(value.text)


def is_compound(name: bytes) -> bool:
    """Return whether the name is a directive of several words: bindpw, requirepass."""
    return bool(_COMPOUND.fullmatch(name))


_WORD: Final = LateBacktracking(rb"[A-Za-z]+[.,;!?)]*|[^\x00-\x7f].*")
# A key of a Secret or ConfigMap: tls.crt.
_DOTTED: Final = LateBacktracking(rb"[a-z][a-z-]*(?:\.[a-z]+)+")
_SHORT_NUMBER: Final = LateBacktracking(rb"[0-9]{1,5}[.,;)]*")
_FIRST_IN_BRACES: Final = LateBacktracking(rb"[{,][ \t]*$")


def is_prose(buffer: bytes, start: int, name: bytes, gap: bytes, value: Value, *, first: bool) -> bool:
    """Return whether `name: value` is part of a sentence rather than a key with its value."""
    before = buffer[max(0, start - _LOOK_BACK) : start]
    if gap[:1] in b"\\\"'" and before[-1:] == b"/":
        # The end of a quoted address: Get "http://idp/token": dial tcp …
        return True
    if gap[:1] in b"\\\"'":
        # The kubelet quotes a volume's name before its error: for volume "token" : secret "x" not found
        return bool(gap.lstrip(b"\\\"'")[:1].isspace() and not value.quoted)
    if _FIRST_IN_BRACES.search(before):
        return False
    text = value.text
    if value.quoted:
        closes_bracket = buffer[value.outer : value.outer + 1] in (b")", b"}", b"]", b",")
        return not first and b" " in text and not looks_random(text) and not closes_bracket
    if (
        text.endswith(b":")
        or (b" " in name and _DOTTED.fullmatch(text))
        or buffer[value.outer : value.outer + 6] == b" bytes"
    ):
        return True
    if not gap[-1:].isspace():
        return bool(text[:1] >= b"\x80")
    first = first or before[-1:] in (b'"', b"'")
    if first and (not value.rest.strip(b"\"'`,;)]}") or value.rest.startswith(b"#")):
        return False
    return bool(_WORD.fullmatch(text) or _SHORT_NUMBER.fullmatch(text)) and name.isascii()


# "…" \ and "…" + in the next lines; the lines of a quoted value.
_NEXT_PIECE: Final = LateBacktracking(
    rb"[ \t]*(?:[\\+.&][ \t]*\r?\n[ \t]*|\r?\n[ \t]*[+.&][ \t]*|[ \t]*[+.][ \t]*)[\"']([^\"'\n]+)[\"']"
)
_MORE_LINES: Final = LateBacktracking(rb"\r?\n((?:[^\"'\n=:]{1,200}\r?\n){0,3}?[^\"'\n=:]{1,200})([\"'])(?=[\s;,)]|\Z)")


def continued(value: Value) -> list[tuple[int, int]]:
    """Return the next pieces of a quoted value: literals that are joined, or the lines up to its closing quote."""
    buffer, at = value.buffer, value.outer
    spans = []
    quote = buffer[value.start - 1 : value.start]
    if not value.quoted or quote not in (b'"', b"'"):
        return []
    if buffer[at - 1 : at] != quote or at == value.end:
        rest = _MORE_LINES.match(buffer, at, at + _WINDOW)
        return [rest.span(1)] if rest and rest[2] == quote else []
    while piece := _NEXT_PIECE.match(buffer, at, at + LOOK_AHEAD):
        spans.append(piece.span(1))
        at = piece.end()
    return spans


_DELIMITER: Final = LateBacktracking(rb"[&;,]")
_NEXT_PAIR: Final = LateBacktracking(rb"[&;,][\w.-]+=")
# A value with a delimiter near its beginning, such as a&b*c(d)9, is no list of short ones from this length.
_LONG_ENOUGH: Final = 8
_IDENTIFIER: Final = LateBacktracking(rb"[A-Za-z_][A-Za-z_.]*[0-9]?[;,)({]*")


def hide_assigned(name: bytes, level: Level, value: Value, gap: bytes) -> list[tuple[int, int]]:
    """Return the secret parts of a bare value: all of it, but not the next pair of a query or connection string."""
    text = value.text
    if gap.strip(b" \t\"'`*_]") in (b":=", b"=>", b"->", b"==", b"===", b"!=", b"!==", b"||", b"??") and (
        _IDENTIFIER.fullmatch(text) and not _is_mixed_word(text)
    ):
        # Code that assigns or compares another variable.
        return []
    spans: list[tuple[int, int]] = []
    secret = False
    at = 0
    for number, piece in enumerate(_DELIMITER.split(text)):
        key, is_pair, rest = piece.partition(b"=")
        if number == 0:
            whole = _until_next_pair(text) if level is Level.TELLING and 0 < len(piece) < _SHORTEST else piece
            secret = is_secret_of(name, level, whole if len(whole) >= _LONG_ENOUGH else piece)
            start = at
        elif is_pair:
            bare_key = key.strip(b"\\\"'")
            secret = is_secret_of(bare_key, level_of(bare_key.decode("utf-8", "replace")), rest)
            start = at + len(key) + 1
        else:
            # A delimiter within the value.
            start = at - 1
        end = at + len(piece)
        if secret and piece:
            spans.append((value.start + start, value.start + end))
        at = end + 1
    if spans and spans[-1][1] == value.end:
        spans[-1] = (spans[-1][0], hidden_end(value))
    return spans


def _until_next_pair(text: bytes) -> bytes:
    """Return the beginning of a value with its delimiters, up to the next pair of a query."""
    pair = _NEXT_PAIR.search(text)
    return text[: pair.start()] if pair else text


def _is_mixed_word(text: bytes) -> bool:
    """Return whether capitals stand as close as they do in generated passwords, not as in camel case."""
    return counts(text)[0] * 4 > len(text)
