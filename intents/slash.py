"""Parse `/diagnose …`, mentions and direct messages: a small grammar over words, English and Chinese.

`/diagnose` is strict and suggests the command that was probably meant. A mention is free: "@casebook pod shop/api-0 is
broken". Everything that is neither an object nor a command is a text to explain. Pure, never raises.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from intents.channel_commands import (
    ChannelCommand,
    LearnedCommand,
    WantedCommand,
    channel_command,
    learned_command,
    mentioned_command,
    wanted_command,
)
from intents.connection_questions import connection_command, spoken_connection
from intents.domain import Text
from intents.kinds import CLUSTER_SCOPED, KINDS, SPELLINGS
from intents.mutes import MuteCommand, mute_command
from intents.places import DASHES, IS_NAME, Where, named_in_command, without_where
from intents.request import whole_cluster
from intents.spelling import Misuse, misspelt
from intents.talk.asks import asked_by_word
from intents.text_cleanup import unformatted


@dataclass(frozen=True, slots=True, kw_only=True)
class TextQuery:
    """A request in words, or with `literal` to explain a text; `cluster` is empty if none was named."""

    text: str
    cluster: str = ""
    literal: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectQuery:
    """A request to diagnose an object; `kind` is as it was written, `namespace` and `cluster` may be empty.

    `place` followed "in", and only the list of clusters can tell what it is. If it equals `namespace`, it is that or a
    cluster; otherwise it is a cluster or a state ("in trouble").
    """

    kind: str
    namespace: str = ""
    name: str
    cluster: str = ""
    place: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class HelpQuery:
    """A request for help; `topic` followed "help"."""

    topic: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MutedQuery:
    """A request for what the channel has muted; with `unmute`, to unmute one of it or "all"."""

    unmute: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class HalfNamed(Misuse):
    """A command that names nothing, or an object only in part: what it names, kind as the API server writes it."""

    kind: str = ""
    namespace: str = ""
    name: str = ""


Command = (
    TextQuery
    | ObjectQuery
    | HelpQuery
    | MutedQuery
    | MuteCommand
    | LearnedCommand
    | ChannelCommand
    | WantedCommand
    | Misuse
)

_HELP: Final = frozenset({"help", "-h", "--help", "?", "？", "usage", "帮助", "用法"})
_GREETINGS: Final = frozenset({"hi", "hello", "你好"})
_COMMAND: Final = "/diagnose"
_EXPLAIN: Final = frozenset({"explain", "text", "解释", "说明"})
_DIAGNOSE: Final = frozenset({"diagnose", "check", "诊断", "检查", "排查", "看看"})
_MUTED: Final = frozenset({"muted", "mutes", "静音列表", "已静音"})
_UNMUTE: Final = frozenset({"unmute", "取消静音"})
_COMMANDS: Final = (
    "help",
    "explain",
    "diagnose",
    "connection",
    "mute",
    "muted",
    "unmute",
    "summary",
    "incident",
    "channel",
    "cluster",
    "learned",
)
# Words of an error, or of what is to be done, that precede a name and are not its kind.
_NO_KIND: Final = frozenset({
    "restart", "bounce", "reboot", "kill", "scale", "rollback", "revert", "drain", "evict", "cordon", "uncordon",
    "suspend", "pause", "stop", "resume", "rerun", "remove", "silence", "snooze", "ignore", "thanks",
    "error", "failed", "failure", "warning", "fatal", "panic", "see", "for", "from", "the", "image", "pulling", "why",
    "with", "and", "not", "has", "was", "get", "post", "put", "delete", "patch", "mount", "open", "read", "write",
})  # fmt: skip
_A_KIND: Final = re.compile(r"[A-Za-z][A-Za-z0-9]{1,62}(?:\.[A-Za-z0-9.-]{1,190})?")
# Before or behind a text to explain: its flag, and the rest.
_CLUSTER_BEFORE: Final = re.compile(rf"[-{DASHES}]{{1,2}}(?:context|cluster)(?:=|\s+)(\S+)\s+(.+)", re.DOTALL)
_CLUSTER_BEHIND: Final = re.compile(rf"(.+?)\s+[-{DASHES}]{{1,2}}(?:context|cluster)(?:=|\s+)(\S+)", re.DOTALL)
_ALL_OF_IT: Final = (["cluster"], ["集群"], ["everything"], ["全部"])
_NOTHING: Final = HalfNamed(says=Text(en="what is to be diagnosed?", zh="要诊断什么？"), usage="KIND NAMESPACE/NAME")


def parse_command(text: str) -> Command:
    """Parse the text after `/diagnose`."""
    said = _without_command(unformatted(text))
    words = said.split()
    if not any(map(str.isalnum, said)) and _first(words or [""]) not in _HELP:
        return _NOTHING
    command = wanted_command(words) or _word_command(said, words)
    command = command or (channel_command(words) if "\n" not in said else None)
    if command is not None:
        return command
    if _first(words) in _DIAGNOSE:
        said, words = _after(said, words[0]), words[1:]
        if not words:
            return _NOTHING
    if "\n" in said:
        return _text(said)
    asked = _asked(said, words, spoken=spoken_connection(said))
    if isinstance(asked, ObjectQuery) and asked.place not in ("", asked.namespace):
        # Every word of a command counts: what is not a namespace is a cluster, or a mistake that is reported.
        return replace(asked, cluster=asked.place, place="")
    if asked is not None:
        return asked
    return _single_word(words[0]) if len(words) == 1 else _text(said)


def parse_message(text: str) -> Command:
    """Parse a mention or a direct message. Only a misspelt command for an incident channel is a misuse."""
    said = _without_command(unformatted(text))
    words = said.split()
    if not words:
        return HelpQuery()
    if len(words) == 1 and _first(words) in _GREETINGS:
        return _text(said)
    if "\n" not in said and (of_channel := mentioned_command(words)) is not None:
        return of_channel
    command = _word_command(said, words)
    if command is None and "\n" not in said:
        command = _asked(said, words[1:] if _first(words) in _DIAGNOSE else words)
    return _text(said) if command is None or isinstance(command, Misuse) else command


def _text(said: str) -> TextQuery:
    """Return a text to explain, with the cluster that was named before it, or behind its one line."""
    if named := _CLUSTER_BEFORE.fullmatch(said):
        return TextQuery(text=named[2].strip(), cluster=named[1])
    named = _CLUSTER_BEHIND.fullmatch(said) if "\n" not in said else None
    return TextQuery(text=named[1], cluster=named[2]) if named else TextQuery(text=said)


def _without_command(said: str) -> str:
    """Return the text without `/diagnose`: Slack has no commands in threads, so people type it in a message."""
    return said[len(_COMMAND) :].strip() if said.partition(" ")[0].lower() == _COMMAND else said


# --- commands of one word -------------------------------------------------------------------------------------------


def _word_command(said: str, words: Sequence[str]) -> Command | None:
    first = _first(words)
    if (first in _HELP and len(words) <= 2) or (first in _GREETINGS and len(words) == 1):
        return HelpQuery(topic=" ".join(words[1:]))
    if asked_by_word((plain := _text(said)).text) is not None:
        return plain
    if first in _EXPLAIN:
        rest = _after(said, words[0])
        if rest:
            return replace(_text(rest), literal=True)
        return Misuse(
            says=Text(en="explain needs the text of an error", zh="explain 后面需要报错文本"), usage="explain ERROR"
        )
    if first in _MUTED and len(words) == 1:
        return MutedQuery()
    if first in _UNMUTE:
        if len(words) > 1:
            return MutedQuery(unmute=" ".join(word.strip("`") for word in words[1:]))
        return Misuse(
            says=Text(
                en="unmute needs to know what: /diagnose muted lists it",
                zh="unmute 后面需要说明取消什么：/diagnose muted 可列出",
            ),
            usage="unmute ID",
        )
    return mute_command(words) or learned_command(words)


def _first(words: Sequence[str]) -> str:
    return words[0].lower().rstrip(":：")


def _after(said: str, word: str) -> str:
    return said[said.index(word) + len(word) :].strip()


def _single_word(word: str) -> Command:
    """Return the command for a single word: a misspelt command, or a name without its kind."""
    bare = word.lower()
    if meant := misspelt(bare, _COMMANDS):
        return Misuse(says=Text(en=f'there is no command "{word}"', zh=f"“{word}”不是可用的命令"), closest=meant)
    if kind := SPELLINGS.get(bare):
        in_namespace = kind != "namespace" and KINDS.get(kind) not in CLUSTER_SCOPED
        return HalfNamed(
            says=Text(en=f"a name is missing: which {word}?", zh=f"缺少名称：哪个 {word}？"),
            usage=f"{word} NAMESPACE/NAME" if in_namespace else f"{word} NAME",
            kind=KINDS.get(kind, ""),
        )
    if IS_NAME.fullmatch(word):
        return HalfNamed(
            says=Text(en=f'what kind of object is "{word}"?', zh=f"“{word}”是什么类型的对象？"),
            closest=f"pod {word}",
            name=word,
        )
    return TextQuery(text=word)


# --- an object ------------------------------------------------------------------------------------------------------


def _asked(said: str, words: Sequence[str], *, spoken: str = "") -> TextQuery | ObjectQuery | Misuse | None:
    """Read a connection, `spoken` or as a command, the whole cluster, or an object, with its place.

    The place: -n NS, "in NS", --context CLUSTER, "in CLUSTER" after a namespace, "in cluster CLUSTER", @CLUSTER.
    """
    bare, where = without_where([word.strip("`") for word in words])
    asked = _connection(bare, where) or (TextQuery(text=spoken) if spoken else None)
    return asked or _whole_cluster(bare, where) or _object(bare, where) or _from_kubectl(said)


def _object(bare: Sequence[str], where: Where) -> ObjectQuery | Misuse | None:
    """Read KIND [NS/]NAME, KIND/[NS/]NAME or NS/NAME (a pod); None for anything else."""
    if len(bare) == 1:
        return _in_one_word(bare[0], where)
    if len(bare) != 2:
        return None
    kind, target = bare
    return _made(kind, target, where) if kind.lower() in SPELLINGS else _of_other_kind(kind, target, where)


def _connection(bare: Sequence[str], where: Where) -> TextQuery | Misuse | None:
    """Read `connection CLIENT SERVICE:PORT`: a text to explain."""
    places = list(where.places)
    if places and not (where.namespace or any("/" in word for word in bare)):
        where = replace(where, namespace=places.pop(0))
    asked = connection_command(bare, where)
    return TextQuery(text=asked, cluster=where.cluster or "".join(places[:1])) if isinstance(asked, str) else asked


def _whole_cluster(bare: Sequence[str], where: Where) -> ObjectQuery | None:
    """Read `cluster`, with the cluster that is meant; with a namespace it asks for that as a whole."""
    if [word.lower() for word in bare] not in _ALL_OF_IT:
        return None
    if where.namespace:
        return ObjectQuery(kind="namespace", name=where.namespace, cluster=where.cluster)
    whole, cluster = whole_cluster(), where.cluster or next(iter(where.places), "")
    return ObjectQuery(kind=whole.kind, name=whole.name, cluster=cluster)


def _in_one_word(word: str, where: Where) -> ObjectQuery | Misuse | None:
    """Read KIND/[NS/]NAME or NS/NAME, which is a pod."""
    parts = word.split("/")
    if len(parts) == 2 and parts[0].lower() not in SPELLINGS:
        return _made("pod", word, where) if all(map(IS_NAME.fullmatch, parts)) else None
    kind, _, target = word.partition("/")
    return _made(kind, target, where) if kind.lower() in SPELLINGS and target else None


def _of_other_kind(kind: str, target: str, where: Where) -> ObjectQuery | Misuse | None:
    """Read two words as a kind that only the cluster knows and a name, where the second is plainly a name."""
    if not _A_KIND.fullmatch(kind) or not all(map(IS_NAME.fullmatch, target.split("/"))):
        return None
    if not (where.namespace or where.places or "/" in target or "." in kind) or kind.lower() in _NO_KIND:
        return None
    if meant := _misspelt_kind(kind):
        namespace = where.namespace or next(iter(where.places), "")
        there = target if "/" in target or not namespace else f"{namespace}/{target}"
        before, _, name = there.rpartition("/")
        return HalfNamed(
            says=Text(en=f'there is no kind "{kind}"', zh=f"没有“{kind}”这种类型"),
            closest=f"{meant} {there}",
            kind=KINDS.get(SPELLINGS[meant], ""),
            namespace=before,
            name=name,
        )
    return _made(kind, target, where)


def _made(kind: str, target: str, where: Where) -> ObjectQuery | Misuse | None:
    before, slash, name = target.rpartition("/")
    if (slash and not IS_NAME.fullmatch(before)) or not IS_NAME.fullmatch(name):
        return None
    if before and where.namespace and before != where.namespace:
        return Misuse(
            says=Text(
                en=f"{target} names the namespace {before}, but {where.namespace} was given too",
                zh=f"{target} 与 {where.namespace} 矛盾",
            ),
            closest=f"{kind} {target}",
        )
    return _placed(ObjectQuery(kind=kind, namespace=before or where.namespace, name=name, cluster=where.cluster), where)


def _placed(asked: ObjectQuery, where: Where) -> ObjectQuery | Misuse:
    """Add the words after "in": the first is the namespace if none was named, the next one the cluster."""
    namespace, places = asked.namespace, [each for each in dict.fromkeys(where.places) if each != asked.cluster]
    if not namespace and places:
        namespace = places[0]
        places = places[1:] if asked.cluster or len(places) > 1 else places
    if len(places) > 1 or (places and asked.cluster and places[0] != namespace):
        return Misuse(
            says=Text(en="more than one cluster was given", zh="指定了多个集群"),
            closest=f"{asked.kind} {namespace}/{asked.name} in {asked.cluster or places[0]}",
        )
    place = places[0] if places and not asked.cluster else ""
    return replace(asked, namespace=namespace, place=place)


def _misspelt_kind(kind: str) -> str:
    """Return the common kind of which a word is a misspelling by one letter; "" for none."""
    word = kind.lower()
    if "." in word or len(word) < 3:
        return ""
    # Two letters lead from one real kind to another: TikvCluster, TidbCluster.
    return misspelt(word, (known for known in SPELLINGS if len(known) > 2), most=1)


def _from_kubectl(said: str) -> ObjectQuery | None:
    """Return the object of a pasted command line, if there is nothing else."""
    if not said.startswith(("kubectl ", "oc ", "k ", "$ kubectl ")):
        return None
    named = dict(named_in_command(said))
    namespace = named.pop("namespace", "")
    named.pop("container", "")
    kind, name = next(iter(named.items()), ("", ""))
    if kind not in KINDS:
        return None
    _, where = without_where(said.split())
    return ObjectQuery(kind=kind, namespace=namespace, name=name, cluster=where.cluster)
