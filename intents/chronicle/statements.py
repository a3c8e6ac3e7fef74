"""Extract the facts of one message in its current version, each with the sentence that states it.

No model guesses here. Tables of phrases recognise a status, a decision, a role, a suspicion, a report or a question in
English and Chinese; denials, questions, quotes, conditions and other times do not count. Precision is preferred to
recall: a missed fact can be pinned, a wrong one misleads people at night.

"Done", "✅", "搞定" or a new state are not a fact by themselves: their meaning comes from the decision that they reply
to or that names the same thing. Partly done, doubtful and future things do not count.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from intents.chronicle.action_phrases import topic_in
from intents.chronicle.decisions import checked_in, decisions_in, intention_in, takes_back
from intents.chronicle.facts import (
    CHECKED,
    DONE,
    EXTENT,
    RECOVERED,
    DecisionState,
    DeployState,
    Fact,
    FactKind,
    IncidentStatus,
    LinkKind,
    MessageLink,
)
from intents.chronicle.machine_text import announcement_in, errors_in, is_deploy, is_printed, named_in, template_of
from intents.chronicle.message_text import (
    MessageText,
    Sentence,
    clauses_that_state,
    excerpt,
    is_stated,
    is_whole,
    parse_message,
    read_together,
    sentences_of,
)
from intents.chronicle.phrase_rows import OPENING
from intents.chronicle.questions import is_question, may_answer
from intents.chronicle.reports import is_extent, is_plain_report, is_report
from intents.chronicle.roles import roles_in
from intents.chronicle.statuses import recovers, status_in
from intents.chronicle.suspicions import fault_in, suspicion_in
from intents.domain import Verdict

_TICK: Final = (
    r":(?:white_check_mark|heavy_check_mark|ballot_box_with_check|check|check_mark|done|white_tick):|[✅✔☑]\ufe0f?"
)
_TICKED: Final = re.compile(rf"\s*(?:(?:{_TICK})\s*)+")
_DONE_EN: Final = re.compile(
    rf"^(?!(?:@\w+[\s,]*)?well done){OPENING}(?:(?:that|this|it|all|everything)(?:'s|'re| is| are| has been)? )?"
    r"(?:now |all |both )?(?:done|completed?|finished|through|in place|applied|rolled out)(?: now| too| everywhere)?$"
    r"|^it worked$"
)
_DONE_ZH: Final = re.compile(
    r"^(?:@\w+\s*)?(?:都|全部|已经?|这边)*(?:(?:搞定|弄好|做好|做完|处理完|处理好|完成|执行完|操作完|弄完)了?|好了|完事了?)$"
)
_VERSION: Final = r"v?\d+(?:\.\d+)+[\w.+-]*"
# "kyverno-policies is back to 1.9", "control-2 is on gp3 now", "checkout 已回到 4.0.9".
_BROUGHT_EN: Final = re.compile(
    rf"^{OPENING}(?:the |all (?:the )?|both )?[\w./-]+(?: [\w./-]+){{0,3}} (?:is|are|'s) (?:now )?(?:all )?(?:now )?"
    rf"(?:back |running |live )?(?:to|on|at) (?:the )?(?:{_VERSION}|(?:previous|old|last good|new|prior) (?:version"
    r"|release|image|config)|[a-z]{1,5}\d[\w-]*)\b"
)
_BROUGHT_ZH: Final = re.compile(
    rf"^(?P<what>[^，。]{{1,24}}?)\s*(?:都|已经?|现在)*\s*(?:回到|退回到?|恢复到|换到|升到|降到|切到)\s*(?:了\s*)?(?:{_VERSION}"
    r"|(?:上一?个?|旧|老|之前的?)版本?)\s*(?:了|上)?"
)
# Words for a part or a delay.
_STILL: Final = re.compile(
    r"\b(?:still|until|except|apart from|one more|next|then|soon|minutes?|min|secs?|seconds?|waiting|rest|others?)\b"
    r"|还|除了|等|剩|接下来|另"
)


def is_done(sentences: Sequence[Sentence], line: str) -> bool:
    """Return whether a reply in `line` first of all says that the task is done."""
    if _TICKED.fullmatch(line):
        return True
    if not sentences:
        return False
    first = sentences[0]
    if first.asks or not first.clauses:
        return False
    start, clause = first.clauses[0]
    if _STILL.search(first.plain):
        return False
    found = _DONE_EN.search(clause) or _DONE_ZH.search(clause)
    return found is not None and is_whole(clause) and is_stated(first, start, start + found.end())


def brought_about(sentence: Sentence) -> bool:
    """Return whether a sentence names the version or form that something has now."""
    if _STILL.search(sentence.plain):
        return False
    return any(map(is_whole, clauses_that_state(sentence, (_BROUGHT_EN, _BROUGHT_ZH))))


# No message states more; of a pasted report the beginning and the end count.
MOST_FACTS: Final = 12
_MOST_LINES: Final = 40
# Code quoted inside a sentence.
_CODE: Final = re.compile(r"`([^`\n]{12,2000})`")
# A link of another kind alone (a picture, a call) is not a fact.
_TELLING: Final = frozenset(LinkKind) - {LinkKind.OTHER, LinkKind.CHANNEL}
# A bot's report that a change was proposed or made, not a comment on it.
_CHANGED: Final = re.compile(
    r"(?i)(?:提交|创建|新建|打开|合并|关闭)了?(?:一个)?(?:新的?)?\s?(?:合并|拉取)请求"
    r"|\b(?:pull|merge) request\b.{0,40}\b(?:opened|merged|reverted)\b|\b(?:opened|merged) .{0,60}\b(?:pull"
    r"|merge) request\b"
)
# An announcement that the cause was found is also a status.
_FOUND: Final = re.compile(
    rf"^{OPENING}(?:i |we )?found (?:it|the (?:root )?(?:cause|culprit|problem|issue|bug))(?::| -)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelMessage:
    """A message of an incident channel in its current version.

    `text` is Slack's own markup (mentions and links in angle brackets, entities); credentials are removed before,
    because `intents` cannot do that. `at` is when it was written (UTC), `ts` Slack's name for it, `thread_ts` the root
    of its thread ("" for none). `user` is set for a person, `bot` for a bot.
    """

    ts: str
    at: datetime
    text: str
    user: str = ""
    bot: str = ""
    thread_ts: str = ""


def facts_of(message: ChannelMessage) -> tuple[Fact, ...]:
    """Return the facts of a message, () for noise. Never raises; the same message gives the same facts and keys."""
    read = parse_message(message.text)
    found = list(_of_bot(message, read) if message.bot else _of_person(message, read))
    found = _with_links(message, read.links, found)
    return tuple(_keyed(message, found))


def _of_bot(message: ChannelMessage, read: MessageText) -> Iterator[Fact]:
    told = announcement_in(read.lines)
    if told is not None:
        template = template_of(told.about) if told.about else ""
        objects, cluster = named_in("\n".join(read.lines))
        fact = _fact(message, told.kind, told.says, state=told.state, template=template)
        yield replace(fact, objects=objects, cluster=cluster)
        return
    yield from _errors(message, read)


def _of_person(message: ChannelMessage, read: MessageText) -> Iterator[Fact]:
    yield from _errors(message, read)
    lines = [line for line in read.lines if not is_printed(line)]
    if len(lines) > _MOST_LINES:
        lines = lines[: _MOST_LINES // 2] + lines[-_MOST_LINES // 2 :]
    sentences = [sentence for line in lines for sentence in read_together(sentences_of(line))]
    facts = list(_stated_together(message, sentences))
    yield from facts
    yield from _answers(message, read, sentences, facts)


def _stated_together(message: ChannelMessage, sentences: list[Sentence]) -> Iterator[Fact]:
    """Yield the facts of a person's sentences, with the one status that they state together."""
    standing = status_in(sentences)
    for sentence in sentences:
        facts = list(_stated(message, sentence))
        if all(fact.kind is FactKind.REPORT and not fact.template for fact in facts):
            facts += _stated_plainly(message, sentence, reported=bool(facts))
        if standing is None and _identifies(sentence, facts):
            standing = IncidentStatus.IDENTIFIED, sentence
        if standing is not None and standing[1] is sentence:
            # "Seeing errors again, reopening" is not a second report.
            facts = [fact for fact in facts if fact.template == EXTENT or not _is_standing(fact)]
            facts.insert(0, _fact(message, FactKind.STATUS, sentence.says, state=standing[0]))
        yield from facts


