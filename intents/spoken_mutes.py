"""Read what people say of mutes in their own words: for how long, mute or unmute, and of what. Pure."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Final

UNITS: Final = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_HAN_UNITS: Final = {"分": "m", "小": "h", "钟": "h", "天": "d", "日": "d", "周": "w", "星": "w"}
_NUMBERS: Final = {
    "a": 1, "an": 1, "one": 1, "the next": 1, "two": 2, "three": 3, "four": 4, "six": 6, "half an": 0.5,
    "一": 1, "两": 2, "二": 2, "三": 3, "四": 4, "五": 5, "六": 6, "半": 0.5,
}  # fmt: skip
# "an hour", "2 days", 30 分钟, 一个小时, 半小时
_LASTS: Final = re.compile(
    r"(?i)(?P<n>(?<![\w./-])\d{1,6}|\b(?:an?|one|two|three|four|six|half an|the next)\b|[一两二三四五六半])"
    r"\s*(?:个|-)?\s*"
    r"(?P<unit>minutes?|mins?|hours?|hrs?|days?|weeks?|[mhdw](?![\w])|分钟|小时|钟头|天|日|周|星期)"
)
_NAMED: Final = re.compile(r"(?i)\b(?:un)?(?:mute|silence|snooze)\b|静音|屏蔽")
_WHICH: Final = re.compile(
    r"(?i)\b(?:what|which|show|list|anything|is|are)\b.*\b(?:muted|silenced|mutes)\b|哪些.*(?:静音|屏蔽)"
)
_A_DAY: Final = re.compile(
    r"(?i)\b(?:until|till|til) (?:tomorrow|the morning)\b|\btoday\b|\bovernight\b|到明天|今天|今晚"
)
_UNMUTED: Final = re.compile(
    r"(?i)\bun-?(?:mute|silence|snooze)|\b(?:stop|end|lift|remove|cancel|drop) (?:the |that |this )*"
    r"(?:mut|silenc|snooz)|\balert (?:me|us) again|(?:取消|解除|结束|撤销|关闭).{0,4}(?:静音|屏蔽|免打扰)"
    r"|(?:恢复|重新).{0,3}(?:告警|报警|提醒|通知)"
)
_EVERYTHING: Final = re.compile(
    r"(?i)\b(?:everything|all|anything|every(?: one)?|whole cluster|entire cluster|the cluster)\b"
    r"|全部|所有|整个集群|一切"
)
_ABOUT_MUTES: Final = re.compile(
    r"(?i)mut(?:e|ing)|silenc|snooz|ignor|alert|notif|post|quiet|shut up|bother|nag|spam"
    r"|静音|屏蔽|忽略|告警|报警|提醒|通知|免打扰|别吵|别报|别再|闭嘴"
)


def spoken_duration(text: str) -> timedelta | None:
    """Return for how long something is to be muted; None if nobody says so."""
    if found := _LASTS.search(text):
        return _lasting(found)
    return timedelta(days=1) if _A_DAY.search(text) else None


def leading_duration(text: str) -> tuple[timedelta, str] | None:
    """Return the duration that a text begins with and the rest of it; None if it begins with none."""
    found = _LASTS.match(text)
    return (_lasting(found), text[found.end() :].strip(" :：,，")) if found else None


def names_a_mute(text: str) -> bool:
    """Return whether a text has the word for a mute itself."""
    return _NAMED.search(text) is not None


def asks_what_is_muted(text: str) -> bool:
    """Return whether a text asks which mutes there are."""
    return _WHICH.search(text) is not None


def means_unmute(text: str) -> bool:
    """Return whether a text asks to end a mute."""
    return _UNMUTED.search(text) is not None


def means_everything(text: str) -> bool:
    """Return whether a text asks for all there is, which no mute covers."""
    return _EVERYTHING.search(text) is not None


def is_about_mutes(text: str) -> bool:
    """Return whether a text speaks of mutes or of what they hide: "stop cart" stops cart."""
    return _ABOUT_MUTES.search(text) is not None


def _lasting(found: re.Match[str]) -> timedelta:
    said, unit = found["n"].lower(), found["unit"].lower()[0]
    number = _NUMBERS[said] if said in _NUMBERS else int(said)
    return timedelta(**{UNITS[_HAN_UNITS.get(unit, unit)]: number})
