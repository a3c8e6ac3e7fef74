"""Read how far back a question looks: "since yesterday", "in the last 2 hours", 最近一小时, "since 14:05"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, time, timedelta
from typing import Final

_UNITS: Final = {
    "m": timedelta(minutes=1), "分": timedelta(minutes=1),
    "h": timedelta(hours=1), "小时": timedelta(hours=1), "钟头": timedelta(hours=1), "个钟": timedelta(hours=1),
    "d": timedelta(days=1), "天": timedelta(days=1), "日": timedelta(days=1),
    "w": timedelta(days=7), "周": timedelta(days=7), "星期": timedelta(days=7), "礼拜": timedelta(days=7),
    "mo": timedelta(days=30), "月": timedelta(days=30),
}  # fmt: skip
_NUMBERS: Final = {
    **dict.fromkeys(("half a", "half an", "half", "半"), 0.5), **dict.fromkeys(("a", "an", "one", "一", ""), 1.0),
    **dict.fromkeys(("two", "couple of", "a couple of", "couple", "两", "二", "俩"), 2.0),
    **dict.fromkeys(("three", "few", "a few", "several", "三", "几"), 3.0),
    **dict.fromkeys(("four", "四"), 4.0), **dict.fromkeys(("five", "五"), 5.0), **dict.fromkeys(("six", "六"), 6.0),
    "七": 7.0, "八": 8.0, "九": 9.0, "十": 10.0, "twelve": 12.0, "十二": 12.0, "二十四": 24.0, "三十": 30.0,
}  # fmt: skip
_WORD: Final = "|".join(
    sorted((re.escape(word) for word in _NUMBERS if word.isascii() and word), key=len, reverse=True)
)
# "2h", "90 min", "last two hours", "half an hour ago"; "m" and "d" only right behind a number.
_ENGLISH: Final = re.compile(
    rf"(?i)(?<![\w./-])(?:(?P<count>\d{{1,6}}(?:\.\d{{1,6}})?)\s?(?P<short>m|h|d|w)"
    rf"|(?P<number>\d{{1,6}}(?:\.\d{{1,6}})?|{_WORD}|(?<=last )|(?<=past )|(?<=this ))\s*"
    rf"(?P<unit>min|hour|hr|h|day|week|wk|month)(?:ute)?s?)(?![\w/.-]*\w)"
)
_CHINESE: Final = re.compile(
    r"(?P<number>\d{1,6}(?:\.\d{1,6})?|[一二两俩三四五六七八九十半几]{0,3})\s*个?(?P<half>半)?(?P<unit>分|小时|钟头|个钟|天|周|星期|礼拜|月)"
    r"(?:钟)?(?:内|以内|之内|以来|来|里|前|之前)?"
)
# Without a number these must stand before or behind a unit: 上周, but 周一 is a day.
_LATELY: Final = re.compile(r"最近|过去|近|这|上|前|内|以来|里")
_CLOCK: Final = re.compile(r"(?<![\d:.])([01]?\d|2[0-3])[:：点]([0-5]\d)?(?![\d:.])")
_SINCE: Final = re.compile(r"(?i)\b(?:since|after|from|as of)\b|从|自|之后|以后|以来|开始|后")
_WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_WEEKDAY: Final = re.compile(
    r"(?i)\b(?:since|after|from|on|last)\s+(mon|tue|wed|thu|fri|sat|sun)[a-z]*\b|(?:上|从|自)?(?:周|星期|礼拜)([一二三四五六日天])"
)
_HAN_DAYS: Final = "一二三四五六日天"
# A day's name, how many days back it begins, and at which hour.
_DAYS: Final = (
    (re.compile(r"(?i)\bday before yesterday\b|前天"), 2, 0),
    (re.compile(r"(?i)\b(?:last night|overnight|yesterday evening)\b|昨晚|昨夜"), 1, 18),
    (re.compile(r"(?i)\byesterday\b|昨天|昨日"), 1, 0),
    (re.compile(r"(?i)\b(?:today|this morning|tonight)\b|今天|今日|今早|今晚|今晨"), 0, 0),
)
_LEAST, _MOST = timedelta(minutes=1), timedelta(days=90)


def since(text: str, now: datetime) -> timedelta | None:
    """Return how far back a question looks; None if it does not say. Times of day and days are those of `now`."""
    found = next((back for back in _readings(text, now) if back > timedelta(0)), None)
    return None if found is None else min(max(found, _LEAST), _MOST)


def _readings(text: str, now: datetime) -> Iterator[timedelta]:
    yield from _clock(text, now)
    for pattern, days, hour in _DAYS:
        if pattern.search(text):
            begins = datetime.combine(now.date() - timedelta(days=days), time(hour), now.tzinfo)
            yield now - begins
    yield from _weekday(text, now)
    yield from _spans(text)


def _clock(text: str, now: datetime) -> Iterator[timedelta]:
    """Yield how long ago a time of day was, if the question looks back to it."""
    if (found := _CLOCK.search(text)) and _SINCE.search(text):
        days = next((days for pattern, days, _ in _DAYS if pattern.search(text)), 0)
        at = datetime.combine(now.date() - timedelta(days=days), time(int(found[1]), int(found[2] or 0)), now.tzinfo)
        yield now - at if at <= now else now - at + timedelta(days=1)


def _weekday(text: str, now: datetime) -> Iterator[timedelta]:
    if found := _WEEKDAY.search(text):
        day = _WEEKDAYS.index(found[1].lower()) if found[1] else min(_HAN_DAYS.index(found[2]), 6)
        back = (now.weekday() - day) % 7 or 7
        yield now - datetime.combine(now.date() - timedelta(days=back), time(), now.tzinfo)


def _spans(text: str) -> Iterator[timedelta]:
    for found in _ENGLISH.finditer(text):
        count = float(found["count"]) if found["count"] else _number((found["number"] or "").lower())
        unit = (found["short"] or found["unit"]).lower()
        yield count * _UNITS["mo" if unit == "month" else unit[0]]
    for found in _CHINESE.finditer(text):
        if found["number"] or _LATELY.search(text[max(0, found.start() - 2) : found.end()]):
            yield (_number(found["number"]) + 0.5 * bool(found["half"])) * _UNITS[found["unit"]]


def _number(word: str) -> float:
    return float(word) if word[:1].isdecimal() and word.isascii() else _NUMBERS.get(word, 1.0)
