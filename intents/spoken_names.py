"""Find names that a person gives in words: "in namespace mine", "Deployment api", "pod web-0 in shop", "节点 worker-b".

A word is certain where the grammar leaves no other reading: quoted, with a digit and a hyphen, after "in namespace".
Elsewhere it is a guess, which counts once the cluster has such an object. All patterns are for RE2.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

from intents.kinds import NAMED, SPELLINGS
from intents.named_objects import LABEL, NAME, Entity

_WORDS: Final = """
a about above account accounts across addition advance affinity after again against ago alive all already also always
am an and annotate annotation annotations another answer answers anti-affinity any anybody anymore anyone anything
anyway api-server appear
appears apply are around as at attach autoscaler autoscaling away back bad because been before behind being below
between boot boots both broken but by can cannot case cases cause caused charge cidr class close closed cluster
clusters come comes condition conditions connect connects controller controllers cordon correct could count cpu crash
crash-looping crashed crashes crashing crashloop crashloopbackoff crashlooping crashloops created creating creation
current currently days dead delete deleted deleting deletion describe detail details did die died dies different
disappear disappeared discovery disk disruption do does doing done down drain drained during each edit egress eight
either else empty end ended endpoint endpoints ends enough entire error errors even evenly event events eventually
every everybody everyone everything evict evicted evicts exec exist exists exit exited exits exporter expose fact
fail failed failing fails failure
failures few fine finished first five flapping flaps for four from full general get gets getting given goes going gone
good got gpu group groups had half hang hangs happened happening happens has have having he health healthy helm help
here his hours how however http https hundred hung i id if image imagepullbackoff images in info ingress init-
container inside instead into io ip ips is isolation issue issues it its job jobs joined just keep keeps kill killed
kills kind know kubectl kubelet label labels last later leaves left less level lifecycle like limit limits linux list
liveness log logs looks loop loops lost made management many matching maybe me means memory mesh metadata metrics
might minutes missing mode more most mounted mounts moved much must my n name named names near need needs network
networking never new next nine no nobody nodes non-root none nor not nothing now object objects oc of off ok old on
once one
ones only onto oomkilled operator or order other others our out over overloaded own owner page pages parallel
partially particular patch pending per per-node per-pod phase place pod pods policy pool pools port ports possible
practice preemption pressure priority problem problems process prod-like production-like progress proxy pull pulled
pulling pulls question quota quotas ram rather reached read- readiness reading ready really rebooted recover recovered
recovers refused refuses rejected rejects remain remained remains report reported reports request requests resolve
resolves resource resources respond responds response restart restart-loop restarted restarting restarts result right
role rolled rolling rollout run running runs said same sandbox saw say saying says scale scaled scaling schedule
scheduled scheduler scheduling scope scoped second seconds security see seeing seem seemed seems seen selector
selectors server set sets seven several she short short-lived should show showed showing shows shutdown side since
single sit sits six size so some somebody someone somehow something spec specific spread start start-up started
starting starts startup
state states static status stay stays still stop stopped stops storage stuck sub-second such suddenly sync taint
taints take takes target tcp tell tells template templates ten terminated terminates terminating termination than that
the their theirs them then theory there these they thing things this those though thousand three through time times to
together told toleration tolerations too took top topology total tries trouble trying turn turned turns two type types
udp unavailable uncordon under unhealthy unknown unreachable unready unresponsive unschedulable unscheduled until up
update updated updates us usage use used user users uses using usually vain value values vanish vanished version very
via volume volumes wait waiting waits want wants was way we well went were what whats when where whether which while
who
whole why wide will with within without wo won wont work working works would wrong yet you your
"""
PROSE_WORDS: Final = frozenset(_WORDS.split())


_ANY_CASE: Final = r"[A-Za-z0-9](?:[-A-Za-z0-9.]*[A-Za-z0-9])?"
_IPV4: Final = r"\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}"
_OPEN: Final = "[\"'`“‘「『*_]"
_CLOSE: Final = "[\"'`”’」』*_]"
_START: Final = r"(?:^|[^-\w./])"
# The same among Chinese words, which need no space between.
_APART: Final = r"(?:^|[^-A-Za-z0-9_./])"
# What may follow a name; a full stop ends a sentence, and "a.b" is a longer name.
_END: Final = r"(?:$|[^-\w./:=@(\[]|[.:](?:\s|$))"
_NAMESPACE: Final = r"(?i:namespaces?|ns)"
_HAN_NAMESPACE: Final = "(?:命名空间|名字空间|名称空间)"
_IS: Final = "(?:是|为|叫做?|名为|：|:|=)"
_PREPOSITIONS: Final = "in|from|of|inside|within|into|for|under|to|at"
_IN: Final = rf"(?i:{_PREPOSITIONS})"
_SAID: Final = tuple(kind for kind in NAMED if kind.said)
_CAMEL: Final = "|".join(kind.kind for kind in _SAID)
_LOWER: Final = "|".join(word for kind in _SAID for word in kind.said.split())
_HAN_KINDS: Final = {word: kind.word for kind in NAMED for word in kind.han.split()}
_HAN: Final = "|".join(sorted(_HAN_KINDS, key=len, reverse=True))
# Commands with a flag -n of their own.
_OTHER_FLAG: Final = re.compile(r"(?:^|[\s|;&($])(?:head|tail|echo|sed|grep|sort|xargs|nl|netstat|cut|nice)\s[^|]*$")
# Before a kind that is an ordinary noun: "a StatefulSet", "the same Job".
_DETERMINERS: Final = frozenset({
    "a", "an", "any", "another", "both", "each", "every", "its", "my", "new", "no", "of", "old", "one", "other",
    "our", "same", "some", "that", "their", "these", "this", "those", "two", "your",
})  # fmt: skip
_GOES_ON: Final = re.compile(
    r"(?:not|is|was|are|isn't|has|hasn't|have|had|can|can't|cannot|could|does|doesn't|do|did|will|won't|never|keeps?|stays?|got|in|on"
    r"|from|and|or|shows?|says?|fails?|failed|stuck|crashes|crashed|restarts|gets|-n|--namespace)\b"
)
# So many characters beside a name are looked at.
_NEAR: Final = 120
_DIGIT: Final = re.compile(r"\d")
_LETTER: Final = re.compile(r"[a-z]")


class NamePattern(NamedTuple):
    """A pattern, and the reader of the names in its matches."""

    pattern: str
    read: Callable[[Any], Iterator[Entity]]

    @property
    def guesses(self) -> bool:
        """Tell whether it yields nothing that is certain: then only a person's own lines are read for it."""
        return self.read in (_perhaps_object, _perhaps_object_before, _in_place, _unkinded)