def _is_standing(fact: Fact) -> bool:
    return fact.kind in (FactKind.REPORT, FactKind.STATUS)


def _identifies(sentence: Sentence, facts: Iterable[Fact]) -> bool:
    return _FOUND.search(sentence.plain) is not None and any(fact.state == Verdict.CONFIRMED for fact in facts)


def _answers(
    message: ChannelMessage, read: MessageText, sentences: Sequence[Sentence], facts: Sequence[Fact]
) -> Iterator[Fact]:
    """Yield what the message may answer, complete or take back, if it states nothing that does so by itself."""
    stated = bool(facts)
    decided = any(fact.kind is FactKind.DECISION for fact in facts)
    in_thread = message.thread_ts not in ("", message.ts)
    if in_thread and is_done(sentences, "".join(read.lines)):
        yield _fact(message, FactKind.ANSWERED, next(iter(read.lines)), state=DecisionState.DONE, template=DONE)
    elif not stated and (brought := next(filter(brought_about, sentences), None)):
        yield _fact(message, FactKind.ANSWERED, brought.says, state=DecisionState.DONE)
    elif done_check := next(filter(checked_in, sentences), None):
        yield _fact(message, FactKind.ANSWERED, done_check.says, state=DecisionState.DONE, template=CHECKED)
    elif not decided and (taken_back := next(filter(takes_back, sentences), None)):
        yield _fact(message, FactKind.ANSWERED, taken_back.says, state=DecisionState.CALLED_OFF)
    elif not stated:
        answer = next((each for each in sentences if may_answer(each, in_thread=in_thread)), None)
        if answer is not None:
            yield _fact(message, FactKind.ANSWERED, answer.says)


