"""Parse messages into sentences and clauses, and recognise statements that do not count.

Questions, denials, wishes, other times and other people's words are no statements. Sentences that have no meaning
without their neighbour are joined: "That's it." refers to what follows, "It could be this." to what was said before.
Links are classified by their address alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from intents.chronicle.facts import LONGEST_SAYS, LinkKind, MessageLink
from intents.chronicle.phrase_rows import OPENING, Way, first_end

_LEADS_TO: Final = (
    (LinkKind.RUNBOOK, r"run-?books?|play-?books?"),
    (LinkKind.PR, r"/pull/\d+|/merge_requests/\d+|/pull-requests/\d+|/pullrequest/\d+"),
    (LinkKind.COMMIT, r"/commits?/[0-9a-f]{7,40}|/compare/\S+\.\.\S"),
    (
        LinkKind.TICKET,
        r"/browse/[A-Z][A-Z0-9]+-\d+|/issues/\d+|linear\.app/|zendesk\.com/|service-?now\.com/|youtrack\S*/issue/"
        r"|pagerduty\.com/incidents/|zentao|tapd",
    ),
    (LinkKind.CHANNEL, r"slack\.com/archives/"),
    (
        LinkKind.DOC,
        r"docs\.google\.com/|notion\.|confluence|atlassian\.net/wiki|wiki\.|/wiki/|coda\.io|feishu|yuque|quip\.",
    ),
    (
        LinkKind.GRAPH,
        r"grafana|datadoghq|kibana|prometheus|/graph\?|cloudwatch|newrelic|honeycomb|splunk|dynatrace|jaeger"
        r"|lightstep|sentry|signoz|dashboards?/|/d/\w",
    ),
)
_COMPILED: Final = tuple((kind, re.compile(pattern, re.IGNORECASE)) for kind, pattern in _LEADS_TO)


def link_of(url: str) -> MessageLink:
    """Return the link with its kind."""
    return MessageLink(url=url, what=next((kind for kind, pattern in _COMPILED if pattern.search(url)), LinkKind.OTHER))


# Nobody states more than this in one message; of a longer one, a paste, the beginning and the end are read.
_READ: Final = 8_000
_MOST_SENTENCES: Final = 40
_LONGEST_SENTENCE: Final = 400
_MOST_LINKS: Final = 12

_FENCED: Final = re.compile(r"```(.*?)(?:```|\Z)", re.DOTALL)
_QUOTED_LINE: Final = re.compile(r"^[ \t]*(?:&gt;|>).*$", re.MULTILINE)
_STRUCK: Final = re.compile(r"(?<!\w)~[^~\n]{1,300}~(?!\w)")
_MENTION: Final = re.compile(r"<@([A-Z0-9]{2,20})(?:\|[^<>\n]{0,200})?>")
_LINKED: Final = re.compile(r"<(https?://[^<>|\s]{1,2000})(?:\|([^<>\n]{0,500}))?>|(https?://[^\s<>|`]{1,2000})")
_OTHER: Final = re.compile(r"<[!#][^<>|\n]{0,200}(?:\|([^<>\n]{0,200}))?>")
_ENTITIES: Final = {"&lt;": "<", "&gt;": ">", "&amp;": "&"}
_ENTITY: Final = re.compile(r"&(?:lt|gt|amp);")
_STARRED: Final = re.compile(r"(?<![\w*])[*_]([^*_\n]{1,300})[*_](?![\w*])")
_TYPOGRAPHY: Final = str.maketrans({"’": "'", "‘": "'", "\u00a0": " "})

_ENDS: Final = re.compile(r"(?<=[.!?;])(?<!\.\.)\s+|(?<=[。！？；])|\n+")
_PARTS: Final = re.compile(r"[,，、]\s*|:\s+|：|\s+[-–—]+\s+|;\s*|\s+(?:but|and then)\s+|但是?")
_EMOJI: Final = re.compile(r":[a-z0-9_+'-]{1,40}:|[\U0001f000-\U0001faff\u2600-\u27bf\ufe0f]")
_IN_QUOTES: Final = re.compile(r"\"[^\"\n]{1,300}\"|“[^”\n]{1,300}”|「[^」\n]{1,300}」|`[^`\n]* [^`\n]*`")
# Words whose apostrophe is often omitted in chat; "its" only where "it's" is likely.
_CONTRACTED: Final = re.compile(
    r"\b(?:(?:is|are|was|were|do|does|did|has|have|had|wo|ca|could|should|would)nt"
    r"|(?:let|that|what|there)s|im|ive|youre|theyre|(?:they|you|we)ve"
    r"|its(?= [\w.-]+ that )|its(?= (?:not|never|just|only|probably|likely|definitely|still|back|now"
    r"|all|been|the|a|an|our|up|down|fixed|fine"
    r"|gone|over|resolved|mitigated|caused|because|broken|working|failing|dns)\b))\b"
)
# Headings of regular updates: 【14:09 通报】, [update 3].
_HEADING: Final = re.compile(
    r"^(?:【[^】]{0,16}(?:通报|进展|更新|同步|播报|update|status)[^】]{0,8}】|\[[^\]]{0,16}(?:update"
    r"|status)[^\]]{0,8}\])\s*[:：]?\s*"
)
_DIGIT: Final = re.compile(r"\d")
_END_MARKS: Final = " .!。！~…"


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence: `says` as written, `plain` in lower case without emoji and with quotes as one word.

    A mention is `@u0abc` in `plain`. `clauses` are its parts with their positions.
    """

    says: str
    plain: str
    asks: bool
    clauses: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageText:
    """A parsed message: `fenced` is the content of code blocks, `lines` the rest without quotes; no markup."""

    lines: tuple[str, ...] = ()
    fenced: str = ""
    links: tuple[MessageLink, ...] = field(default=())


