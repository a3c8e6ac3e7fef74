"""Find the names in a pasted command line, and where a command of ours says that its object is.

`kubectl -n ns describe pod x`, `oc logs x -c y`, `helm -n ns upgrade …`; `-n NS`, `--context C`, `in NS`,
`in cluster C`, `@C`. Pure, never raises.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Final

from intents.kinds import SPELLINGS
from intents.spoken_names import is_word

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
# What stands before a command that was copied, with or without a prompt; after other words it is part of a sentence.
_PROMPT: Final = re.compile(r"(?:^|[$#>%`(])\s*$")
# No ordinary word looks like this.
_TELLING: Final = re.compile(r"[\d.-]")
# Between two commands of one line.
_SEPARATOR: Final = re.compile(r";|&&|\|")


def named_in_command(line: str) -> Iterator[tuple[str, str]]:
    """Yield (kind, name) of the flags and after the verb, of each command; nothing for a line without a command.

    A sentence goes on after a command: "kubectl get pods lists nothing" names no pod.
    """
    if _COMMAND.search(line):
        for part in _SEPARATOR.split(line):
            yield from _named(part)


def _named(line: str) -> Iterator[tuple[str, str]]:
    command = _COMMAND.search(line)
    if command is None:
        return
    left = list(_words(line[command.end() : command.end() + _LONGEST]))[::-1]
    is_told = not _PROMPT.search(line[: command.start() + 1])
    verb = kind = ""
    while left:
        word = left.pop()
        if word in _END:
            return
        if word.startswith("-"):
            value = left.pop() if left and word not in _SWITCHES else ""
            if (flag := _FLAGS.get(word)) and IS_NAME.fullmatch(value):
                yield flag, value
        elif (of := kind or ("pod" if verb in _OF_A_POD else "")) and IS_NAME.fullmatch(word):
            if _goes_on(word, left[-1:], is_told=is_told):
                return
            yield of, word
            kind, verb = "", verb if kind else ""
        elif word in _VERBS:
            verb = word
        elif verb:
            kind = SPELLINGS.get(word, "")


def _goes_on(word: str, after: Sequence[str], *, is_told: bool) -> bool:
    """Tell whether a word where a command has its name is one of the sentence that the command is told in."""
    if _TELLING.search(word) or not after or after[0].startswith("-"):
        return False
    return is_told or is_word(word) or is_word(after[0])


def _words(text: str) -> Iterator[str]:
    """Yield the words of a command; `--flag=value` is two, the selector `app=web` is one."""
    for word in text.split():
        flag, equals, value = word.partition("=")
        if word.startswith("-") and equals:
            yield flag
            yield value
        else:
            yield word


# Clients turn two hyphens into one long dash.
DASHES: Final = "–—−"
_NAMESPACE_FLAG: Final = re.compile(r"(?:-n|--namespace|-namespace)(?:=(.*))?")
_CLUSTER_FLAG: Final = re.compile(r"--?(?:context|cluster)(?:=(.*))?")
_LONG_FLAGS: Final = ("namespace", "context", "cluster")
_IN: Final = frozenset({"in", "on", "@", "of", "在"})
_THE_NAMESPACE: Final = frozenset({"ns", "namespace", "命名空间"})
_THE_CLUSTER: Final = frozenset({"cluster", "context", "集群"})
# Names of contexts that no namespace can have: kubernetes-admin@kubernetes, gke_shop_europe-west1_prod.
_ONLY_A_CLUSTER: Final = re.compile(r"(?=.*[_:@/])[A-Za-z0-9][\w:@/.-]{0,252}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """The place that a text names. `namespace` and `cluster` were named as such; `places` followed "in"."""

    namespace: str = ""
    cluster: str = ""
    places: tuple[str, ...] = ()


def without_where(words: Sequence[str]) -> tuple[list[str], Where]:
    """Return the words that say no place, and the place that the others say.

    Where a place is not the name of a namespace or a cluster, all words are returned, and no place.
    """
    reader = _Reader(rest=list(words))
    reader.read()
    where = _checked(Where(namespace=reader.namespace, cluster=reader.cluster, places=tuple(reader.places)))
    return (reader.left, where) if where is not None else (list(words), Where())


@dataclass(slots=True, kw_only=True)
class _Reader:
    """Reads words in order; `left` are those that say no place."""

    rest: list[str]
    left: list[str] = field(default_factory=list)
    namespace: str = ""
    cluster: str = ""
    places: list[str] = field(default_factory=list)

    def read(self) -> None:
        """Take all words; `in shop`, `in namespace shop`, `in cluster prod` and `@prod` cannot come first."""
        while self.rest:
            word = self.rest.pop(0)
            dashed = _dashed(word)
            if (namespace := self._value(_NAMESPACE_FLAG, dashed)) is not None:
                self.namespace = namespace
            elif (cluster := self._value(_CLUSTER_FLAG, dashed)) is not None:
                self.cluster = cluster
            elif self.left and self.rest and word.lower() in _IN:
                self._place()
            elif self.left and word[:1] == "@" and len(word) > 1:
                self.places.append(word[1:])
            else:
                self.left.append(word)

    def _value(self, flag: re.Pattern[str], word: str) -> str | None:
        """Return the value of a flag, which follows `=` or is the next word; None if the word is another."""
        found = flag.fullmatch(word)
        if found is None or not (found[1] or self.rest):
            return None
        return found[1] or self.rest.pop(0)

    def _place(self) -> None:
        what = self.rest[0].lower() if len(self.rest) > 1 else ""
        if what in _THE_NAMESPACE | _THE_CLUSTER:
            self.rest.pop(0)
        place = self.rest.pop(0)
        if what in _THE_NAMESPACE:
            self.namespace = place
        elif what in _THE_CLUSTER:
            self.cluster = place
        else:
            self.places.append(place)


def _checked(where: Where) -> Where | None:
    """Return the place, with a name that only a cluster can have as its cluster; None if a name is invalid."""
    if where.namespace and not IS_NAME.fullmatch(where.namespace):
        return None
    others = [place for place in where.places if not IS_NAME.fullmatch(place)]
    if not others:
        return where
    if len(others) > 1 or where.cluster or not _ONLY_A_CLUSTER.fullmatch(others[0]):
        return None
    return replace(where, cluster=others[0], places=tuple(place for place in where.places if place != others[0]))


def _dashed(word: str) -> str:
    """Return the word with hyphens where a client made a long dash of them."""
    if word[:1] in DASHES and word[:1]:
        return ("--" if word.lstrip(DASHES).startswith(_LONG_FLAGS) else "-") + word.lstrip(DASHES)
    return word
