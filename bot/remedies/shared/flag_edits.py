"""The flags in a container's command and args, changed where they stand. Pure: lists of words in, lists of words out.

`--flag=value`, `--flag value`, a bare `--flag` and kingpin's `--no-flag` are understood, with one dash or two, as Go's
flag packages take them. What a shell makes of a line is not ours to tell: such a container is not edited.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from bot.kube.flags import OFF, ON

_FLAG: Final = re.compile(r"--?[A-Za-z][A-Za-z0-9._-]*")
_SHELL: Final = re.compile(r"(?:.*/)?(?:sh|bash|ash|dash|busybox)")
_SHELL_LINE: Final = re.compile(r"-[a-z]*c")


class Ambiguous(ValueError):
    """A flag that is given more than once: which one is meant, its program knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """How a container is started."""

    command: tuple[str, ...] = ()
    args: tuple[str, ...] = ()

    @property
    def words(self) -> tuple[str, ...]:
        return (*self.command, *self.args)

    @property
    def by_image(self) -> bool:
        """Whether the image alone says how: what is written here would replace what it says."""
        return not self.words

    @property
    def by_shell(self) -> bool:
        """Whether a shell takes a line apart (`sh -c "exec /app --flag"`)."""
        pairs = zip(self.words, self.words[1:], strict=False)
        return any(_SHELL.fullmatch(one) and _SHELL_LINE.fullmatch(other) for one, other in pairs)

    def replaced(self, at: int, word: str) -> Start:
        words = [*self.words]
        words[at] = word
        return Start(command=tuple(words[: len(self.command)]), args=tuple(words[len(self.command) :]))

    def added(self, word: str) -> Start:
        """With one flag more: in args, or in command where the flags stand there and nothing stands in args."""
        if self.args or not any(map(_name, self.command)):
            return Start(command=self.command, args=_with(self.args, word))
        return Start(command=_with(self.command, word), args=self.args)


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """A flag as it was given before ("" if it was not) and is then; `start` is None where it was so already."""

    flag: str
    before: str
    after: str
    start: Start | None


def start_of(container: Mapping[str, Any]) -> Start:
    return Start(
        command=tuple(map(str, container.get("command") or ())), args=tuple(map(str, container.get("args") or ()))
    )


def is_flag(word: str) -> bool:
    """Whether a word is a flag alone, without a value."""
    return bool(_FLAG.fullmatch(word))


def has_flag(start: Start, flag: str) -> bool:
    return bool(_places(start.words, _name(flag)))


def with_value(start: Start, flag: str, value: str, *, bare: bool = False) -> Edit:
    """The flag with this value, whatever it had; `bare`: written as a switch where it is added.

    Raises Ambiguous.
    """
    words = start.words
    places = _places(words, _name(flag))
    if not places:
        word = flag if bare else f"{flag}={value}"
        return Edit(flag=flag, before="", after=value, start=start.added(word))
    at, before = _value_at(words, places[-1], switch=value in (ON, OFF))
    if before == value:
        # Given several times, the last one counts.
        return Edit(flag=flag, before=before, after=value, start=None)
    if len(places) > 1:
        raise Ambiguous(flag)
    word = words[places[0]]
    if at != places[0]:
        written = start.replaced(at, value)
    elif _name(word) != _name(flag):  # --no-flag
        written = start.replaced(at, flag)
    else:
        dashed = word.partition("=")[0]
        written = start.replaced(at, dashed if bare and "=" not in word else f"{dashed}={value}")
    return Edit(flag=flag, before=before, after=value, start=written)


def with_word(start: Start, word: str) -> Edit:
    """With a `--flag=value` beside others of its name: of what may be given many times."""
    flag, _, value = word.partition("=")
    return Edit(flag=flag, before="", after=value, start=None if word in start.words else start.added(word))


def _name(word: str) -> str:
    """The name of a flag without its dashes, "" for any other word."""
    flag = word.partition("=")[0]
    return flag.lstrip("-") if _FLAG.fullmatch(flag) else ""


def _places(words: Sequence[str], name: str) -> list[int]:
    return [at for at, word in enumerate(words) if _name(word) in (name, f"no-{name}")]


def _value_at(words: Sequence[str], at: int, *, switch: bool) -> tuple[int, str]:
    """(where the value of the flag at that place stands, the value)"""
    word, following = words[at], words[at + 1] if at + 1 < len(words) else ""
    _, equals, value = word.partition("=")
    if equals:
        return at, value
    if following in (ON, OFF) or (not switch and following and not following.startswith("-")):
        return at + 1, following
    return at, OFF if switch and _name(word).startswith("no-") else ON


def _with(words: tuple[str, ...], word: str) -> tuple[str, ...]:
    """One flag more. Behind an argument that is no flag some programs read no flags: then before the last flag.

    There it parts no other flag from its value. What stands behind a `--` is the program's that a wrapper starts.
    """
    own = len(words) - 1 - words[::-1].index("--") if "--" in words else 0
    last = max((at for at, each in enumerate(words) if at >= own and _name(each)), default=len(words) - 1)
    place = len(words) if last == len(words) - 1 else last
    return (*words[:place], word, *words[place:])
