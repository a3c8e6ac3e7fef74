"""Find the subject of a decision: its action, objects and target version, and whether it covers all of them.

Two statements of the same action are about the same subject only if they share a name. Names that differ by number
(pd-1 and pd-2) and different places (eu and us) are different subjects, whatever else they share.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Final

from intents.chronicle.action_phrases import ACTIONS, topic_in
from intents.chronicle.facts import Fact, FactKind

_CLAUSES: Final = re.compile(
    r"[,，、;；。]|\s[-–—]+\s|(?<!\d)[:：](?!\d)|\.\s|\b(?:because|since|so that|until|while|which|but|as soon as)\b"
    r"|因为|由于|但是?|然后"
)
_LINK: Final = re.compile(r"https?://\S+")
_MENTION: Final = re.compile(r"@\w+")
_TIME: Final = re.compile(r"\b\d{1,2}[:：]\d\d(?::\d\d)?\b")
_WORD: Final = re.compile(r"[a-z0-9](?:[a-z0-9._/#-]*[a-z0-9])?")
_HAN: Final = re.compile(r"[\u3400-\u9fff]{2,}")
_VERSION: Final = re.compile(r"v?\d[\d.]*(?:-[\w.]+)?%?|v\d\S*")
_NAME: Final = re.compile(r"(?=\S*[a-z])\S*\d\S*|[a-z]+(?:[-/_][a-z]+)+")
_PLACE: Final = re.compile(
    r"(?:[a-z]+-)?(?:eu|us|ap|cn|sa|af|dc|az|prod|prd|stage|staging|stg|dev|preprod|canary|dr|region|zone|idc)\d{0,3}"
    r"(?:-(?:east|west|north|south|central|northeast|southeast|northwest|[a-z]?\d{1,2}[a-z]?|[a-z])){0,3}"
)
_PARTLY: Final = re.compile(
    r"\b(?:half|partly|partially|most(?:ly)?|some|first (?:one|batch|half|node|pod)|one of|so far|almost|nearly"
    r"|canary|staging|not all|the rest|remaining)\b|部分|一半|灰度|第一[台个批]|预发|测试环境|剩下?"
)
_OF: Final = re.compile(r"(?<![\d.])(\d{1,4})\s*(?:/|of|out of)\s*(\d{1,4})(?![\d.])")
_EVERY: Final = re.compile(
    r"\b(?:all(?! (?:good|ok|okay|fine|set|green|clear|well))|both|every|everywhere)\b|全部|所有|都|均|全量"
)
# The target: "to gp3", "is on 4.0.9", "回滚到 4.0.9".
_GOAL: Final = re.compile(
    r"(?:(?<!going )(?<!about )(?<!decided )(?<!agreed )(?<!want )(?<!need )(?<!have )\b(?:to|onto)\b"
    r"|\b(?:is|are|now|back|all) (?:on|at)\b|[到至成])\s*(?:the )?([a-z0-9][a-z0-9._/#-]*[a-z0-9%]|\d)"
)
# "vol-0a41 (control-2)" is one thing with two names.
_ALIAS: Final = re.compile(r"([a-z0-9][a-z0-9._/#-]*) \((?:[a-z]+ )?([a-z0-9][a-z0-9._/#-]*)\)")
_UNIQUE: Final = re.compile(r"(?=(?:\D*\d){3}).*")
# Sorts of things. Two restarts of pods may still differ, but a restart of pods and one of brokers do.
_SORT: Final = re.compile(
    r"(?:pod|node|namespace|deployment|statefulset|daemonset|replica|instance|broker|consumer|worker|job|cronjob|queue"
    r"|flag|toggle|volume|disk|container|shard|server|cert|certificate|alert|ticket)s?"
)
# Words that identify no particular thing.
_NO_THING: Final = re.compile(
    r"a|an|the|it|its|it's|this|that|these|those|them|they|we|we're|we've|i|i'm|i'll|i've|you|he|she|his|her|my"
    r"|our|your|their|us|now|just|already|currently|manually|also|slowly|ok|okay|so|and|or|to|of|on|in|at|by|for"
    r"|from|with|into|is|are|was|were|be|been|being|has|have|had|will|would|let's|let|lets|going|gonna|about"
    r"|start|started|starting|begin|kick|kicking|kicked|off|up|down|out|over|back|again|please|pls|decision"
    r"|decided|agreed|plan|next|step|do|does|did|done|doing|not|no|don't|won't|all|both|every|everything"
    r"|everywhere|tonight|today|progress|way|under|through|complete|completed|finished|applied|live|successful"
    r"|succeeded|change|changes|release|version|deployment|deploy|service|services|app|thing|things|production"
    r"|cluster|team|someone|anyone|everybody|nobody|if|then|too|as|after|before|first|last|old|new|previous|good"
    r"|bad|one|two|three|minutes|minute|seconds|due|hi|hey|update|status|yes|yep|sure|roll|rolled|rolling|fail"
    r"|failed|failing|turn|turned|turning|switch|switched|switching|shut|shutting|put|push|pushed|pushing|apply"
    r"|applying|full|fully|quickly|time|right|still|running|looks|fine"
    r"|hold|holding|held|cancel\w*|abort\w*|calling|called|scrap\w*|against|needed|required|more|waiting|probably"
    r"|never|mind|minds|second|thoughts?|undo|undoing|scratch|forget|skip|ditch|abandon|shelve|park|instead|rather"
    r"|ll|ve|re|don|won|didn|doesn|isn|aren|anymore|longer|revert|reverting|withdraw\w*|better"
)
# The verbs of actions that count only for system parts: "extend" names no thing.
_VERBS: Final = frozenset(
    verb
    for each in ACTIONS
    if each.passive
    for verb in "|".join((each.base, each.ing, each.done)).split("|")
    if re.fullmatch(r"[a-z]+", verb)
)
_NO_THING_ZH: Final = re.compile(
    r"决定|正在|已经|开始|完成|完毕|成功|结束|我们?|这边|大家|先|再|一起|不要|马上|直接|立即|准备|打算|手动|全部|全量|所有|服务"
    r"|系统|集群|节点|版本|发布|变更|现在|目前|刚刚|重新|一下|操作|进行|恢复|正常|把|将|对|的|了|中|都|均|已|就|也|来|到|是|在|和|等|好|做"
)
_ZH: Final = re.compile("|".join(each.zh for each in ACTIONS if each.zh))


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """The object of an action. `names` are things with siblings (pd-1, worker-b), `places` regions and the like.

    `sorts` are kinds of things such as pods and brokers, `words` everything else, `goals` versions and amounts.
    `partly` means only some of them, `every` all of them.
    """

    topic: str = ""
    names: frozenset[str] = frozenset()
    places: frozenset[str] = frozenset()
    words: frozenset[str] = frozenset()
    sorts: frozenset[str] = frozenset()
    goals: frozenset[str] = frozenset()
    partly: bool = False
    every: bool = False

    @property
    def is_nameless(self) -> bool:
        """Return whether it names nothing."""
        return not (self.names or self.places or self.words)

    @property
    def is_several(self) -> bool:
        """Return whether it names several things or places."""
        return len(self.names) > 1 or len(self.places) > 1

    def with_(self, other: Subject) -> Subject:
        """Return what both name; the newer one decides the words and the target."""
        return replace(
            self,
            names=self.names | other.names,
            places=self.places | other.places,
            words=other.words or self.words,
            sorts=self.sorts | other.sorts,
            goals=other.goals or self.goals,
        )

    def contradicts(self, other: Subject) -> bool:
        """Return whether the two cannot be the same, whatever else they share."""
        return any(
            mine and theirs and not mine & theirs
            for mine, theirs in (
                (self.goals, other.goals),
                (self.sorts, other.sorts),
                (self.places, other.places),
                (self.names, other.names),
            )
        )

    def shares(self, other: Subject) -> bool:
        """Return whether both share a name and nothing contradicts."""
        if self.contradicts(other):
            return False
        common = self.names & other.names
        if any(map(is_unique, common)):
            return True
        if self.words and other.words:
            return within(self.words, other.words) or within(other.words, self.words)
        return bool(common)


def subject_of(fact: Fact) -> Subject:
    """Return the subject of a decision, a deployment, or a remark that something is done."""
    if fact.kind is FactKind.REMEDY:
        return _of_remedy(fact)
    return _said(fact.says, fact.template if fact.kind is FactKind.DECISION else "")


def subject_in(plain: str) -> Subject:
    """Return the subject of a text by the action it names."""
    return _said(plain, topic_in(plain))


def things_in(plain: str) -> Subject:
    """Return all things that a text names, for any action."""
    return _said(plain, "")


def is_unique(name: str) -> bool:
    """Return whether only one thing can have the name: a ticket, a change, a volume."""
    return _UNIQUE.fullmatch(name) is not None


def _of_remedy(fact: Fact) -> Subject:
    titles = (fact.title.en, fact.title.zh) if fact.title else (fact.says,)
    topic = next((topic for title in titles if (topic := _topic_of(title))), "")
    return Subject(topic=topic, names=frozenset(subject.name.lower() for subject in fact.objects))


@lru_cache(maxsize=256)
def _topic_of(title: str) -> str:
    return topic_in(title.lower())


@lru_cache(maxsize=4096)
def _said(says: str, topic: str) -> Subject:
    plain = _MENTION.sub(" ", _LINK.sub(" ", says.lower())).replace("`", " ").replace("*", " ")
    counted = [(int(found[1]), int(found[2])) for found in _OF.finditer(plain)]
    partly = _PARTLY.search(plain) is not None or any(some < whole for some, whole in counted)
    clauses = [clause for clause in _CLAUSES.split(_OF.sub(" ", _TIME.sub(" ", plain))) if clause.strip()]
    about = [clause for clause in clauses if topic and topic_in(clause.strip()) == topic] or clauses
    every = any(some == whole for some, whole in counted) or any(map(_EVERY.search, about))
    return replace(_things_of(" ".join(about)), topic=topic, partly=partly, every=every)


def _things_of(told: str) -> Subject:
    """Sort the words of some clauses by what they name."""
    goals = {word for word in _GOAL.findall(told) if not (_NO_THING.fullmatch(word) or topic_in(word))}
    aliases = {first for first, second in _ALIAS.findall(told) if _NAME.fullmatch(first) and _NAME.fullmatch(second)}
    sorted_ = _Sorted(goals=set(map(_without_v, goals)))
    for word in _WORD.findall(told):
        if word not in goals and not _NO_THING.fullmatch(word):
            sorted_.add(word)
    sorted_.words.update(_HAN.findall(_NO_THING_ZH.sub(" ", _ZH.sub(" ", told))))
    return Subject(
        names=frozenset(sorted_.names - aliases),
        places=frozenset(sorted_.places),
        words=frozenset(sorted_.words),
        sorts=frozenset(sorted_.sorts),
        goals=frozenset(sorted_.goals),
    )


@dataclass(slots=True, kw_only=True)
class _Sorted:
    """Words by what they name."""

    goals: set[str]
    names: set[str] = field(default_factory=set)
    places: set[str] = field(default_factory=set)
    words: set[str] = field(default_factory=set)
    sorts: set[str] = field(default_factory=set)

    def add(self, word: str) -> None:
        """Add a word to the first kind that it may be of."""
        if _VERSION.fullmatch(word):
            self.goals.add(_without_v(word))
        elif _PLACE.fullmatch(word):
            self.places.add(word)
        elif _NAME.fullmatch(word):
            self.names.add(word)
        elif _SORT.fullmatch(word):
            self.sorts.add(word.removesuffix("s"))
        elif len(word) > 1 and word not in _VERBS and not topic_in(word):
            self.words.add(word)


def _without_v(word: str) -> str:
    return word.removeprefix("v") if _VERSION.fullmatch(word) else word


def within(few: frozenset[str], many: frozenset[str]) -> bool:
    """Return whether all words of one are among the other's. Chinese is not split: 支付 is within 支付网关."""
    return all(one in many or (_HAN.match(one) and any(one in other for other in many)) for one in few)


def within_any(some: frozenset[str], others: frozenset[str]) -> bool:
    """Return whether a Chinese word of one is part of a word of the other."""
    return any(
        _HAN.match(one) and _HAN.match(other) and (one in other or other in one) for one in some for other in others
    )
