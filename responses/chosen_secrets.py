"""Judge whether a value after the name of a secret looks like one that a person chose or that code sets.

Works on UTF-8 bytes, as `responses.named_secrets` does.
"""

from __future__ import annotations

import re
from typing import Final

from responses.secret_names import is_password_name
from responses.secret_values import Value, is_disguised, is_sentence

# Letters with a digit among or after them.
CHOSEN: Final = re.compile(rb"[A-Za-z][\w!@#$%^&*()+=?~.-]*[0-9][\w!@#$%^&*+=?~-]*")
# Methods and functions that are given a secret, apart from those that check or read one.
_SETTER: Final = re.compile(
    rb"(?i)(?:\A|[._])(?:(?:with|set|use|add|new|define|put)[_-]?(?:\w{0,12}?[_-]?))?(?:password|passwd|passphrase|pwd|token|apikey|api_key"
    rb"|secret_?key|client_?secret|access_?key)\Z"
)
# Directives whose name is made of several words: bindpw, requirepass, auth_pass.
_COMPOUND: Final = re.compile(rb"[a-z]{3,8}[_-]?(?:pw|pass|passwd)|[A-Z]{2,}_[A-Z_]{3,}")
_NAMED: Final = re.compile(rb"(?i)pass(?:word|wd|phrase)|secret|token|credential")
_SHORT: Final = 4


def bare(value: Value) -> bytes:
    """Return the value without the punctuation around it."""
    text = value.text.strip(b".,;:!?(){}<>")
    return text if text.startswith(b"[]") else text.strip(b"[]")


def looks_chosen(name: bytes, value: Value) -> bool:
    """Return whether the value looks like a password that a person chose: s3cr3t-value, summer2026."""
    text = bare(value)
    if not is_password_name(name):
        return is_disguised(text)
    return bool(len(text) >= 6 and CHOSEN.fullmatch(text))


def is_quoted_password(name: bytes, value: Value) -> bool:
    """Return whether a quoted value follows the name of a password: the password is 'x'."""
    return is_password_name(name) and value.quoted and len(value.text) >= _SHORT and not is_sentence(value.text)


def is_set(name: bytes, value: Value) -> bool:
    """Return whether a call takes the password or the token itself: WithPassword("…"), .token("…")."""
    return bool(_SETTER.search(name)) and not is_sentence(value.text) and not _NAMED.search(value.text)


def is_compound(name: bytes) -> bool:
    """Return whether the name is a directive of several words: bindpw, requirepass."""
    return bool(_COMPOUND.fullmatch(name))
