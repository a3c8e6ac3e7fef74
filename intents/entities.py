"""Find the names in a line: namespaces, pods, nodes, images, fields … recognised by the text around them.

Every pattern runs in linear time (RE2). One pass over a line finds out which patterns occur; only those are read, so an
ordinary log line costs about a microsecond.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from types import MappingProxyType
from typing import Any, Final

import re2

from intents.kinds import NAMED, SPELLINGS
from intents.named_objects import LABEL, NAME, Entity
from intents.places import IS_NAME, named_in_command
from intents.spoken_names import SPOKEN_PATTERNS, NamePattern, is_telling, is_word

# Longer names are ignored: a DNS-1123 subdomain has at most 253 characters; images and paths may be longer.
_LONGEST: Final = 500
# The memory for the states of RE2's automaton, in bytes: when it is used up, RE2 starts over.
_MEMORY: Final = 32 << 20
# A program's line, in which words beside "pod" are hardly ever names.
_OF_A_LOG: Final = re.compile(r"\W*(?:[IWEF]\d{4} \d|\d{4}-\d\d-\d\d|level=|ts=|time=|[\"']?(?:level|ts|time)[\"']:)")
_LONGEST_SENTENCE: Final = 300
# So many matches of a pattern in a line are read.
_MOST_MATCHES: Final = 100
# So many names of a line are kept, in order.
MOST_ENTITIES: Final = 32

_CAMEL: Final = "|".join(kind.kind for kind in NAMED)
_KIND: Final = "(?i:" + "|".join(sorted((re.escape(kind) for kind in SPELLINGS), key=len, reverse=True)) + ")"
# The words before the first slash of pod/ns/name. Paths begin with "service/" and "job/" too.
_OF_PODS: Final = "(?i:pods?|po|deployments?|deploy|statefulsets?|sts|daemonsets?|ds|replicasets?|rs|cronjobs?|pvc)"
# What may follow a name: nothing that could belong to it, but the dots of one that was cut off.
_NAME_ENDS: Final = r"(?:$|[^-\w]|-[.…])"
# Kinds whose values are not names of Kubernetes objects.
_FREE: Final = frozenset({"image", "field", "value", "code", "api", "taint"})

# Kinds whose objects are in no namespace.
_NOT_IN_NAMESPACES: Final = _FREE | {"container", "cluster", *(kind.word for kind in NAMED if not kind.namespaced)}
_OBJECTS: Final = frozenset(kind.word for kind in NAMED if kind.namespaced) | {"node"}
_PUNCTUATION: Final = ".,:;"
# What follows a name that a client or a person cut off.
_CUT: Final = ("…", "-…", "...", "-...")
_IPV4: Final = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}")


def _as(*kinds: str) -> Callable[[Any], Iterator[Entity]]:
    """Return a reader of a match whose groups are names of these kinds, in order."""

    def read(match: Any) -> Iterator[Entity]:
        named = zip(kinds, match.groups(), strict=True)
        return (Entity(kind=kind, value=value) for kind, value in named if value)

    return read


def _kind_and_name(match: Any) -> Iterator[Entity]:
    kind, namespace, name = match.groups()
    word = SPELLINGS.get(kind.lower(), "")
    if word:
        if namespace:
            yield Entity(kind="namespace", value=namespace)
        yield Entity(kind=word, value=name)


def _looks_generated(match: Any) -> Iterator[Entity]:
    """Yield the name after a kind in prose if it cannot be an English word: with a digit, and a hyphen or a dot."""
    _, _, name = match.groups()
    if is_telling(name):
        yield from _kind_and_name(match)


def _in_path(match: Any) -> Iterator[Entity]:
    namespace, resource, name = match.groups()
    yield Entity(kind="namespace", value=namespace)
    if resource and name and (kind := SPELLINGS.get(resource)):
        yield Entity(kind=kind, value=name)


def _key_and_value(match: Any) -> Iterator[Entity]:
    key, value = match.groups()
    # "Node: says it is full" is a sentence; `node=full` is none.
    if is_word(value) and "=" not in match.group(0) and '"' not in match.group(0):
        return
    if kind := _KEYS.get(key.lower().replace("_", "").replace("-", "").removeprefix("kubernetes.")):
        yield Entity(kind=kind, value=value)


def _involved(match: Any) -> Iterator[Entity]:
    inside = dict(_PAIR.findall(match.group(1)))
    if namespace := inside.get("namespace"):
        yield Entity(kind="namespace", value=namespace)
    if name := inside.get("name"):
        yield Entity(kind=SPELLINGS.get(inside.get("kind", "").lower(), "name"), value=name)


def _group_version(match: Any) -> Iterator[Entity]:
    """Yield an API's group and version, and its APIService, whose name is version.group."""
    before, group, version = match.groups()
    if before is None:
        yield Entity(kind="api", value=f"{group}/{version}")
        yield Entity(kind="apiservice", value=f"{version}.{group}")


