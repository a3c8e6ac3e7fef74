"""Read the value at a place of a text: where it begins, where it ends, and whether it is plainly no secret."""

from __future__ import annotations

from typing import Final, NamedTuple

from responses.late_patterns import LateBacktracking, LatePattern
from responses.secret_buffer import FILL, looks_generated, looks_random
from responses.secret_names import Level, is_password_name, level_of

# The patterns read windows of `_WINDOW` bytes with `re`, which starts faster than RE2; none of them backtracks far.
# Longer values are judged by their beginning, and hidden to their end.
_WINDOW: Final = 400
_SHORTEST: Final = 3
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
_MARKS: Final = b"\"'`~*"
# Chinese punctuation and letters end a value that begins in ASCII.
CHINESE_STOP: Final = LatePattern(rb"[\x{2e80}-\x{9fff}\x{ff00}-\x{ffef}]")
_DELIMITER: Final = LateBacktracking(rb"[&;,]")
_NEXT_PAIR: Final = LateBacktracking(rb"[&;,][\w.-]+=")
# A value with a delimiter near its beginning, such as a&b*c(d)9, is no list of short ones from this length.
_LONG_ENOUGH: Final = 8

# Names of objects are references, not values: secret="default/db", imagePullSecret: regcred.
_REFERENCE: Final = LateBacktracking(rb"[a-z0-9][a-z0-9./-]*")
_REFERRING_NAME: Final = LateBacktracking(
    rb"(?i:secret|.*(?:pull|tls|ca|cert|image|ref|name|password|token|existing|credentials?|auth|config"
    rb"|registry|docker|store)[_-]?secret)"
)
_PLACEHOLDER: Final = LateBacktracking(
    rb"(?i:<[^<>]*>?|\$\(.*|\$\{.*|\$[A-Z_]+|\{\{.*|\{[a-z_.]+[|}]?|%[({].*|[*]+|x{3,}|[.]{3,}|null|nil|none"
    rb"|[a-z]{2,12}[-_](?:[.]{3}|\xe2\x80\xa6|-|\x60)?"
    rb"|true|false|undefined"
    rb"|%\w+\(.*\)%|%\w+%|\$env:.*|#\{.*|@\{.*|__\w+__|\(known|\(sensitive|your[ _-].*|.*[_-]here"
    rb"|replace[_-]?me.*|insert[_-].*|todo|tbd|n/a"
    rb"|ENC\[AES.*|\{cipher\}.*|vault:v[0-9]+:.*"
    # Where a secret is kept: op://…, ref+vault://…, arn:…, !Ref …, from-file.
    rb"|(?:op|file|aws-\w+|gcp\w*|ssm|vault|ref\+\w+|arn|env|secretref|secretsmanager|keyvault|akv|kms|k8s|kubernetes|sm):[/\w].*"
    rb"|!(?:ref|sub|getatt|importvalue|secret|env\w*|join|select|reference)|from[-_]\w+"
    rb"|await|async|yield|lambda|function|return|test[A-Z]\w*"
    rb"|str|int|any|bool|char|byte|bytes|text|uuid|object|number|new|string|strings|stringarray|required|optional|[\[({<*]*(?:redacted|filtered|masked|hidden|removed|protected|omitted|scrubbed|sensitive|secret|private|concealed)[\])}>*]*|[\w.]+\(.*|[{\[]+(?:[\w.]*:)?|\[\]|\{\}"
    rb"|~?/(?:var|etc|run|home|root|tmp|mnt|opt|usr|secrets?)/.*|\.{1,2}[\w.-]*/.*|https?://[^@]*)"
)
# A value from elsewhere in code: var.db_password, process.env.TOKEN, random_password.db[0].result.
_CODE: Final = LateBacktracking(
    rb"(?:[A-Za-z_]{2,}(?:\[[\w.*\"']*\])?(?:\.[A-Za-z_]{2,}(?:\[[\w.*\"']*\])?)+|(?:var|local|module|data|self|this|config|settings"
    rb"|env|process|os|secrets|vars|inputs|steps|needs|outputs|each|args|opts|options|params|props|ctx|cfg|conf)(?:\.\w{2,30})+)[,;)}\]]*"
)
# os.environ[" and its like, up to the name that is looked up; the name of a variable.
_LOOKUP: Final = LateBacktracking(rb"&?[A-Za-z_][\w.>:-]*[\[(]")
_VARIABLE_NAME: Final = LateBacktracking(rb"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+")
# A bootstrap token that happens to have no digit.
_BOOTSTRAP: Final = LateBacktracking(rb"[a-z0-9]{6}\.[a-z0-9]{16}")
_SHORT_WORD: Final = LateBacktracking(rb"[a-z]{2,8}")
# A word with digits for letters, as people write passwords: g00dbye7.
_DISGUISED: Final = LateBacktracking(
    rb"(?i)[a-z]+(?:[0-9]{1,4}[a-z]+){1,6}[0-9!?]{0,4}|(?:[a-z]+(?:[0-9][a-z]+)+[-_.]?){2}[0-9!?]{0,4}"
    # One part of several: rad1us-shared. The hashes of pods have no 0, 1 and 3.
    rb"|(?:[a-z]{2,}[-_.])?[a-z]{2,}[013][a-z]{2,}(?:[-_.][a-z0-9]{2,})?"
)
_TECHNICAL: Final = LateBacktracking(
    rb"(?i)(?:k[38]s|[osi]?auth2|o2|s3[-_]|ec2|i18n|l10n|ipv[46]|x509|base(?:64|32)|b64|p12|v[0-9]|http2?|e2e|sha[0-9]|md5|utf8"
    rb"|amd64|arm64|x86|us-|eu-|ap-|[a-z0-9]*2[a-z]+$)"
)
# What a report says about a password.
STATES: Final = frozenset(
    b"valid invalid expire lock unlock history expired missing empty unset set yes no on off ok failed wrong blank"
    b" enabled disabled"
    b" required optional"
    b" present absent found created deleted updated rotated unchanged changed configured hidden masked omitted stored"
    b" used unused refused denied refresh refreshed reset renewed renew verified unverified match matches validated"
    b" accepted redacted removed good bad correct provided supplied specified needed given"
    b" encrypted unknown pending active inactive revoked incorrect rejected accepted mismatch never always".split()
)
# What else a token or a key may be called without being told.
_KINDS_OF_VALUE: Final = frozenset(
    b"bearer basic digest default custom static dynamic random auto manual string json opaque oauth oidc saml access"
    b" header cookie query body file vault internal external global local example dummy sample loading fetching"
    b" checking success failure error allowed secret token tokens password username secrets generic kubelet expiring"
    b" unauthed readonly write read session service client server admin user opt test prod staging".split()
)
_WORD: Final = LateBacktracking(rb"[A-Za-z]+[.,;!?)]*|[^\x00-\x7f].*")
# A key of a Secret or ConfigMap: tls.crt.
_DOTTED: Final = LateBacktracking(rb"[a-z][a-z-]*(?:\.[a-z]+)+")
_PHRASE_WORD: Final = LateBacktracking(rb"[a-z]{3,10}")
# Words that make a sentence of it.
_PLAIN_WORD: Final = LateBacktracking(rb"[A-Za-z0-9']{1,12}[!?.]?")
SENTENCE_WORDS: Final = frozenset(
    b"the and for with from not this that must cannot can was were are has have had but you your our their its does did"
    b" will would should could may invalid failed failure error denied wrong missing required empty expired unable"
    b" refused incorrect rejected supported allowed given found provided specified match mismatch authentication login"
    b" user access least characters long too short more than use used using set change changed need needs please see"
    b" after before when while because into over under only also never always all any connection request server".split()
)
# The quote of an argument, with the marks of an option before the name.
_OPENED: Final = LateBacktracking(rb"(?:^|[\s,\[(]|-var=|literal=|Environment=)([\"'])-{0,2}D?(?:[\w-]{1,20}\.)?\Z")
_SHORT_NUMBER: Final = LateBacktracking(rb"[0-9]{1,5}[.,;)]*")
_IDENTIFIER: Final = LateBacktracking(rb"[A-Za-z_][A-Za-z_.]*[0-9]?[;,)({]*")
_CAPITAL: Final = LateBacktracking(rb"[A-Z]")
_SMALL: Final = LateBacktracking(rb"[a-z]")
_DIGIT: Final = LateBacktracking(rb"[0-9]")
_HEX: Final = LateBacktracking(rb"[0-9a-fA-F-]+")
_KEY_VALUE: Final = LateBacktracking(rb"[A-Za-z0-9+/_-]{20,}={0,2}")
# A sign or digit between letters, which words of a sentence do not have.
_INNER_SIGN: Final = LateBacktracking(rb"[A-Za-z][#$%^&*+~0-9][A-Za-z]")
_FIRST_IN_BRACES: Final = LateBacktracking(rb"[{,][ \t]*$")


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
        group = next(number for number in range(1, quoted.re.groups + 1) if quoted[number] is not None)
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