def parse_message(text: str) -> MessageText:
    """Parse Slack's markup. Never raises; the text that is read is limited."""
    if len(text) > _READ:
        end = _whole_lines(text[-_READ // 2 :][::-1])[::-1]
        text = f"{_whole_lines(text[: _READ // 2])}\n{_without_cut_line(end)}"
    links: dict[str, MessageLink] = {}

    def linked(found: re.Match[str]) -> str:
        url = (found[1] or found[3]).replace("&amp;", "&").rstrip(".,;:!?)，。；：！？、）")
        if len(links) < _MOST_LINKS:
            links.setdefault(url, link_of(url))
        return found[2] or url

    fenced = "\n".join(_without_markup(_LINKED.sub(linked, block)) for block in _FENCED.findall(text))
    text = _QUOTED_LINE.sub("", _FENCED.sub("\n", text))
    text = _LINKED.sub(linked, _STRUCK.sub("", text))
    lines = [line.strip() for line in _without_markup(text).splitlines()]
    return MessageText(lines=tuple(line for line in lines if line), fenced=fenced, links=tuple(links.values()))


def sentences_of(line: str) -> Iterator[Sentence]:
    """Yield the sentences of one line of a person; long ones are cut."""
    for number, written in enumerate(_ENDS.split(line)):
        if number >= _MOST_SENTENCES:
            return
        says = written.strip()
        if not says:
            continue
        plain = _IN_QUOTES.sub("quoted", _EMOJI.sub(" ", says[:_LONGEST_SENTENCE].lower())).translate(_TYPOGRAPHY)
        plain = " ".join(re.sub(r"https?://\S+", "link", plain).replace("`", "").split())
        plain = _HEADING.sub("", _CONTRACTED.sub(_with_apostrophe, plain))
        asks = plain.rstrip(" )）.").endswith(("?", "？"))
        if plain:
            yield Sentence(says, plain, asks, tuple(_clauses(plain)))


def excerpt(says: str) -> str:
    """Return the text on one line of at most `LONGEST_SAYS` characters."""
    line = " ".join(says.split())
    return line if len(line) <= LONGEST_SAYS else f"{line[: LONGEST_SAYS - 1].rstrip()}…"


def _with_apostrophe(found: re.Match[str]) -> str:
    """Return "isnt" as "isn't", "its not" as "it's not", "im" as "i'm"."""
    word = found[0]
    for end in ("nt", "ve", "re", "m", "s"):
        if word.endswith(end):
            return f"{word[: -len(end)]}{'n' if end == 'nt' else ''}'{end[-1] if end == 'nt' else end}"
    return word


def _whole_lines(cut: str) -> str:
    """Return the text without its last, incomplete line, or unchanged if it has only one."""
    whole, newline, _ = cut.rpartition("\n")
    return whole if newline else cut


def _without_cut_line(end: str) -> str:
    """Return the text without its last line if that repeats the beginning of the line before: a log that was cut."""
    before, _, last = end.rstrip("`\n ").rpartition("\n")
    other = _DIGIT.sub("0", before.rpartition("\n")[2])
    return before if before and len(last) < len(other) and other.startswith(_DIGIT.sub("0", last)) else end


def _clauses(plain: str) -> Iterator[tuple[int, str]]:
    start = 0
    for cut in _PARTS.finditer(plain):
        if piece := plain[start : cut.start()].strip(_END_MARKS):
            yield start, piece
        start = cut.end()
    if piece := plain[start:].strip(_END_MARKS):
        yield start, piece


def _without_markup(text: str) -> str:
    text = _MENTION.sub(r"@\1", text)
    text = _OTHER.sub(lambda found: found[1] or "", text)
    text = _ENTITY.sub(lambda found: _ENTITIES[found[0]], text)
    return _STARRED.sub(r"\1", text)


# Words before a statement: a condition, a wish, somebody else's words.
_NOT_STATED: Final = re.compile(
    r"\b(?:if|unless|when|whenever|once|until|till|before|after|as soon as|in case|assuming|suppose|would|wouldn't"
    r"|hope|hopefully|wish|let me know|said|says|told|claims?|should be|who|why|how|whether|cannot|can't|expect(?:ed"
    r"|ing)?|need(?:s|ed)? to|waiting|wait|want(?:s|ed)? to|remember|imagine|instead of|without|prefer)\b"
)
# The same in Chinese, where they may stand inside the statement: 我们如果先回滚.
_NOT_STATED_ZH: Final = re.compile(
    r"如果|要是|假如|万一|倘若|等到|^等|等.{0,6}[后再]|一旦|除非|建议|觉得|希望|听说|据说|怎么|为什么|需要|要不|是否"
    r"|是不是|能不能"
)
# A condition after the statement; "if nobody objects" does not count as one.
_CONDITION: Final = re.compile(
    r"\b(?:if|unless|in case|assuming)\b(?!.{0,20}\b(?:object|objects|objections|disagrees?)\b)|如果|要是|除非|叫我"
    r"|喊我|通知我|告诉我|说一声|再说|以后|之后"
)
# A postponed remark does not affect what is done first: 先回滚，挂盘以后再说.
_PUT_OFF: Final = re.compile(
    r"[，,。；][^，,。；]{0,16}(?:以后|之后|后面|回头|明天|稍后|晚点|其[他它](?:的)?)(?:再|慢慢)(?:说|议|看|弄|搞"
    r"|处理|讨论)"
)
_AGREED: Final = re.compile(
    r"^(?:(?:actually|oh|no|hm+|ok|hang on|hold on)[, ]+)*wait[,.!]|(?:同意|没意见|没有?异议|没问题)的话|\bif"
    r" (?:nobody|no one)\b|\b(?:if|unless) .{0,20}\b(?:objections?|objects?|disagrees?)\b"
)
# Another time, or a habit.
_OTHER_TIME: Final = re.compile(
    r"\b(?:yesterday|tomorrow|last (?:\w+ )?(?:week|time|month|night(?!'s)|year|incident|outage|quarter|sprint)"
    r"|previously|(?:in|during) (?:the|our) \w+ (?:outage|incident)|this (?:morning|week)|(?:days?|weeks?"
    r"|months?|years?) ago|usually|before(?=[,.])|never had|normally|always|typically|generally|every time|used to"
    r"|in the past|next (?:week"
    r"|time|month|sprint)|these days|(?:on |last |since |until |till )(?:mon|tues|wednes|thurs|fri|satur"
    r"|sun)days?)\b|昨[天晚]|前天|上次|上回|上周|上个?月|去年|以前|之前|曾经?|明天|下周|下次"
    r"|平时|一般|往常|通常|每次"
)
# Things nearby that do not belong to the incident.
_ELSEWHERE: Final = re.compile(
    r"\b(?:mic|microphone|camera|noise|music|lights|printers?|coffee machine)\b|打印机|空调|咖啡机|"
    r"\bmy (?:\w+ )?(?:vpn|laptop|machine|router|browser|pc|phone|computer|mac|wifi|terminal|shell|ide)\b"
    r"|\b(?:staging|dev|test|local|sandbox|lab) (?:\w+ )?(?:is|was|were|has|env)|测试环境|我的?电脑"
)
# Questions without a question mark.
_ASKED: Final = re.compile(
    r"^(?:is|are|do|does|did|was|were|has|have|can|could|should|would|will) (?:anyone|anybody|someone|somebody|we"
    r"|you|it|this|that|there|i|they|he|she)\b|^(?:who|what|when|why|how|where|which|whether)\b|[吗么]$"
)
_PARTLY: Final = re.compile(
    r"\b(?:not|never|isn't|aren't|wasn't|hasn't|haven't|won't|don't|didn't|no longer|almost|nearly|partially|partly"
    r"|half (?:resolved|mitigated|fixed)|yet|should|might|may|could|maybe|looks like|for some|some of|(?:on|for"
    r"|in) most|most of)\b|还没|没有"
    r"|没|未|尚|快要?|应该|可能"
    r"|差不多|部分|别|不要"
    r"|不能|不会"
)


def is_stated(sentence: Sentence, at: int, end: int) -> bool:
    """Return whether the words from `at` to `end` in the sentence are stated as true now."""
    plain = sentence.plain
    # The time of a later clause does not matter: "resolved, postmortem on Monday".
    said_by_then = plain[: next((start for start, _ in sentence.clauses if start >= max(end, at + 1)), len(plain))]
    if sentence.asks or _OTHER_TIME.search(said_by_then) or _ELSEWHERE.search(plain):
        return False
    if _ASKED.search(plain):
        return False
    before = _AGREED.sub("", plain[:at])
    if _NOT_STATED.search(before) or _NOT_STATED_ZH.search(_AGREED.sub("", plain[:end])):
        return False
    return not _CONDITION.search(_AGREED.sub("", _PUT_OFF.sub("", plain[end:])))


def states(sentence: Sentence, found: re.Match[str] | None) -> bool:
    """Return whether something was found in the sentence and is stated as true now."""
    return found is not None and is_stated(sentence, found.start(), found.end())


def clauses_that_state(sentence: Sentence, ways: Iterable[Way]) -> Iterator[str]:
    """Yield the clauses that state as true now what one of the ways says."""
    for start, clause in sentence.clauses:
        end = first_end(ways, clause)
        if end is not None and is_stated(sentence, start, start + end):
            yield clause


def is_asked(sentence: Sentence) -> bool:
    """Return whether a sentence is a question, if only by its first words."""
    return sentence.asks or _ASKED.search(sentence.plain) is not None


def is_of_another_time(sentence: Sentence) -> bool:
    """Return whether a sentence is about another time."""
    return _OTHER_TIME.search(sentence.plain) is not None


def is_about_now(sentence: Sentence) -> bool:
    """Return whether a sentence tells something of the incident as it is: no question, no other time, nothing else."""
    return not (is_asked(sentence) or is_elsewhere(sentence) or is_of_another_time(sentence))


def is_elsewhere(sentence: Sentence) -> bool:
    """Return whether a sentence is about something outside the incident."""
    return _ELSEWHERE.search(sentence.plain) is not None


def is_whole(clause: str) -> bool:
    """Return whether a clause neither denies nor hedges, unlike "not mitigated yet" and "应该快恢复了"."""
    return not _PARTLY.search(clause)


# The cause was found, and its description follows.
_AHEAD: Final = re.compile(
    rf"^{OPENING}(?:found it|got it|bingo|there it is|nailed it|mystery solved|aha|that's it|that's why|confirmed"
    r"|that explains (?:it|that|everything)|(?:here's |there's |that's )?(?:the |our )?smoking gun)$"
)
_BACK: Final = re.compile(
    rf"^{OPENING}(?:(?:it|this|that) (?:can|could|might|may) (?:well |also )?be (?:it|this|that|why|related"
    r"|the (?:cause|reason))|could (?:it|this|that) be (?:it|why|related|the (?:cause|reason))|(?:i'm |i am "
    r"|just )?wondering (?:if|whether) .+)$"
)
_FULL_STOPS: Final = " .!?。！？"


def read_together(sentences: Iterable[Sentence]) -> Iterator[Sentence]:
    """Yield the sentences of a line, joined with the neighbour that they refer to."""
    before: Sentence | None = None
    for sentence in sentences:
        if before is None:
            before = sentence
        elif _AHEAD.search(before.plain.strip(_FULL_STOPS)) or _BACK.search(sentence.plain.strip(_FULL_STOPS)):
            before = _as_one(before, sentence)
        else:
            yield before
            before = sentence
    if before is not None:
        yield before


def _as_one(first: Sentence, second: Sentence) -> Sentence:
    offset = len(first.plain) + 1
    return Sentence(
        says=f"{first.says} {second.says}",
        plain=f"{first.plain} {second.plain}",
        asks=second.asks,
        clauses=(*first.clauses, *((offset + start, clause) for start, clause in second.clauses)),
    )
