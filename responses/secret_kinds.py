"""Name the kinds of the secrets that were redacted from a text, by the words that stand before each mark."""

from __future__ import annotations

from typing import Final

import re2

from intents.domain import Language, Text
from responses.late_patterns import LatePattern
from responses.secrets import REDACTED

_MARK: Final = re2.escape(REDACTED)
# What stands between a key and its value: `password = "…`, `password": …`, `--password …`.
_SEPARATOR: Final = r"""[\w\]"'.-]{0,40}\s{0,3}(?:[:=]|\s)\s{0,3}["'\\]{0,3}"""
_KINDS: Final = tuple(
    (LatePattern(f"(?i)(?:{before}){_MARK}"), says)
    for before, says in (
        (r"bearer\s+", Text(en="a bearer token", zh="Bearer 令牌")),
        (r"basic\s+", Text(en="basic-auth credentials", zh="Basic 认证凭据")),
        (r"://[^\s/@]{0,100}:", Text(en="a password in a URL", zh="URL 中的密码")),
        (rf"private[ _-]?key{_SEPARATOR}", Text(en="a private key", zh="私钥")),
        (rf"pass(?:word|wd|phrase)?{_SEPARATOR}", Text(en="a password", zh="密码")),
        (rf"(?:api|access|secret)[ _-]?key{_SEPARATOR}", Text(en="an access key", zh="访问密钥")),
        (rf"token{_SEPARATOR}", Text(en="a token", zh="令牌")),
    )
)
_OTHER: Final = Text(en="a secret", zh="机密信息")
_SAYS: Final = Text(
    en="⚠️ Your text held what looks like {}: delete that message and rotate the secret. Casebook did not keep it.",
    zh="⚠️ 文本中疑似包含{}：请删除该消息，并更换此凭据。Casebook 没有保存它。",
)
_AND: Final = Text(en=" and ", zh="和")
_MOST: Final = 3


def secret_kinds(redacted: str) -> tuple[Text, ...]:
    """Return the kinds of secrets that were redacted from a text, each once; none for a text without a mark."""
    marks = redacted.count(REDACTED)
    if not marks:
        return ()
    found = [says for pattern, says in _KINDS if pattern.search(redacted)]
    return tuple(found[:_MOST]) or (_OTHER,)


def secret_notice(kinds: tuple[Text, ...], language: Language) -> str:
    """Return the request to delete the message and to rotate what it held; "" for no secret."""
    names = _AND.in_(language).join(kind.in_(language) for kind in kinds)
    return _SAYS.in_(language).format(names) if kinds else ""