def is_word(value: str) -> bool:
    """Tell whether a value is an English word rather than a name."""
    return value.lower() in PROSE_WORDS


def is_telling(value: str) -> bool:
    """Tell whether no English word looks like this: a digit and a letter, with a hyphen or a dot."""
    return bool(_DIGIT.search(value) and _LETTER.search(value) and ("-" in value or "." in value))


def is_compound(value: str) -> bool:
    """Tell whether hyphens join parts of which none is an English word: `checkout-api`, not `crash-looping`."""
    parts = value.lower().split("-")
    return len(parts) > 1 and all(len(part) > 1 and not is_word(part) for part in parts)


def _namespace(match: Any, *, is_certain: Callable[[str], bool] = str.islower) -> Iterator[Entity]:
    value, lowered = match.group(1), match.group(1).lower()
    if not is_word(value) and _LETTER.search(lowered) and lowered not in ("namespace", "ns"):
        yield Entity(kind="namespace", value=lowered, certain=is_certain(value))


def _perhaps_namespace(match: Any) -> Iterator[Entity]:
    yield from _namespace(match, is_certain=_marked)


def _flag(match: Any) -> Iterator[Entity]:
    if not _OTHER_FLAG.search(match.string[max(match.start(1) - _NEAR, 0) : match.start(1)]):
        yield from _namespace(match)


def _marked(value: str) -> bool:
    """Tell whether a word is certainly a name although an English word could stand there."""
    return value == value.lower() and ("-" in value or bool(_DIGIT.search(value)))


def _kind_of(word: str) -> str:
    return _HAN_KINDS.get(word) or SPELLINGS.get(word.lower(), "")


def _reader(*parts: str, certain: bool) -> Callable[[Any], Iterator[Entity]]:
    """Return a reader of a match whose groups are these parts of an object's name, in order; without a kind, a pod."""

    def read(match: Any) -> Iterator[Entity]:
        said = dict(zip(parts, match.groups(), strict=True))
        yield from _named(said.get("kind", "pod"), said.get("namespace"), said["name"], certain=certain)

    return read


# Where the position is unambiguous.
_object = _reader("kind", "namespace", "name", certain=True)
_pod_and_namespace = _reader("name", "namespace", certain=True)
_pod_in_path = _reader("namespace", "name", certain=True)
_perhaps_object = _reader("kind", "name", certain=False)
_perhaps_object_before = _reader("name", "kind", certain=False)