def _stated(message: ChannelMessage, sentence: Sentence) -> Iterator[Fact]:
    """Yield the facts of one sentence of a person, except the incident's status."""
    for taken in roles_in(sentence, message.user):
        kind = FactKind.HANDOVER if taken.handover else FactKind.ROLE
        yield _fact(message, kind, sentence.says, role=taken.role, of=taken.of)
    for course, topic in decisions_in(sentence):
        yield _fact(message, FactKind.DECISION, sentence.says, state=course, template=topic)
    suspicion = suspicion_in(sentence)
    if suspicion is not None:
        verdict, topic = suspicion
        yield _fact(message, FactKind.HYPOTHESIS, sentence.says, state=verdict, template=topic)
    elif is_question(sentence):
        yield _fact(message, FactKind.QUESTION, sentence.says, template=topic_in(sentence.plain))
    elif is_deploy(sentence):
        yield _fact(message, FactKind.DEPLOY, sentence.says, state=DeployState.SUCCEEDED)
    elif is_extent(sentence):
        yield _report(message, sentence, template=EXTENT)
        if recovers(sentence):
            yield _recovery(message, sentence)
    elif recovers(sentence):
        yield _recovery(message, sentence)
    elif is_report(sentence):
        yield _report(message, sentence)


def _stated_plainly(message: ChannelMessage, sentence: Sentence, *, reported: bool) -> Iterator[Fact]:
    """Yield what a sentence states by its form alone: a plan for a part of the system, a fault of one, a failure.

    `reported`: a phrase for a failure was found.
    """
    course = intention_in(sentence)
    if course is not None:
        yield _fact(message, FactKind.DECISION, sentence.says, state=course, template=topic_in(sentence.plain))
    fault = fault_in(sentence)
    if fault is not None:
        yield _fact(message, FactKind.HYPOTHESIS, sentence.says, state=Verdict.POSSIBLE, template=fault)
    elif course is None and not reported and is_plain_report(sentence):
        yield _report(message, sentence)


def _report(message: ChannelMessage, sentence: Sentence, *, template: str = "") -> Fact:
    objects, cluster = named_in(sentence.says)
    return replace(_fact(message, FactKind.REPORT, sentence.says, template=template), objects=objects, cluster=cluster)


def _recovery(message: ChannelMessage, sentence: Sentence) -> Fact:
    """Return that one thing recovered; this does not change the incident's status."""
    return _fact(message, FactKind.STATUS, sentence.says, state=IncidentStatus.MITIGATING, template=RECOVERED)


def _errors(message: ChannelMessage, read: MessageText) -> Iterator[Fact]:
    for error in errors_in(read.fenced, _printed(read.lines)):
        fact = _fact(message, FactKind.ERROR, error.says, template=error.template)
        yield replace(fact, objects=error.objects, cluster=error.cluster)


def _printed(lines: tuple[str, ...]) -> Iterator[str]:
    for line in lines:
        if is_printed(line):
            yield line
        else:
            yield from (code for code in _CODE.findall(line) if is_printed(code))


def _fact(
    message: ChannelMessage,
    kind: FactKind,
    says: str,
    *,
    state: str = "",
    role: str = "",
    of: str = "",
    template: str = "",
) -> Fact:
    return Fact(
        key="",
        kind=kind,
        at=message.at,
        says=excerpt(says),
        user=message.user,
        bot=message.bot,
        ts=message.ts,
        thread_ts=message.thread_ts if message.thread_ts != message.ts else "",
        state=state,
        role=role,
        of=of,
        template=template,
    )


def _with_links(message: ChannelMessage, links: tuple[MessageLink, ...], facts: list[Fact]) -> list[Fact]:
    """Attach links to the first fact of the message; without a fact, the links become one."""
    stated = [fact for fact in facts if fact.kind is not FactKind.ANSWERED]
    if stated and all(fact.kind is FactKind.ERROR for fact in stated):
        # Addresses in a program's output are not links that people should open.
        links = tuple(link for link in links if link.what in _TELLING)
    if stated:
        answered = [fact for fact in facts if fact.kind is FactKind.ANSWERED]
        return [replace(stated[0], links=links or stated[0].links), *stated[1:], *answered]
    telling = tuple(link for link in links if link.what in _TELLING)
    if not telling:
        return facts
    if message.bot and not _CHANGED.search(message.text):
        return []
    says = next(iter(parse_message(message.text).lines), telling[0].url)
    return [replace(_fact(message, FactKind.LINK, says), links=telling)]


def _keyed(message: ChannelMessage, facts: list[Fact]) -> Iterator[Fact]:
    """Yield each fact once, with a key that stays the same when the message is read again."""
    seen: set[tuple[str, ...]] = set()
    numbers: dict[FactKind, int] = {}
    for fact in facts:
        same = (fact.kind, fact.state, fact.role, fact.of, fact.template, "" if fact.template else fact.says)
        if same in seen or len(seen) >= MOST_FACTS:
            continue
        seen.add(same)
        number = numbers[fact.kind] = numbers.get(fact.kind, 0) + 1
        key = f"m:{message.ts}:{fact.kind}" + (f":{number}" if number > 1 else "")
        yield replace(fact, key=key)
