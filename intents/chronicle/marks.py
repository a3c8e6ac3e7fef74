"""Find explicit marks: "impact: EU payments fail", "*根因*：…". What people mark is never guessed about."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

import yaml

from intents.chronicle.facts import IncidentStatus

# Before a mark: bullets, emoji, numbers, mentions, a time, brackets and markup of the line.
_LEAD: Final = (
    r"\s*(?:(?:[-–*•>#·\u25aa]|\d{1,3}[.)]|:[\w+-]+:|[\U0001f000-\U0001faff\u2600-\u27bf\ufe0f]|@\w+,?|\d{1,2}:\d\d"
    r"|(?:status )?update[-–:]|ok(?:ay)?[,.]?|so[,.]?|fyi[,:]?|confirmed[,.:]|确认了?[，,：]"
    r"|【[^】]{0,16}】(?=\S)|\[[^\]]{0,16}\]\s(?=\S))\s*)*"
)
_BEGINS: Final = r"(?:^|(?<=[.;!?。；！？])\s*)"
# The mark may be bold or in brackets, and the colon inside or outside of the markup.
_MARK: Final = (
    r"[*_~`\[【(（]*\s*(?P<{name}>{words})(?: \d{{1,2}}:\d\d(?: \w{{1,4}})?)?"
    r"\s*[*_~`\])）】]*\s*(?:[:：]|\s[-–—]+\s|(?<=[】\]]))\s*[*_~`]*\s*"
)
# A mark whose value says that nothing is known.
_UNKNOWN: Final = re.compile(
    r"(?i)[\W_]*(?:(?:still |as yet )?(?:unknown|tbd|tba|n/?a|none(?: yet| so far)?|unclear|investigating"
    r"|(?:under|being) investigat(?:ion|ed)|to be (?:determined|confirmed|defined)|not (?:known|found)(?: yet)?"
    r"|no idea(?: yet)?)|待定|未知|暂?不明|不清楚|未定|无|暂无|排查中|待查|调查中|还不知道|待确认)?[\W_]*"
)
# A sentence that begins with the name of a status states it: "mitigated: …", "Resolved as of 9:04", "已止损，…".
_STATED: Final = re.compile(
    rf"(?i)(?:^|(?<=[.;!。；！])\s*){_LEAD}[*_~`]*"
    r"(?:(?:we are|we're|this is|it's|calling (?:it|this)|status is) (?:now )?)?"
    r"(?P<status>mitigated|resolved|monitoring|identified|(?:root )?cause (?:is |was )?(?:identified|found)"
    r"|investigating|re-?open(?:ed|ing)|all clear|已?(?:缓解|止损|止血)|(?:止损|止血)完成|故障(?:已)?(?:关闭|解除|恢复)"
    r"|(?:根因|原因)(?:已)?(?:定位|找到)|观察中|排查中|重新打开|再次发生)[*_~`]*"
    r"(?=\s*(?:[:：.,，。;；!！（(]|[-–—]\s|$|(?:as of|since|now|again|for now)\b))(?!\s*[?？])"
)
_STATUSES: Final = (
    (IncidentStatus.REOPENED, r"\bre-?open(?:ed|ing)\b|\bback again\b|重新打开|再次发生|复发"),
    (
        IncidentStatus.RESOLVED,
        r"\b(?:resolved|closed|closing|over|all clear|done)\b|^\W*(?:ended|terminated)\b"
        r"|已?(?:解决|关闭|结束)|已恢复|恢复",
    ),
    (IncidentStatus.MONITORING, r"\b(?:monitoring|watching|observing)\b|观察|监控中"),
    (
        IncidentStatus.MITIGATED,
        r"\b(?:mitigated|contained|stable|stabili[sz]ed|recovered|back to normal|fixed)\b|缓解|止血|止损|稳定",
    ),
    (IncidentStatus.IDENTIFIED, r"\b(?:identified|cause (?:is )?(?:known|found)|found)\b|定位|已找到|原因清楚"),
    (
        IncidentStatus.INVESTIGATING,
        r"\b(?:investigat\w+|looking|open|ongoing|digging|degraded|down|unclear)\b|排查|调查|处理中|分析中",
    ),
)
_SOME_STATUSES: Final = tuple((status, re.compile(pattern, re.IGNORECASE)) for status, pattern in _STATUSES)
# "Mitigated once 27 is out."
_PROVIDED: Final = re.compile(r"(?i)\W*(?:(?:only )?(?:once|when|if|after)|as soon as|provided)\b")
_DENIED: Final = re.compile(r"(?i)\b(?:not|isn't|hasn't|no longer|un)\s*(?:yet |fully )?$|[没未不][^，。]{0,3}$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Marked:
    """The words behind a mark and the kind that it names. Without words, the line says that nothing is known."""

    kind: str
    says: str


def marked_in(lines: Iterable[str]) -> Iterator[Marked]:
    """Yield what the lines of a message mark; lines below a mark that ends its line belong to it."""
    waiting = ""
    for line in lines:
        found = list(_marks().finditer(line))
        if not found:
            if waiting:
                yield Marked(kind=waiting, says=line)
            elif not line.rstrip().endswith(("?", "？")):
                yield from _stated_in(line, (_STATED, _openers()))
            waiting = ""
            continue
        waiting = ""
        # "Calling it mitigated. Follow-up: …"
        yield from _stated_in(line[: found[0].start()].rstrip(), (_STATED,))
        for mark, following in zip(found, [*found[1:], None], strict=True):
            kind = str(mark.lastgroup)
            # The name of a role is part of what is said: "IC: @ana".
            begin = mark.start(kind) if kind == "role" else mark.end()
            says = line[begin : following.start() if following else len(line)].strip(" *_~`\t")
            if not says and following is None:
                waiting = kind
            elif kind == "status" or not _UNKNOWN.fullmatch(says):
                yield Marked(kind=kind, says=says)
            else:
                yield Marked(kind=kind, says="")


def _stated_in(line: str, patterns: Iterable[re.Pattern[str]]) -> Iterator[Marked]:
    """Yield what the first sentence that each pattern finds states without a mark."""
    for pattern in patterns:
        if stated := pattern.search(line):
            yield Marked(kind=str(stated.lastgroup), says=line[stated.start(str(stated.lastgroup)) :])


def names_status(says: str) -> bool:
    """Return whether words begin with the name of a status. Such words are about the whole incident."""
    return any(pattern.match(says) for _, pattern in _SOME_STATUSES)


def status_in(says: str) -> IncidentStatus | None:
    """Return the status that the words behind `status:` name first, without denials and what is still to come."""
    found = [
        (hit.start(), status)
        for status, pattern in _SOME_STATUSES
        for hit in pattern.finditer(says)
        if not (_DENIED.search(says[: hit.start()]) or _PROVIDED.match(says[hit.end() :]))
    ]
    return min(found)[1] if found else None


@cache
def _openers() -> re.Pattern[str]:
    """Return what finds a sentence that begins with words which mark it."""
    either = "|".join(
        f"(?P<{kind}>{_any_of(words['opens'])})(?![a-z])" for kind, words in _classes().items() if "opens" in words
    )
    return re.compile(f"{_BEGINS}{_LEAD}(?:{either})", re.IGNORECASE)


def _any_of(words: Iterable[str]) -> str:
    return "|".join(sorted(map(re.escape, words), key=len, reverse=True))


@cache
def _classes() -> Mapping[str, Mapping[str, Sequence[str]]]:
    classes: Mapping[str, Mapping[str, Sequence[str]]] = yaml.safe_load(
        (files(__package__) / "marks.yaml").read_text(encoding="utf-8")
    )
    return classes


@cache
def _marks() -> re.Pattern[str]:
    either = "|".join(
        _MARK.format(name=kind, words=_any_of([*words["en"], *words["zh"]])) for kind, words in _classes().items()
    )
    return re.compile(f"{_BEGINS}{_LEAD}(?:{either})", re.IGNORECASE)
