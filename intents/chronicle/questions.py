"""Recognise questions that need an answer, and possible answers.

Questions about progress, presence or a link are small talk. A reply in a thread may be an answer if it says more than
thanks.

Find out which questions are open, and which facts answered the others.

A question is answered when another person later

- says in its thread any fact that is not a question;
- says yes or no outside threads, addressed to the asker or right after a yes-no question;
- states what it asks for within half an hour: taking a role answers who has it, a status whether it is over, a
  deployment which version runs or what was changed;
- states something about the same things, in the same words, within ten minutes;
- gives what it asks for (a number, a version, a person, a time, a reason), right after it or about the same thing;

when the asker says the answer ("answering my own question: …", "turns out …");

or when its subject was decided, by anyone: a decision to roll back answers "should we roll back?".
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from typing import Final

from intents.chronicle.facts import Fact, FactKind, IncidentStatus
from intents.chronicle.message_text import Sentence, is_of_another_time
from intents.chronicle.phrase_rows import OPENING, RUNS_ZH, WHAT_RUNS, first_end, phrases, words
from intents.chronicle.subjects import things_in, within_any

_OPEN: Final = OPENING.replace(r"@\w+|", r"@\w+|does anyone know|do you know|any idea|question|")
_ASKS: Final = re.compile(
    rf"^{_OPEN}(?:should (?:we|i)\b|shall we\b|do we\b|did (?:anyone|anybody|someone|somebody|anything"
    r"|something|we|you|the|that)\b|has (?:anyone|anybody|someone|the)\b|have we\b"
    r"|(?:does|do) (?:anyone|anybody|you|someone) (?:know|have|see|remember)\b|is (?:it|this|that|there) (?:safe|ok"
    r"|just|only|also|possible|any)\b|(?:is|are|was|were) (?!(?:we|you|there|it|this|that|anyone|anybody|everyone"
    r"|someone)\b)[\w@./-]+(?: [\w./-]+){0,5} (?:affected|impacted|down|safe|failing|ok|reachable|available"
    r"|healthy|ready|involved|running|enabled"
    r"|seeing|still|on)\b|what's the (?:blast|impact|scope|plan|cause|error)|what (?:changed|happens?|happened"
    r"|version|caused|else"
    r"|exactly|do we|time|about the)\b|which\b|how (?:many|much|do we|did|are we|is the|far)\b|why (?!do you|did you"
    r"|would you|are you|do i)(?:is|are|did"
    r"|does|do|was|were|would|isn't|aren't|didn't)\b|who (?:owns|changed|deployed|merged|pushed"
    r"|touched|ran|approved)\b|when did\b|where (?:is|are|do|does|did)\b|can we (?:call|close|confirm|roll|re-?start"
    r"|fail|scale|turn|disable|safely|get|re-?enable|declare|stop|drain)\b|anyone (?:else )?(?:know|see|seeing|touch"
    r"|deploy|chang)\w*|know who\b|who owns\b)"
)
_ASKS_WHAT: Final = phrases(
    (r"(?:(?:does anyone know|do you know|any idea|question)[\s:,.!-]*)?what (?:is|was|are|were) the …<runs|trouble>",),
    {"runs": WHAT_RUNS, "trouble": words(r"\b(?:impact|scope|plan|cause|reason|risk|error|difference)\b")},
)
# Questions about a thing named before.
_OF_THEM: Final = re.compile(
    r"\b\w+ .{4,}, (?:do|does|did|are|is|were|was|will|can|should) (?:those|these|they|it|that)\b(?! (?:mean|make|ok"
    r"|good))"
)
_ASKS_ZH: Final = re.compile(
    r"要不要|是否|能不能|可不可以|有没有(?!人(?:在)?$|人[?？])|哪些|哪个|哪里|哪台|多少|为什么|为何|什么原因|谁(?:改"
    r"|动|发|负责|提|部署|批|写)|是谁(?:改|动|发|提)|归谁|谁(?:在)?(?:管|维护)|吗[?？]?$"
)
_TALK: Final = re.compile(
    r"\b(?:any (?:updates?|news|progress|eta)|how's it|how is it going|what's the (?:latest|status|word|eta)"
    r"|what is the (?:latest|status|eta)|zoom|meet|bridge|the call|hear me|dashboards?\b.*\bfor me|access"
    r"|permissions?|on call|oncall|is ic|be ic|scribe|lunch|coffee|when (?:will|can)|was this ever|good\?|we good"
    r"|my side|which one|did you mean|order(?:ed)? food|food|ticket|screen|join|vpn|change request)\b|进展|什么情况"
    r"|恢复了|什么时候|谁在处理|(?<!没)有人(?!改|动|知道|发|碰)|谁有|多久|吃饭|链接|在吗"
    r"|好了吗|会议|截图|这个?图|你来(?:负责|处理|看)|谁值班|通知过|恢复不|明白吗"
    r"|是吗|可以吗\?*$"
)
_RUNS_ZH: Final = re.compile(RUNS_ZH)
_FEWEST_WORDS: Final = 3
_FEWEST_HAN: Final = 5
_HAN: Final = re.compile(r"[\u3400-\u9fff]")
_WORD: Final = re.compile(r"[a-z0-9][a-z0-9'./-]*")

_YES_OR_NO: Final = re.compile(
    r"(?i)^(?:@\w+[\s,]*)?(?:yes|no|yep|nope|yeah|nah|correct|affirmative|negative|是的|没有|不是|对的|有的|不会"
    r"|会的)(?=\W|$)"
)
_SMALL_TALK: Final = re.compile(
    r"^(?:thanks?|thank you|thx|ty|lol|haha|nice|great|cool|ok(?:ay)?|sure|sounds|will do|on it|got it|looking"
    r"|checking|one sec|give me|let me|lemme|i'll (?:check|look|take a look|have)|having a look|same|\+1|lgtm|brb"
    r"|afk|sorry|no worries|good|agreed|done|ack|hm+|not sure|no idea|i don't know|dunno|收到|好的|谢谢|感谢|辛苦"
    r"|我看|稍等|在看|不清楚|不知道|哈+)"
)

# A statement that gives a value, an owner, a place or a reason: outside a thread, only these may answer.
_VALUE: Final = re.compile(
    r"^(?:@\w+[\s,:]*)?(?:about|around|roughly|approximately|nearly|almost|only|just|at least|at most|~|≈|>|<)*\s*"
    r"\d[\d.,]*\s*(?:%|percent\b|k\b|m\b|(?:[\w-]+ )?(?:users?|customers?|tenants?|orders?|requests?|nodes?"
    r"|pods?|clusters?|hosts?|regions?|accounts?|merchants?|errors?|replicas?|namespaces?|jobs?)\b)"
    r"|^(?:@\w+\s*)?(?:大概|约|大约|差不多|只有|仅|一共|总共)\s*[\d一二两三四五六七八九十百千万]"
)
_SHORT_ANSWER: Final = re.compile(r"^(?:yes|no|yep|nope|yeah|nah|是的|没有|不是|对的|有的|不会|会的)[,，:]\s?\S.{3,}")
_OWNS: Final = re.compile(
    r"^(?:the |our |team )?[\w@./ -]{2,30} (?:owns?|changed|merged|deployed|pushed|touched|approved|enabled"
    r"|disabled|ran) "
    r"(?:the |that |this |it$|our )|^(?:the )?[\w@-]+(?: team)? (?:does|did|do)(?=$|[,.;])|^(?:nobody|no one"
    r"|no-one|none of us) (?:changed|touched|deployed|merged|pushed|ran|did)\b"
    r"|没(?:有)?人(?:(?:改|动|发|碰)过|发版|发布|上线|变更)|(?:归|由)\S{1,10}(?:负责|团队|组)|是\S{1,8}(?:改的|发的|动的|上的)"
)
_STATE: Final = re.compile(
    r"^(?:@\w+[\s,:]*)?(?:the |our |it |that |all |both |only )?[\w@./ -]{0,40}?\b(?:is|are|was|were|runs?"
    r"|uses?|lives|points)\b "
    r"(?:now |still |not |only |all |already )*(?:reachable|unreachable|safe|affected|unaffected|impacted"
    r"|enabled|disabled|on v?\d|in [a-z]+-|v?\d+\.\d|the (?:same|old|new|only)\b)"
    r"|(?:可达|不可达|能通|不通|受影响|不受影响|没受影响|跑的是|用的是)"
)
_REACHABLE: Final = re.compile(
    r"^(?:the |our |it |all |both )?[\w@./ -]{0,40}?\b(?:is|are) (?:now |still |not )*(?:un)?reachable\b"
)
_VERSION: Final = re.compile(r"(?:@\w+[\s,]*)?(?:it's |we're on |we run |we shipped )?v?\d+(?:\.\d+)+(?:[-+][\w.]+)?")
_DATED: Final = re.compile(
    r"^(?!(?:i|we|my|the call|the meeting)\b)[\w -]{3,50} (?:is|are|was|were) (?:from|since|at) \d{1,2}:\d\d\b"
)
_UNTOUCHED_ZH: Final = re.compile(r"(?:^|，)[^，。？]{2,14}(?:没有?|不)受?影响")
_SAYS_IT_ANSWERS: Final = re.compile(
    r"^(?:answering my (?:own )?question|to answer (?:my|your|the|that)|found the answer)"
    r"|^(?:自问自答|回答(?:一下)?)"
)
# A person who is still busy with it has no answer yet.
_AT_WORK: Final = re.compile(
    r"^(?:i'm|i am|i'll|i will|we're|let me|lemme|gonna|looking|checking|trying|going|want|need|please|pls|can|could"
    r"|should|if|when|once|maybe i|brb|back in)\b|\b(?:lunch|coffee|zoom|meeting|weekend|printer|laptop|pizza)\b"
    r"|^(?:我去|我来|我看|稍等|等我|等下|帮|麻烦|请|辛苦)|吃饭|会议|打印"
)


def is_question(sentence: Sentence) -> bool:
    """Return whether it asks for something that the incident needs to know or to decide."""
    plain = sentence.plain
    chinese = len(_HAN.findall(plain))
    if chinese >= _FEWEST_HAN:
        asks = (sentence.asks or plain.endswith(("吗", "么"))) and _ASKS_ZH.search(plain) is not None
    else:
        asks = sentence.asks and len(_WORD.findall(plain)) >= _FEWEST_WORDS and _asks(sentence)
    return asks and not _TALK.search(plain) and not is_of_another_time(sentence)


def _asks(sentence: Sentence) -> bool:
    """Return whether it begins as a question, at once or after an introduction."""
    if _OF_THEM.search(sentence.plain):
        return True
    last = next((clause for _, clause in reversed(sentence.clauses)), "")
    if _begins_as_one(sentence.plain):
        return True
    return sentence.plain.count(":") == 1 and _begins_as_one(last)


def is_yes_or_no(says: str) -> bool:
    """Return whether it begins with a yes or a no, perhaps after a mention."""
    return _YES_OR_NO.search(says) is not None


def may_answer(sentence: Sentence, *, in_thread: bool) -> bool:
    """Return whether it may answer somebody.

    In a thread any substantial reply may; elsewhere only a yes or no, or a statement of a value, an owner or a reason.
    """
    plain = sentence.plain
    if sentence.asks or plain.endswith(("吗", "么")):
        return False
    says_so = is_yes_or_no(plain)
    if not in_thread:
        more = len(_WORD.findall(plain)) > 2 * _FEWEST_WORDS or len(_HAN.findall(plain)) > 2 * _FEWEST_HAN
        if says_so:
            return plain.startswith("@") or more or _SHORT_ANSWER.search(plain) is not None
        return not is_of_another_time(sentence) and _tells(plain)
    if says_so:
        return True
    return not _SMALL_TALK.search(plain) and (
        len(_WORD.findall(plain)) > _FEWEST_WORDS or len(_HAN.findall(plain)) >= _FEWEST_HAN
    )


def _tells(plain: str) -> bool:
    """Return whether a statement outside a thread gives a value, an owner, a state or says that it answers."""
    if _SAYS_IT_ANSWERS.search(plain):
        return True
    if _SMALL_TALK.search(plain) or _AT_WORK.search(plain) or re.fullmatch(r"100 ?%", plain):
        return False
    if (_VALUE.search(plain) and "expected" not in plain) or _OWNS.search(plain):
        return True
    if (
        _VERSION.fullmatch(plain.strip(" .!。"))
        or _REACHABLE.search(plain)
        or _UNTOUCHED_ZH.search(plain)
        or _DATED.search(plain)
    ):
        return True
    return _STATE.search(plain) is not None and (bool(WHAT_RUNS(plain)) or _RUNS_ZH.search(plain) is not None)


def _begins_as_one(plain: str) -> bool:
    return _ASKS.search(plain) is not None or first_end(_ASKS_WHAT, plain) is not None


_ANSWERED_WITHIN: Final = timedelta(minutes=10)
_STATED_WITHIN: Final = timedelta(minutes=30)
_RIGHT_AFTER: Final = timedelta(minutes=2)
_ASKS_STATUS: Final = re.compile(
    r"(?i)\b(?:resolved|close|closed|mitigated|over|declare|fixed|recovered|back to normal)\b"
    r"|关闭|结束|解决|恢复|修好|好了"
)
_ASKS_WHO: Final = re.compile(r"(?i)\bwho\b|谁")
_ROLES: Final = {
    "commander": re.compile(r"(?i)\b(?:ic|commander|command|lead|running this|in charge)\b|指挥|牵头|负责"),
    "comms": re.compile(r"(?i)\b(?:comms|communicat\w+|status ?page)\b|沟通|公告|通报"),
    "scribe": re.compile(r"(?i)\b(?:scribe|notes|note-?tak\w+)\b|记录"),
    "ops": re.compile(r"(?i)\b(?:ops|operations)\b|操作|执行"),
}
_ASKS_DEPLOY: Final = re.compile(
    r"(?i)\b(?:which|what) version\b|\b(?:deploy\w*|releas\w+|rolled out|ship\w*|go out|went out|push\w*|chang\w+)\b"
    r"|哪个版本|什么版本|发布|上线|部署|变更|发版"
)
# A yes-no question: a bare yes or no answers it.
_WHETHER: Final = re.compile(
    r"(?i)^(?:\W|@\w+|so|ok|and|hey|anyone|wait)*(?:is|are|was|were|do|does|did|has|have|had|can|could|should|shall|may"
    r"|will|would|any)\b|[吗么][？?]?$|是否|是不是|有没有|要不要|能不能"
)
# The sort of answer that a question asks for, and what such an answer contains.
_SORTS: Final = tuple(
    (re.compile(asks), re.compile(gives))
    for asks, gives in (
        (
            r"(?i)\bhow (?:many|much|far|big|large|often)\b|\bwhat (?:percentage|share|fraction|number)\b|多少"
            r"|几[个台家成次]|多大比例",
            r"(?i)\d|\b(?:all|none|nobody|half|most|a (?:few|third|quarter|handful)|one|two|three|both)\b"
            r"|[一二两三四五六七八九十百千万]+[个台家成]|全部|没有",
        ),
        (r"(?i)\b(?:which|what) (?:version|release|tag|image|build)\b|哪个版本|什么版本|版本是", r"v?\d+(?:\.\d+)*"),
        (
            r"(?i)\bwho\b|谁",
            r"@[A-Z0-9]{2,20}|(?i:\b(?:team|nobody|no one|owns?|owned|belongs|did|does|it was)\b|负责"
            r"|团队|小组|没人|的$)",
        ),
        (
            r"(?i)\b(?:did|has|have) (?:any|some)(?:one|body)\b|有没有人|有人.*[吗么]",
            r"(?i)\b(?:nobody|no one|none|i did|we did|team|yes|no)\b|@[A-Z0-9]{2,20}|没人|没有人|我|团队",
        ),
        (
            r"(?i)\b(?:affected|impacted|down|failing|broken)\b|受影响",
            r"(?i)\b(?:affected|unaffected|impacted|fine|ok(?:ay)?|down|fail\w*|broken|works?|working|only)\b"
            r"|受影响|正常|没事|只有",
        ),
        (
            r"(?i)\bwhen\b|\bwhat time\b|\bsince when\b|什么时候|几点|何时",
            r"\d{1,2}[:：]\d\d|(?i:\b(?:ago|since|at \d|after|before)\b)|点",
        ),
        (
            r"(?i)\bwhy\b|\bwhat caused\b|\bthe cause\b|为什么|为何|原因",
            r"(?i)\b(?:because|since|due to|caused|cause)\b|因为|由于|导致",
        ),
        (
            r"(?i)^(?:\W|@\w+|so|ok|and|hey)*(?:which|where|what)\b|哪[个些里台]",
            r"(?i)^(?:@\w+[\s,:]*)?(?:only|just|it's|the|both|all|in|on|from|none|at)\b|只有|都|全部|在|是",
        ),
    )
)
_OWN_ANSWER: Final = re.compile(
    r"(?i)\b(?:answering my (?:own )?question|to answer my(?:self| own question)|found (?:it|the answer|out)|turns out"
    r"|never ?mind,|nvm,|ok(?:ay)?,? so)|自问自答|回答(?:一下)?(?:我)?自己|查到了|找到(?:答案)?了|原来"
)
_NAMED: Final = re.compile(r"@([A-Z0-9]{2,20})")
_DECIDES: Final = frozenset({FactKind.DECISION, FactKind.REMEDY})
# Kinds that state facts, not only doubts or arrivals.
_STATES: Final = frozenset({FactKind.REPORT, FactKind.STATUS, FactKind.DEPLOY, FactKind.DECISION, FactKind.REMEDY})
# Kinds that answer nothing outside a thread.
_SILENT: Final = frozenset(
    {FactKind.ERROR, FactKind.ALERT, FactKind.HYPOTHESIS, FactKind.LINK, FactKind.PINNED, FactKind.NAMED, FactKind.JOIN}
)
# Only this many of the latest questions are checked.
_LATEST: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionAnswers:
    """The `open` questions, oldest first, and the facts that `answered` the others, by the question's key."""

    open: tuple[Fact, ...]
    answered: Mapping[str, Fact]