def _node(match: Any) -> Iterator[Entity]:
    if not is_word(name := match.group(1)):
        yield Entity(kind="node", value=name)


def _container(match: Any) -> Iterator[Entity]:
    name, after = match.group(1), match.string[match.end() :]
    # runc calls its first process "container init".
    if name not in _NO_CONTAINER and not (name == "init" and after.startswith(("was OOM-killed", "caused"))):
        yield Entity(kind="container", value=name)


_PAIR: Final = re.compile(r"\"?(kind|namespace|name)\"?\s?[:=]\s?\"?([A-Za-z0-9.-]{1,253})\"?")
_NO_CONTAINER: Final = frozenset({
    "a", "an", "and", "app", "are", "as", "at", "by", "cannot", "creating", "exited", "failed", "for", "from", "had",
    "has", "image", "in", "is", "of", "on", "runtime", "status", "that", "the", "to", "was", "which", "will", "with",
})  # fmt: skip
_KEYS: Final[Mapping[str, str]] = MappingProxyType({
    **{field: kind.word for kind in NAMED for field in kind.fields.split()},
    "container": "container", "containername": "container", "image": "image", "containerimage": "image",
})  # fmt: skip

_PATTERNS: Final[tuple[NamePattern, ...]] = (
    # pod/web-0, deployment.apps/web; people write pod/ns/name too, but service/web/health is a path
    NamePattern(rf"(?:^|[\s\"'(\[=,:])({_KIND})/()({NAME})(?:$|[^a-z0-9./-])", _kind_and_name),
    NamePattern(rf"(?:^|[\s\"'(\[=,:])({_OF_PODS})/({LABEL})/({NAME})(?:$|[^a-z0-9./-])", _kind_and_name),
    # Pod "web-0" is invalid; storageclass.storage.k8s.io "fast" not found; pods "ns/x"
    NamePattern(rf"\b({_KIND})s? \"(?:({NAME})/)?({NAME})\"", _kind_and_name),
    # in StatefulSet web; Pod ns/web-0
    NamePattern(rf"\b((?:{_CAMEL}))s?:? (?:({NAME})/)?({NAME}){_NAME_ENDS}", _looks_generated),
    NamePattern(rf"\b((?:{_CAMEL}))s?:? ({NAME})/({NAME}){_NAME_ENDS}", _kind_and_name),
    NamePattern(rf"\bin ((?:StatefulSet|Deployment|DaemonSet|ReplicaSet|Job))() ({NAME}){_NAME_ENDS}", _kind_and_name),
    # create Pod web-0 in …, Created pod: web-0; but "create pod sandbox" has no name
    NamePattern(rf"\b(?:[Cc]reated?|[Dd]eleted?) ((?:Pod|Claim))s?:?() ({NAME}){_NAME_ENDS}", _kind_and_name),
    NamePattern(rf"\b(?:[Cc]reated|[Dd]eleted) (pod):() ({NAME}){_NAME_ENDS}", _kind_and_name),
    # the pod web-7c5f9d-x2x9k keeps restarting; node ip-10-0-71-18.ec2.internal
    NamePattern(
        rf"(?:^|[^-\w])(pod|node|deployment|statefulset|daemonset|pvc)s? (?:({LABEL})/)?({NAME}){_NAME_ENDS}",
        _looks_generated,
    ),
    # /api/v1/namespaces/x/pods/y, /apis/coordination.k8s.io/v1/namespaces/x/leases/y, /api/v1/nodes/n
    NamePattern(rf"/namespaces/({LABEL})(?:/([a-z]+)/({NAME}))?", _in_path),
    NamePattern(rf"/api/v1/nodes/({NAME})", _as("node")),
    # the kubelet's name_namespace(uid); klog's pod="ns/name"
    NamePattern(rf"(?:^|[^-.\w])({NAME})_({LABEL})\([0-9a-f-]+\)", _as("pod", "namespace")),
    NamePattern(rf"\bpods?=\"?({LABEL})/({NAME})", _as("namespace", "pod")),
    NamePattern(rf"\bcontainer(?:Name)?[:=] ?\"?({LABEL})\"?\)", _as("container")),
    NamePattern(rf"\b[Cc]ontainer \"?({LABEL})\"?(?: |$)", _container),
    NamePattern(
        rf"for \"({LABEL})\" with (?:CreateContainer|CrashLoop|RunContainer|ErrImage|ImagePull|InvalidImage)",
        _as("container"),
    ),
    # JSON, YAML, logfmt keys
    NamePattern(r"\"?involvedObject\"?\s?[:=]\s?(?:&?\w*\.?\w*)?\{([^}]*)\}", _involved),
    NamePattern(
        r"(?:^|[\s\"',{(\[])((?i:(?:kubernetes[._])?(?:namespace|pod|node|container)(?:[_-]?(?:name|namespace|image))?|image"
        rf"|{'|'.join(_KEYS)}))\"?\s?[:=]\s?\"?([A-Za-z0-9][A-Za-z0-9._:@/-]*)",
        _key_and_value,
    ),
    # locks and leases
    NamePattern(rf"\b(?:lease|[Ll]ease|lock|leader lease):? ({LABEL})/({NAME})", _as("namespace", "lease")),
    # images
    NamePattern(r"\b[Ii]mage:? \"([^\s\"]+)\"", _as("image")),
    NamePattern(r"\bmanifest for ([^\s\"]+) not found", _as("image")),
    # names under a service
    NamePattern(rf"\b({LABEL})\.({LABEL})\.({LABEL})\.svc(?:$|[^-\w])", _as("pod", "service", "namespace")),
    NamePattern(rf"(?:^|[^a-z0-9.-])({LABEL})\.({LABEL})\.svc(?:$|[^-\w])", _as("service", "namespace")),
    # fields, values, codes, APIs
    NamePattern(r"\b((?:spec|metadata|status|data)(?:\.[A-Za-z][\w-]*|\[[^\]\s]*\])+)", _as("field")),
    NamePattern(r"(?:Invalid|Unsupported|Duplicate) value: \"([^\"]*)\"", _as("value")),
    NamePattern(
        r"\b(?i:exit(?:ed)?(?: with)?(?: code| status)?|errno|statuscode|http status)[:= ]+(?:code )?(\d+)\b",
        _as("code"),
    ),
    NamePattern(
        r"(/)?\b([a-z0-9-]+(?:\.[a-z0-9-]+)*\.(?:k8s\.io|coreos\.com|pingcap\.com|sh|io))/(v\d[a-z0-9]*)\b",
        _group_version,
    ),
    NamePattern(r"\b(v\d[a-z0-9]*\.[a-z0-9.-]*[a-z0-9]\.(?:k8s\.io|sh|io|com))\b", _as("apiservice")),
    NamePattern(r"\btaints?\(?s?\)? \{([^{}:]+): ?[^{}]*\}", _as("taint")),
    NamePattern(rf"\b(?i:tidbcluster|tc):? \[?({LABEL})/({LABEL})\]?", _as("namespace", "tidbcluster")),
    # Old versions of kubectl describe: the second column of an event is "kubelet, node"
    NamePattern(rf"\bkubelet, ({NAME}){_NAME_ENDS}", _as("node")),
    NamePattern(rf"\bto node \"?({NAME})", _node),
    NamePattern(rf"Successfully assigned ({LABEL})/({NAME}) to ({NAME})", _as("namespace", "pod", "node")),
    NamePattern(rf"(?i:node)[ :]+\"({NAME})\"", _as("node")),
    *SPOKEN_PATTERNS,
)
_GUESSES: Final = frozenset(index for index, pattern in enumerate(_PATTERNS) if pattern.guesses)


