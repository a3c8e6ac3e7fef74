"""Edits the flags in a container's command and args in place. Pure: lists of words in, lists of words out.

`--flag=value`, `--flag value`, a bare `--flag` and kingpin's `--no-flag` are understood, with one dash or two, as in
Go's flag packages. A container that is started through a shell is not edited: only the shell can parse its line.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from bot.kube.containers import OFF, ON

_FLAG: Final = re.compile(r"--?[A-Za-z][A-Za-z0-9._-]*")
_SHELL: Final = re.compile(r"(?:.*/)?(?:sh|bash|ash|dash|busybox)")
_SHELL_LINE: Final = re.compile(r"-[a-z]*c")


class AmbiguousFlag(ValueError):
    """A flag that is given more than once: only its program knows which one counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """The start command of a container."""

    command: tuple[str, ...] = ()
    args: tuple[str, ...] = ()

    @property
    def words(self) -> tuple[str, ...]:
        return (*self.command, *self.args)

    @property
    def by_image(self) -> bool:
        """Tell whether the image alone defines it: args written here would replace the image's own."""
        return not self.words

    @property
    def by_shell(self) -> bool:
        """Tell whether a shell parses the flags from a line (`sh -c "exec /app --flag"`)."""
        pairs = zip(self.words, self.words[1:], strict=False)
        return any(_SHELL.fullmatch(one) and _SHELL_LINE.fullmatch(other) for one, other in pairs)

    def replaced(self, at: int, word: str) -> Start:
        """Return it with another word at a place."""
        words = [*self.words]
        words[at] = word
        return Start(command=tuple(words[: len(self.command)]), args=tuple(words[len(self.command) :]))

    def added(self, word: str) -> Start:
        """Return it with one more flag: in args, or in command if the flags are there and args is empty."""
        if self.args or not any(map(_name, self.command)):
            return Start(command=self.command, args=_with(self.args, word))
        return Start(command=_with(self.command, word), args=self.args)


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """A flag before ("" if it was not given) and after the edit; `start` is None if nothing changes."""

    flag: str
    before: str
    after: str
    start: Start | None


def start_of(container: Mapping[str, Any]) -> Start:
    """Return how a container is started."""
    return Start(
        command=tuple(map(str, container.get("command") or ())), args=tuple(map(str, container.get("args") or ()))
    )


def is_flag(word: str) -> bool:
    """Tell whether a word is a flag without a value."""
    return bool(_FLAG.fullmatch(word))


def has_flag(start: Start, flag: str) -> bool:
    """Tell whether a flag is given."""
    return bool(_places(start.words, _name(flag)))


def with_value(start: Start, flag: str, value: str, *, bare: bool = False) -> Edit:
    """Set a flag to a value; `bare`: an added flag is written as a switch. Raises AmbiguousFlag."""
    words = start.words
    places = _places(words, _name(flag))
    if not places:
        word = flag if bare else f"{flag}={value}"
        return Edit(flag=flag, before="", after=value, start=start.added(word))
    at, before = _value_at(words, places[-1], switch=value in (ON, OFF))
    if before == value:
        # If it is given several times, the last one counts.
        return Edit(flag=flag, before=before, after=value, start=None)
    if len(places) > 1:
        raise AmbiguousFlag(flag)
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
    """Add a `--flag=value` beside others of its name, for flags that may be given many times."""
    flag, _, value = word.partition("=")
    return Edit(flag=flag, before="", after=value, start=None if word in start.words else start.added(word))


def _name(word: str) -> str:
    """Return the name of a flag without its dashes, "" for any other word."""
    flag = word.partition("=")[0]
    return flag.lstrip("-") if _FLAG.fullmatch(flag) else ""


def _places(words: Sequence[str], name: str) -> list[int]:
    return [at for at, word in enumerate(words) if _name(word) in (name, f"no-{name}")]


def _value_at(words: Sequence[str], at: int, *, switch: bool) -> tuple[int, str]:
    """Return the place of the value of the flag at `at`, and the value."""
    word, following = words[at], words[at + 1] if at + 1 < len(words) else ""
    _, equals, value = word.partition("=")
    if equals:
        return at, value
    if following in (ON, OFF) or (not switch and following and not following.startswith("-")):
        return at + 1, following
    return at, OFF if switch and _name(word).startswith("no-") else ON


def _with(words: tuple[str, ...], word: str) -> tuple[str, ...]:
    """Add one flag. Some programs read no flags after an argument: it is then added before the last flag.

    There it separates no other flag from its value. Words after a `--` belong to the program that a wrapper starts.
    """
    own = len(words) - 1 - words[::-1].index("--") if "--" in words else 0
    last = max((at for at, each in enumerate(words) if at >= own and _name(each)), default=len(words) - 1)
    place = len(words) if last == len(words) - 1 else last
    return (*words[:place], word, *words[place:])