def match_answers(ordered: Sequence[Fact]) -> QuestionAnswers:
    """Match answers to questions in ordered facts. Once the incident is resolved no question stays open."""
    waiting = _OpenQuestions()
    for fact in ordered:
        if fact.kind is FactKind.STATUS and fact.state == IncidentStatus.RESOLVED:
            waiting.hear(fact)
            waiting.questions.clear()
        elif fact.kind is FactKind.QUESTION:
            waiting.add(fact)
        else:
            waiting.hear(fact)
    return QuestionAnswers(open=tuple(waiting.questions.values()), answered=waiting.answered)


class _OpenQuestions:
    """Questions that wait for an answer, by key."""

    def __init__(self) -> None:
        self.questions: dict[str, Fact] = {}
        self.answered: dict[str, Fact] = {}

    def add(self, question: Fact) -> None:
        """Add a question."""
        self.questions[question.key] = question

    def hear(self, fact: Fact) -> None:
        """Remove the questions that a fact answers."""
        if not self.questions or (fact.kind in _SILENT and not fact.thread_ts):
            return
        latest = list(islice(reversed(self.questions.values()), None if fact.thread_ts else _LATEST))
        for question in latest:
            if _answers(fact, question):
                self.questions.pop(question.key)
                self.answered[question.key] = fact