def _object_after_capital(match: Any) -> Iterator[Entity]:
    """Yield the name after a kind in its own spelling: `Deployment api is down`, but not `a Deployment rolled`."""
    before, kind, name = match.groups()
    rest = match.string[match.end(3) : match.end(3) + _NEAR].lstrip()
    ends = not rest or not (rest[0].isalnum() and rest[0].isascii()) or bool(_GOES_ON.match(rest))
    certain = is_telling(name) or (ends and (before or "").lower() not in _DETERMINERS)
    yield from _named(kind, None, name, certain=certain)


def _slashed(match: Any) -> Iterator[Entity]:
    """Yield `pod shop/web-0`; of `pods and/or` nothing, of `pod deleted/web` a guess."""
    kind, namespace, name = match.groups()
    words = is_word(namespace) + is_word(name)
    if words < 2 and _LETTER.search(namespace):
        yield Entity(kind="namespace", value=namespace, certain=not words)
        yield Entity(kind=_kind_of(kind), value=name, namespace=namespace, certain=not words)


def _in_place(match: Any) -> Iterator[Entity]:
    """Yield `pod web-0 in shop`: the place may be a namespace."""
    place = match.group(1)
    if not (is_word(place) or SPELLINGS.get(place)) and _LETTER.search(place):
        yield Entity(kind="namespace", value=place, certain=False)


def _unkinded(match: Any) -> Iterator[Entity]:
    """Yield `shop/web-0` as a guess: an object of any kind, an image, a path."""
    namespace, name = match.groups()
    lettered = _LETTER.search(namespace) and _LETTER.search(name)
    if lettered and not (is_word(namespace) or is_word(name)) and (_marked(name) or _marked(namespace)):
        yield Entity(kind="object", value=name, namespace=namespace, certain=False)


def _addressed(match: Any) -> Iterator[Entity]:
    kind, address = match.groups()
    yield Entity(kind=_kind_of(kind), value=address, certain=False)


def _named(kind: str, namespace: str | None, name: str, *, certain: bool) -> Iterator[Entity]:
    word, lowered = _kind_of(kind), name.lower()
    if not word or is_word(name) or (namespace and is_word(namespace)) or not _LETTER.search(lowered):
        return
    if SPELLINGS.get(lowered):
        return
    if namespace:
        yield Entity(kind="namespace", value=namespace, certain=certain)
    yield Entity(kind=word, value=lowered, namespace=namespace or "", certain=certain and lowered == name)


_QUOTED_NAME: Final = rf"{_OPEN}(?:({LABEL})/)?({NAME}){_CLOSE}"

