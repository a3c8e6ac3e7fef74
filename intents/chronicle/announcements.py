"""What bots announce: alerts that fire and clear, deployments that start, succeed, fail; and what people deployed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from intents.chronicle.facts import FactKind, Firing, Shipping
from intents.chronicle.guards import is_stated
from intents.chronicle.spoken import Sentence
from intents.chronicle.standings import OPENING


@dataclass(frozen=True, slots=True, kw_only=True)
class Announced:
    """`says` is the line that announces it, `about` the same without the words that tell its state."""

    kind: FactKind
    state: str
    says: str
    about: str = ""


_LINES: Final = 6
_EMOJI: Final = r"(?::[\w+-]+:|[^\w\s\[【(<\"']|\s)*"

_CLEARED: Final = re.compile(
    rf"(?i)^{_EMOJI}(?:\[(?:resolved|ok|recovered|closed|已恢复|恢复)[^\]]*\]|【[^】]*(?:恢复|解除|已恢复)】"
    rf"|recovered:|resolved:\s|resolved (?=#|\S+:)|alert (?:closed|resolved):?|ok: (?=\")"
    r"|告警(?:已)?(?:恢复|解除))|\bhas recovered$|\bis resolved$"
)
_FIRED: Final = re.compile(
    rf"(?i)^{_EMOJI}(?:\[(?:firing|alerting|alert|warn(?:ing)?|critical|error|no ?data|high|page|sev-?\d|p[0-5]|严重"
    rf"|紧急|警告|告警)(?::\d+)?[^\]]*\]|【[^】]*(?:告警|触发|报警|严重|紧急)[^】]*】"
    r"|triggered(?: #\d+)?:|triggered #|new alert:?|alarm:|new issue in|alert(?: fired)?:|incident triggered|firing:"
    r"|告警(?:触发)?[:：])|\bis firing\b|触发告警"
)
_NUMBER: Final = re.compile(r"^\W*#\d+:?\s*|【|】|\*")
_AT: Final = re.compile(r"，当前.*$|，触发时间.*$|,? (?:current|value)[: ].*$")

_DEPLOYS: Final = (
    (
        Shipping.FAILED,
        r"sync operation .*\bfailed|(?:deploy|release|rollout|helm (?:upgrade|install))\S*.{0,60}\b(?:failed|failure"
        r"|aborted|unsuccessful|timed out)|(?:发布|部署|上线)(?:.{0,8})(?:失败|中止|异常)",
    ),
    (
        Shipping.STARTED,
        r"sync operation .*\bhas started|(?:deploy(?!ed)|release|rollout)\S*.{0,60}\b(?:started|starting|in progress"
        r"|queued|triggered)|^\W*(?:starting|started) deploy|(?:开始|正在)(?:发布|部署|上线)",
    ),
    (
        Shipping.SUCCEEDED,
        r"is now running new version|successfully synced|sync(?: operation)? .*\bsucceeded|sync is '?succeeded"
        r"|(?:deploy|release|rollout|helm (?:upgrade|install))\S*.{0,60}\b(?:succeeded|success|successful"
        r"|successfully|finished|completed?|passed|live|done)|^\W*(?:successfully )?deployed \S+.* (?:to|on|in) \S+"
        r"|(?:发布|部署|上线)(?:.{0,4})(?:成功|完成|完毕)",
    ),
)
_COMPILED: Final = tuple((state, re.compile(f"(?i){pattern}")) for state, pattern in _DEPLOYS)

_PERSON_DEPLOYED: Final = re.compile(
    rf"^{OPENING}(?:(?:i|we)(?:'ve| have)? )?(?:just )?(?:deployed|released|shipped) (?!nothing|no |that |it (?:the "
    rf"|a )?(?:hot-?fix|fix"
    rf"|patch|revert|rollback))[\w./-]+|^{OPENING}(?:the )?[\w./-]+(?: [\w./-]+){{0,3}} (?:went out|went live"
    rf"|was deployed|was released|got deployed|shipped)\b(?! the)"
    r"|^(?:刚刚?|我们?|\d\d:\d\d)?\s*(?:刚刚?|已经?)?(?:发布|上线|部署)了\s*\S+"
    r"|^\S{0,12}\s*\d{1,2}[:：]\d\d\s*(?:发布|上线|部署)"
)


def announced(lines: tuple[str, ...]) -> Announced | None:
    """What a bot's message announces, by one of its first lines."""
    for line in lines[:_LINES]:
        if (found := _CLEARED.search(line)) is not None:
            return Announced(kind=FactKind.ALERT, state=Firing.RESOLVED, says=line, about=_about(line, found))
        if (found := _FIRED.search(line)) is not None:
            return Announced(kind=FactKind.ALERT, state=Firing.FIRING, says=line, about=_about(line, found))
    for line in lines[:_LINES]:
        for state, pattern in _COMPILED:
            if pattern.search(line):
                return Announced(kind=FactKind.DEPLOY, state=state, says=line)
    return None


def is_deploy(sentence: Sentence) -> bool:
    """Whether a person tells that something new went out; a fix that went out is a decision."""
    found = _PERSON_DEPLOYED.search(sentence.plain)
    return found is not None and is_stated(sentence, found.start(), found.end())


def _about(line: str, found: re.Match[str]) -> str:
    rest = line[: found.start()] + " " + line[found.end() :]
    return _AT.sub("", _NUMBER.sub("", rest.strip())).strip()