def _compiled() -> tuple[Any, tuple[Any, ...]]:
    """Return the set that finds out which patterns occur, and the patterns."""
    options = re2.Options()
    options.log_errors = False
    options.max_mem = _MEMORY
    which = re2.Set.SearchSet(options)
    for pattern in _PATTERNS:
        which.Add(pattern.pattern)
    which.Compile()
    return which, tuple(re2.compile(pattern.pattern, options) for pattern in _PATTERNS)


_WHICH, _COMPILED = _compiled()


def entities_in(line: str) -> tuple[Entity, ...]:
    """Return the names in a line, each once, the most certain first."""
    found: dict[Entity, Entity] = {}
    for name in _names_in(line):
        if len(found) >= 2 * MOST_ENTITIES:
            break
        _keep(found, name, line)
    if not found:
        return ()
    names = sorted(found.values(), key=lambda name: not name.certain)
    return tuple(paired(names)[:MOST_ENTITIES])


def _names_in(line: str) -> Iterator[Entity]:
    """Yield what the patterns read, one after the other."""
    yield from paired([Entity(kind=kind, value=value) for kind, value in named_in_command(line)])
    of_person = len(line) <= _LONGEST_SENTENCE and not _OF_A_LOG.match(line)
    for index in sorted(_WHICH.Match(line) or ()):
        if index in _GUESSES and not of_person:
            continue
        for match in islice(_COMPILED[index].finditer(line), _MOST_MATCHES):
            yield from paired(list(_PATTERNS[index].read(match)))


