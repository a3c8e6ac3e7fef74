"""Judge how much a value looks like a secret: a word, what people choose as a password, or what generators make.

Works on UTF-8 bytes, as `responses.named_secrets` does.
"""

from __future__ import annotations

from enum import IntEnum
from functools import cache
from typing import Final

from responses.late_patterns import LateBacktracking
from responses.secret_buffer import is_ordinary, looks_random
from responses.secret_names import is_password_name
from responses.secret_values import SENTENCE_WORDS, STATES, Value, is_disguised, is_no_secret, is_sentence


class Look(IntEnum):
    """How much a value looks like a secret."""

    # A placeholder, a reference, a path, a state.
    HARMLESS = 0
    # A word, a short number or the name of an object.
    WORD = 1
    # Signs, digits or capitals where words have none.
    CHOSEN = 2
    GENERATED = 3


_UUID: Final = LateBacktracking(rb"(?i)[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_LONG_HEX: Final = LateBacktracking(rb"(?i)[0-9a-f]{16,}")
# Letters with a digit among or after them; a capital after a small letter or a hyphen; a sign between characters.
_CHOSEN: Final = LateBacktracking(rb"[A-Za-z][\w!@#$%^&*()+=?~.-]*[0-9][\w!@#$%^&*+=?~-]*")
_INNER_CAPITAL: Final = LateBacktracking(rb"[a-z]{2,}[A-Z][A-Za-z]+|[A-Za-z]+-[A-Z][a-z]+|[a-z]+-[A-Z][A-Za-z]*")
_INNER_SIGN: Final = LateBacktracking(rb"[A-Za-z0-9]+[!@#$%^&*+?~][A-Za-z0-9!@#$%^&*+?~._-]*[A-Za-z0-9!#$%^&*+?~]")
# What is said of a password: base64-encoded. The names of products.
_ABOUT: Final = LateBacktracking(
    rb"(?i)\w+-(?:\w+ed|only|safe|like|free|based)|1password|test\w+|oauth2?\w*|utf-?8|sha[0-9]+\w*"
)
_PIN: Final = LateBacktracking(rb"[0-9]{6,12}")
_LETTERS_AND_DIGITS: Final = LateBacktracking(rb"(?=[^0-9]*[0-9])(?=[^A-Za-z]*[A-Za-z])[A-Za-z0-9_.+/=-]{10,}")
# Methods and functions that are given a secret, apart from those that check or read one.
_SETTER: Final = LateBacktracking(
    rb"(?i)(?:\A|[._])(?:(?:with|set|use|add|new|define|put)[_-]?(?:\w{0,12}?[_-]?))?(?:password|passwd|passphrase|pwd|token|apikey|api_key"
    rb"|secret_?key|client_?secret|access_?key)\Z"
)
# Directives whose name is made of several words: bindpw, requirepass, auth_pass.
_COMPOUND: Final = LateBacktracking(rb"[a-z]{3,8}[_-]?(?:pw|pass|passwd)|[A-Z]{2,}_[A-Z_]{3,}")
_NAMED: Final = LateBacktracking(rb"(?i)pass(?:word|wd|phrase)|secret|token|credential")
_OBJECT_NAME: Final = LateBacktracking(rb"[a-z0-9]+(?:[-.:/][a-z0-9]+)+")
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
_SHORTEST: Final = 6


def bare(value: Value) -> bytes:
    """Return the value without the punctuation around it."""
    text = value.text.strip(b".,;:!?(){}<>|")
    return text if text.startswith(b"[]") else text.strip(b"[]")


def look_of(name: bytes, value: bytes) -> Look:
    """Return how much the value of this name looks like a secret."""
    text = value[:200]
    if is_no_secret(name, text):
        return Look.HARMLESS
    if looks_random(text) or _UUID.fullmatch(text) or _LONG_HEX.fullmatch(text):
        return Look.GENERATED
    if is_ordinary(text):
        return Look.WORD
    if is_disguised(text) or _is_chosen(text, is_password=is_password_name(name)):
        return Look.CHOSEN
    return Look.WORD


def _is_chosen(text: bytes, *, is_password: bool) -> bool:
    if not is_password:
        # Names of objects end with letters and digits as well: default-token-x8s2k.
        return bool(_LETTERS_AND_DIGITS.fullmatch(text) and not _OBJECT_NAME.fullmatch(text))
    if _ABOUT.fullmatch(text):
        return False
    return len(text) >= _SHORTEST and any(
        pattern.fullmatch(text) for pattern in (_CHOSEN, _INNER_CAPITAL, _INNER_SIGN, _PIN)
    )


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