def is_sentence(text: bytes) -> bool:
    """Return whether one of several words is one that sentences have and passwords have not."""
    words = text.lower().split()
    return len(words) > 1 and bool(SENTENCE_WORDS.intersection(words)) and not _INNER_SIGN.search(text)


def _is_word_of_code(inner: bytes) -> bool:
    """Return whether it is a placeholder, an expression, or the word for a state."""
    body = inner.rstrip(b",;)}]")
    if _LOOKUP.fullmatch(inner) or (_VARIABLE_NAME.fullmatch(body) and level_of(body.decode()) is not Level.NONE):
        return True
    if _PLACEHOLDER.fullmatch(body) or (body != inner and _PLACEHOLDER.fullmatch(inner)):
        return True
    return bool(_CODE.fullmatch(inner) and not _BOOTSTRAP.fullmatch(inner)) or inner.lower() in STATES


def is_no_secret(name: bytes, value: bytes) -> bool:
    """Return whether the value is plainly no secret: a placeholder, a path, the name of a Secret object."""
    inner = value.strip(_MARKS + b"\\")
    if len(inner) < _SHORTEST or not inner.strip(FILL):
        return True
    bracketed = inner[1:].partition(b">")[0] if inner.startswith(b"<") else b""
    if bracketed and (looks_generated(bracketed) or is_disguised(bracketed)):
        return False
    if _is_word_of_code(inner):
        return True
    if _SHORT_WORD.fullmatch(inner) and not is_password_name(name):
        told = len(inner) > _SHORTEST and level_of(name.decode("utf-8", "replace")) is Level.TELLING
        if not told or inner in _KINDS_OF_VALUE:
            return True
    return bool(
        _REFERRING_NAME.fullmatch(name)
        and _REFERENCE.fullmatch(inner)
        and not looks_random(inner)
        and not is_disguised(inner)
    )