def paired(names: Sequence[Entity]) -> Sequence[Entity]:
    """Return names that stand together with their namespace, if exactly one stands there."""
    if len(names) < 2:
        return names
    namespaces = {name.value for name in names if name.kind == "namespace" and name.certain}
    if len(namespaces) != 1:
        return names
    (namespace,) = namespaces
    return [
        name if name.namespace or name.kind in _NOT_IN_NAMESPACES else replace(name, namespace=namespace)
        for name in names
    ]


def _keep(found: dict[Entity, Entity], name: Entity, line: str) -> None:
    if len(name.value) > _LONGEST:
        return
    if name.kind not in _FREE:
        if name.value[-1:] in _PUNCTUATION:
            name = replace(name, value=name.value.rstrip(_PUNCTUATION))
        if not IS_NAME.fullmatch(name.value):
            return
        if (
            name.kind != "container"
            and ("…" in line or "..." in line)
            and any(f"{name.value}{dots}" in line for dots in _CUT)
        ):
            name = replace(name, value=f"{name.value}…", certain=False)
        elif name.certain and name.kind in _OBJECTS and _IPV4.fullmatch(name.value):
            name = replace(name, certain=False)
    known = found.get(name)
    if known is None or (name.certain, bool(name.namespace)) > (known.certain, bool(known.namespace)):
        found[name] = name