SPOKEN_PATTERNS: Final[tuple[NamePattern, ...]] = (
    # ns=shop, namespace: shop, (namespace shop), namespace "shop"
    NamePattern(rf"(?:^|[^\w.-]){_NAMESPACE}\s?[:=：]\s?{_OPEN}?({_ANY_CASE})", _namespace),
    NamePattern(rf"[(\[（]{_NAMESPACE}[ :=]+{_OPEN}?({LABEL}){_CLOSE}?\s?[)\],;，）]", _namespace),
    NamePattern(rf"{_START}{_NAMESPACE},? {_OPEN}({LABEL}){_CLOSE}", _namespace),
    # in namespace shop, in the namespace called shop; in the shop namespace, our shop namespace
    NamePattern(
        rf"{_START}{_IN}\s+(?i:the\s+|our\s+|my\s+)?(?i:k8s\s+|kubernetes\s+)?{_NAMESPACE}\s+"
        rf"(?i:called\s+|named\s+)?{_OPEN}?({_ANY_CASE})",
        _namespace,
    ),
    NamePattern(
        rf"{_START}(?i:{_PREPOSITIONS}|the|our|my)\s+(?i:the\s+|our\s+|my\s+)?{_OPEN}?({LABEL}){_CLOSE}?\s+{_NAMESPACE}\b",
        _namespace,
    ),
    # namespace shop: …, namespace is shop; a word in the middle of a sentence is a guess
    NamePattern(rf"{_START}{_NAMESPACE}\s+(?i:is\s+|called\s+|named\s+)({LABEL}){_END}", _namespace),
    NamePattern(rf"{_START}{_NAMESPACE}\s+({LABEL})(?:$|\s*[,;!?)，。；]|[.:](?:\s|$)|\s+and\b)", _namespace),
    NamePattern(rf"{_START}{_NAMESPACE}\s+({LABEL}){_END}", _perhaps_namespace),
    # 命名空间 shop, 命名空间是 shop, shop 命名空间, shop ns 下
    NamePattern(rf"{_APART}(?i:namespace|ns)\s?{_IS}\s?{_OPEN}?({LABEL})", _namespace),
    NamePattern(rf"{_APART}(?i:namespace|ns)\s?{_OPEN}?({LABEL}){_CLOSE}?\s?[\p{{Han}}，。；、]", _namespace),
    NamePattern(rf"{_HAN_NAMESPACE}\s?{_IS}?\s?{_OPEN}?({LABEL})", _namespace),
    NamePattern(rf"{_OPEN}?({LABEL}){_CLOSE}?\s?(?:这个|的)?\s?{_HAN_NAMESPACE}", _namespace),
    NamePattern(rf"(?:^|[\s\p{{Han}}])({LABEL})\s(?i:namespace|ns)\s?[里下中内的]", _namespace),
    # pod web -n shop, outside of a command
    NamePattern(rf"(?:^|[\s(])(?:-n|--?namespace|[–—](?:n|namespace))[ =]{_OPEN}?({LABEL})", _flag),
    # the name of a place after an object or an error: pod web-0 in shop
    NamePattern(rf"[\w\"'`)] (?:in|from|@) {_OPEN}?({LABEL}){_CLOSE}?(?:$|\s*[,;:!?)，。]|\.(?:\s|$)|\s)", _in_place),
    NamePattern(rf"在\s?({LABEL})(?:\s?[\p{{Han}}，。]|$)", _in_place),
    NamePattern(rf"(?:^|[\s\p{{Han}}])({LABEL})\s?(?:里|中|下)面?的", _in_place),
    # Deployment api; deployment "api"; pod `web`; 节点 worker-b
    NamePattern(rf"{_START}((?i:{_LOWER}|{_CAMEL}))s?[:：]? ?{_QUOTED_NAME}", _object),
    NamePattern(rf"({_HAN})[:：]?\s?(?:{_OPEN}(?:({LABEL})/)?({NAME}){_CLOSE})", _object),
    NamePattern(
        rf"(?:^|[^-\w./\s]\s*|([\w'-]+)\s+)((?:{_CAMEL})) ({NAME}){_END}",
        _object_after_capital,
    ),
    NamePattern(rf"{_START}((?i:{_LOWER}))s?[:：]? ({LABEL})/({NAME}){_END}", _slashed),
    # pod web -n shop, deployment api in namespace shop
    NamePattern(
        rf"{_START}((?i:{_LOWER}))s?() ({NAME}),? "
        rf"(?:(?:-n|--?namespace|[–—]n)[ =]|\(?(?:in |from )?(?:the )?{_NAMESPACE}[ :=])",
        _object,
    ),
    NamePattern(rf"{_START}((?i:{_LOWER}))s?[:：]? ({_ANY_CASE}){_END}", _perhaps_object),
    NamePattern(rf"({_HAN})[:：]?\s?({NAME})", _perhaps_object),
    NamePattern(rf"(?:^|[\p{{Han}}])([Pp]od)\s?({NAME})[\p{{Han}}]", _perhaps_object),
    # the api deployment, web-0 pod
    NamePattern(rf"(?:^|[^-\w./=:@])({NAME}) ((?:{_LOWER}))(?:$|[^-\w=:/])", _perhaps_object_before),
    # pod=web, deployment=api
    NamePattern(rf"{_START}((?i:{_LOWER}))()[=]{_OPEN}?({NAME}){_END}", _object),
    # (pod: "web-0_shop"), pod web-0_shop; /var/log/pods/shop_web-0_…, k8s_app_web-0_shop_…
    NamePattern(rf"(?i:pods?)[:=]? ?[(\[]?{_OPEN}?({NAME})_({LABEL})(?:$|[^-\w.])", _pod_and_namespace),
    NamePattern(rf"/var/log/pods/({LABEL})_({NAME})_", _pod_in_path),
    NamePattern(rf"(?:/var/log/containers/|k8s_[a-zA-Z0-9-]+_)({NAME})_({LABEL})_", _pod_and_namespace),
    # pod 10.0.0.7
    NamePattern(rf"{_START}((?i:pod|node|service))(?:s|'s)?(?: ip| IP)?[:=]? ?({_IPV4})(?:$|[^.\d])", _addressed),
    NamePattern(rf"(?:^|[\s(\[\"'`“「])({LABEL})/({NAME})(?:$|[\s,;:)\]\"'`”」，。]|\.(?:\s|$))", _unkinded),
)