def is_disguised(value: bytes) -> bool:
    """Return whether the value is a word with digits for some letters, as people choose them: s3cr3t-v4lue."""
    return (
        7 <= len(value) <= 24
        and bool(_DISGUISED.fullmatch(value))
        and not _TECHNICAL.match(value)
        and not _HEX.fullmatch(value)
    )


def is_secret_of(name: bytes, level: Level, value: bytes) -> bool:
    """Return whether the value assigned to this name is a secret."""
    return level is not Level.NONE and not is_no_secret(name, value) and (level is Level.TELLING or fits(level, value))


def looks_mixed(value: bytes) -> bool:
    """Return whether the value is a long mix of cases and digits, as keys are in base64 and identifiers are not."""
    kinds = (_CAPITAL.search(value), _SMALL.search(value), _DIGIT.search(value))
    return len(value) >= 12 and all(kinds) and looks_generated(value)


def fits(level: Level, value: bytes) -> bool:
    """Return whether the value looks as random as the value of such a name has to."""
    if level is Level.FAINT:
        # Digests are hexadecimal, names of objects have few digits.
        is_lower = len(value) >= 32 and not _HEX.fullmatch(value) and len(_DIGIT.findall(value)) * 5 > len(value)
        return bool(_KEY_VALUE.fullmatch(value[:_WINDOW]) and (is_lower or looks_mixed(value)))
    return looks_random(value)


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
    return len(_CAPITAL.findall(text)) * 4 > len(text)


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
        return not first and b" " in text and not looks_random(text) and not _closes_bracket(buffer, value)
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


def _closes_bracket(buffer: bytes, value: Value) -> bool:
    return buffer[value.outer : value.outer + 1] in (b")", b"}", b"]", b",")
