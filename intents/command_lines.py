"""Find the names in a pasted command line: `kubectl -n ns describe pod x`, `oc logs x -c y`, `helm -n ns upgrade …`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from intents.kinds import SPELLINGS

IS_NAME: Final = re.compile(r"[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?")
_COMMAND: Final = re.compile(r"(?:^|[\s`$(])(?:kubectl|oc|helm|tkctl|stern|k)\s")
_LONGEST: Final = 500
_FLAGS: Final[Mapping[str, str]] = MappingProxyType(
    {"-n": "namespace", "--namespace": "namespace", "-c": "container", "--container": "container"}
)
# Flags without a value: the next word is not theirs.
_SWITCHES: Final = frozenset({
    "-f", "-p", "-w", "-i", "-t", "-it", "-ti", "-A", "--all-namespaces", "--previous", "--follow", "--watch",
    "--force", "--show-labels", "--no-headers",
})  # fmt: skip
_OF_A_POD: Final = frozenset({"logs", "log", "exec", "attach", "port-forward"})
_VERBS: Final = _OF_A_POD | {
    "get", "describe", "delete", "edit", "patch", "annotate", "label", "scale", "top", "cordon", "drain", "uncordon",
    "restart", "status", "undo",
}  # fmt: skip
_END: Final = frozenset({"--", ">"})
# Between two commands of one line.
_SEPARATOR: Final = re.compile(r";|&&|\|")


def named_in_command(line: str) -> Iterator[tuple[str, str]]:
    """Yield (kind, name) of the flags and after the verb, of each command; nothing for a line without a command."""
    if _COMMAND.search(line):
        for part in _SEPARATOR.split(line):
            yield from _named(part)


def _named(line: str) -> Iterator[tuple[str, str]]:
    command = _COMMAND.search(line)
    if command is None:
        return
    words = iter(_words(line[command.end() : command.end() + _LONGEST]))
    verb = kind = ""
    for word in words:
        if word in _END:
            return
        if word.startswith("-"):
            value = "" if word in _SWITCHES else next(words, "")
            if (flag := _FLAGS.get(word)) and IS_NAME.fullmatch(value):
                yield flag, value
        elif kind and IS_NAME.fullmatch(word):
            yield kind, word
            kind = ""
        elif verb in _OF_A_POD and IS_NAME.fullmatch(word):
            yield "pod", word
            verb = ""
        elif word in _VERBS:
            verb = word
        elif verb:
            kind = SPELLINGS.get(word, "")


def _words(text: str) -> Iterator[str]:
    """Yield the words of a command; `--flag=value` is two, the selector `app=web` is one."""
    for word in text.split():
        flag, equals, value = word.partition("=")
        if word.startswith("-") and equals:
            yield flag
            yield value
        else:
            yield word
