"""Parse a Slack message into a person's sentences, separate from quotes, pastes and links."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from intents.chronicle.facts import LONGEST_SAYS, MessageLink
from intents.chronicle.links import link_of

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