def _answers(fact: Fact, question: Fact) -> bool:
    if _decides_it(fact, question) or _tells_status(fact, question):
        return True
    if not fact.user and fact.kind is not FactKind.DEPLOY:
        return False
    if fact.user == question.user:
        return _is_own_answer(fact, question)
    if fact.thread_ts and fact.thread_ts in (question.thread_ts, question.ts):
        return True
    since = fact.at - question.at
    if since <= _STATED_WITHIN and _states_it(fact, question):
        return True
    if since <= _ANSWERED_WITHIN and _is_sort_asked_for(fact, question):
        return True
    if fact.kind is FactKind.ANSWERED and not fact.thread_ts:
        return _replies(fact, question) or (since <= _ANSWERED_WITHIN and _shares_words(fact, question))
    return since <= _ANSWERED_WITHIN and fact.kind in _STATES and _shares_words(fact, question)


def _decides_it(fact: Fact, question: Fact) -> bool:
    return fact.kind in _DECIDES and bool(question.template) and fact.template == question.template


def _tells_status(fact: Fact, question: Fact) -> bool:
    """Return whether a status of the incident, not of one thing, answers a question for it."""
    of_incident = not fact.template and not question.template
    return fact.kind is FactKind.STATUS and of_incident and _ASKS_STATUS.search(question.says) is not None


