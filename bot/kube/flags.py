"""The flags a container is started with, by its manifest: command and args, a shell line, or environment.

A flag that is given twice has its last value, as in Go's flag packages; a program may see it differently.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import Any, Final

ON: Final = "true"
OFF: Final = "false"
_SHELLS: Final = frozenset({"sh", "bash", "ash"})


def words_of(container: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the words of command and args; a line for a shell (`sh -c "exec /app --flag"`) is split."""
    given = [str(word) for key in ("command", "args") for word in container.get(key) or ()]
    words: list[str] = []
    for index, word in enumerate(given):
        line = index >= 2 and given[index - 1].startswith("-") and given[0].rpartition("/")[2] in _SHELLS
        words += _split(word) if line else [word]
    return tuple(words)


def flag(container: Mapping[str, Any], name: str, *, takes_value: bool = False, env_prefix: str = "") -> str:
    """Return the value of a flag: "true" for one without a value, "false" for --no-<name>, "" where it is not given.

    `--name value` is read only with `takes_value`: after a switch comes an argument of its own. With `env_prefix` the
    program also reads the flag from <prefix><NAME> (kingpin's DefaultEnvars); the command line wins.
    """
    value = ""
    words = words_of(container)
    for index, word in enumerate(words):
        given, equals, text = word.partition("=")
        if given in (f"--{name}", f"-{name}"):
            value = text if equals else ON
            if takes_value and not equals:
                value = words[index + 1] if index + 1 < len(words) else ""
        elif given == f"--no-{name}":
            value = OFF
    return value or (_environment(container, env_prefix, name) if env_prefix else "")


def arguments(container: Mapping[str, Any], taking_values: Sequence[str] = ()) -> tuple[str, ...]:
    """Return the words that are neither program nor flags; `taking_values` are flags whose value is the next word."""
    found: list[str] = []
    words = words_of(container)
    if container.get("command"):
        words = words[1:]
    skip = False
    for word in words:
        if not skip and not word.startswith("-"):
            found.append(word)
        skip = not skip and word.lstrip("-") in taking_values and word.startswith("-")
    return tuple(found)


def _environment(container: Mapping[str, Any], prefix: str, name: str) -> str:
    wanted = prefix + name.upper().replace("-", "_")
    return next((str(each.get("value") or "") for each in container.get("env") or () if each.get("name") == wanted), "")


def _split(line: str) -> list[str]:
    try:
        return shlex.split(line)
    except ValueError:
        return line.split()
