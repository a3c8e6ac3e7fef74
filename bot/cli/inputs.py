"""Read what a command works on: a text with a size limit, the settings, and the catalog; report problems on stderr."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

if TYPE_CHECKING:
    from bot.diagnosing import Engine

from bot.cli.console import note
from bot.cli.errors import CommandError, told
from bot.common.catalogs import load_catalog
from bot.remedies.actions import unknown_actions
from bot.settings import Settings, SettingsError, load_settings
from intents.catalog.loader import Catalog, Loaded, Problem
from intents.domain import Language
from intents.text_cleanup import is_cut
from responses.safety import safe_line

# Of a longer text the beginning and the end are kept, because a log's last lines tell most. `intents.text_cleanup` then
# uses the first and the last half MiB.
MOST_BYTES: Final = 4 << 20
# Limits the wait for an endless stream.
_MOST_READ: Final = 256 << 20
_BLOCK: Final = 1 << 20
_SAMPLE: Final = 64 * 1024
# Log files contain a few stray bytes; a text with more of them is binary.
_LEAST_READABLE: Final = 0.7
_UNREADABLE: Final = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f\ufffd]")


@dataclass(frozen=True, slots=True, kw_only=True)
class TextInput:
    """The text of a command; `notes` tell the reader about parts that were not read."""

    text: str
    notes: tuple[str, ...] = ()


def store_url(configured: Settings, workspace: str) -> str:
    """Return the URL of the data of a workspace, "" for the only one. Raise CommandError."""
    if not workspace:
        return configured.store_url
    from bot.store import StoreUnavailable, workspace_url  # noqa: PLC0415 - most commands need no database

    try:
        return workspace_url(configured.store_url, workspace)
    except (StoreUnavailable, ValueError) as error:
        raise CommandError(f"--workspace: {error}") from None


def read_text(file: str, *, command: str) -> TextInput:
    """Return the text of FILE, or of standard input for "-" and for nothing. Raise CommandError.

    Nothing at a terminal is taken for a mistake; "-" there means that the user is about to paste.
    """
    if not file and sys.stdin.isatty():
        raise CommandError(
            f"nothing to read: name a file (casebook {command} error.txt), pipe a text in (kubectl logs POD | "
            f"casebook {command}), or paste one and press Ctrl-D (casebook {command} -)"
        )
    if file in ("", "-"):
        return _given(sys.stdin.buffer, name="standard input")
    with told(OSError, what=f"cannot read {file}"), Path(file).open("rb") as stream:
        return _given(stream, name=file)


def lines(file: str) -> IO[bytes]:
    """Return FILE or standard input as a stream of lines. Raise CommandError."""
    if file in ("", "-"):
        return sys.stdin.buffer
    with told(OSError, what=f"cannot read {file}"):
        return Path(file).open("rb")


def _given(stream: IO[bytes], *, name: str) -> TextInput:
    raw, length, more = _ends(stream)
    notes: tuple[str, ...] = (f"{name} is longer than {_MOST_READ >> 20} MiB: the rest was not read",) if more else ()
    text = decoded(raw)
    if not text.strip("\ufeff\x00 \t\r\n"):
        raise CommandError(f"{name} is empty: nothing to explain")
    sample = text[:_SAMPLE]
    if len(_UNREADABLE.findall(sample)) > (1 - _LEAST_READABLE) * len(sample):
        raise CommandError(f"{name} is not text: it looks like a binary file")
    if is_cut(text):
        notes += (f"{name} is {length / (1 << 20):.1f} MiB: only its first and last half MiB were used",)
    return TextInput(text=text, notes=notes)


def _ends(stream: IO[bytes]) -> tuple[bytes, int, bool]:
    """Return the beginning and end of a stream, its length, and whether there was more, in limited memory."""
    half = MOST_BYTES // 2
    head, tail, length, lines = b"", bytearray(), 0, 0
    while length < _MOST_READ:
        block = stream.read(_BLOCK)
        length += len(block)
        lines += block.count(b"\n")
        room = half - len(head)
        head += block[:room]
        tail += block[room:]
        del tail[:-half]
        # A short block is the end; at a terminal another read would wait for a second Ctrl-D.
        if len(block) < _BLOCK:
            break
    # Blank lines replace the omitted ones, so that later lines keep their numbers.
    left_out = min(lines - head.count(b"\n") - tail.count(b"\n"), MOST_BYTES)
    return head + b"\n" * left_out + bytes(tail), length, length >= _MOST_READ


def decoded(raw: bytes) -> str:
    """Decode UTF-8, or UTF-16 as PowerShell writes it; invalid bytes become U+FFFD."""
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return raw.decode("utf-16", "replace")
    return raw.decode("utf-8-sig", "replace")


_SHOWN: Final = 3


def settings() -> Settings:
    """Return the settings. Raise CommandError for a malformed one."""
    with told(SettingsError):
        return load_settings()


def catalog(configured: Settings) -> Catalog:
    """Return the bundled catalog merged with the user's directories."""
    return loaded_catalog(configured).catalog


def loaded_catalog(configured: Settings) -> Loaded:
    """Return the same catalog as it was loaded: a matcher is made from that."""
    loaded = load_catalog(configured.catalog, check=unknown_actions)
    report(loaded.problems)
    return loaded


def engine_of(configured: Settings) -> Engine:
    """Return an engine with the same catalog."""
    from bot.diagnosing import build_engine  # noqa: PLC0415 - `match` needs no cluster

    engine, problems = build_engine(configured.catalog, check=unknown_actions)
    report(problems)
    return engine


def report(problems: Iterable[Problem]) -> None:
    """Report problems of entries on stderr; a broken entry does not affect others."""
    listed = list(problems)
    for problem in listed[:_SHOWN]:
        note(safe_line(str(problem)))
    if len(listed) > _SHOWN:
        note(f"{len(listed) - _SHOWN} more problems in the catalog: casebook lint")


def chosen_language(option: str | None, configured: Settings) -> Language | None:
    """Return the language of the option, else of the setting."""
    return Language(option) if option else configured.lang


def locale() -> str:
    """Return the locale of messages by POSIX precedence."""
    return next((value for name in ("LC_ALL", "LC_MESSAGES", "LANG") if (value := os.environ.get(name, ""))), "")