def _replies(fact: Fact, question: Fact) -> bool:
    """Return whether a remark outside a thread names who asked, or says yes or no right after the question."""
    since = fact.at - question.at
    if since <= _ANSWERED_WITHIN and question.user in _NAMED.findall(fact.says):
        return True
    is_whether = _WHETHER.search(question.says) is not None and not question.thread_ts
    if not is_whether or not is_yes_or_no(fact.says):
        return False
    asked, said = things_in(question.says.lower()), things_in(fact.says.lower())
    return since <= _RIGHT_AFTER or bool((asked.names | asked.words) & (said.names | said.words))


def _is_own_answer(fact: Fact, question: Fact) -> bool:
    """Return whether the asker says that this is the answer."""
    if _OWN_ANSWER.search(fact.says) is None or fact.at - question.at > _STATED_WITHIN:
        return False
    return fact.thread_ts in (question.thread_ts, question.ts)


def _is_sort_asked_for(fact: Fact, question: Fact) -> bool:
    """Return whether a fact gives what the question asks for, about the same thing or right after it."""
    sorts = [gives for asks, gives in _SORTS if asks.search(question.says)]
    if not sorts or sorts[0].search(fact.says) is None or fact.thread_ts or question.thread_ts:
        return False
    if fact.kind is FactKind.ANSWERED and fact.at - question.at <= _RIGHT_AFTER:
        return True
    asked, said = things_in(question.says.lower()), things_in(fact.says.lower())
    common = (asked.names | asked.words | asked.places | asked.sorts) & (
        said.names | said.words | said.places | said.sorts
    )
    return bool(common) or within_any(asked.words, said.words)


def _states_it(fact: Fact, question: Fact) -> bool:
    match fact.kind:
        case FactKind.ROLE | FactKind.HANDOVER:
            asked = _ROLES.get(fact.role)
            return bool(asked and _ASKS_WHO.search(question.says) and asked.search(question.says))
        case FactKind.DEPLOY:
            return _ASKS_DEPLOY.search(question.says) is not None
        case _:
            return False


def _shares_words(fact: Fact, question: Fact) -> bool:
    """Return whether a fact names a thing from the question, or shares two of its words."""
    asked, said = things_in(question.says.lower()), things_in(fact.says.lower())
    common = asked.words & said.words
    return bool(asked.names & said.names) or len(common) > 1 or (not common and within_any(asked.words, said.words))
