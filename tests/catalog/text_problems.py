"""Find slips in the texts of an answer that a reader sees: what a template left open, what a renderer joined badly.

What is quoted and what is code or a command are the cluster's words or names, and are not looked at.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from bot.workflows.kept_answer import without_rows
from intents.domain import Diagnosis, Language
from intents.templates import capitalised
from responses.safety import scrubbed
from responses.slack.controls import AnswerView
from responses.slack.details import details_view
from responses.slack.diagnosis import answer_message

_QUOTED: Final = re.compile(r"“[^”]+”|`[^`]+`")
_CODE: Final = "`code`"
_PATTERNS: Final[Mapping[str, re.Pattern[str]]] = {
    "placeholder": re.compile(r"<[a-z][\w .-]*>|\{[a-z][\w.:|-]*\}"),
    "doubled punctuation": re.compile(
        r"(?<!\.)\.\.(?!\.)|\. \.|[,;:]\s?[,;]| [,;:.!](?:\s|$)|:\s?:"
        r"|[。；，：、]\s?[。；，：、.,;:]|[.,;:][。；，：]"
    ),
    "empty parentheses": re.compile(r"\(\s*\)|（\s*）"),
    "empty quotes": re.compile(r"“\s*”|(?<!\[)(?<!: )\"\s*\"|‘\s*’|(?<!\w)''(?!\w)|「\s*」"),
    "double space": re.compile(r"\S {2,}\S"),
    "no value": re.compile(r"(?<![\w.-])(?:None(?! of\b)|null|nil|NaN|undefined)(?![\w.-])|\[\]|\{\}"),
    "says nothing": re.compile(
        r"most similar one is none|ran short of other|threshold see message|see message", re.IGNORECASE
    ),
}
# A sentence begins here.
_START: Final = r"(?:^(?:[•✓✗?] )?|(?<=[.!?:;] )|(?<=[。：；]))"
_NAME_KEYS: Final = frozenset({"name", "container", "pod", "namespace", "workload", "node"})


@dataclass(frozen=True, slots=True, kw_only=True)
class TextProblem:
    """A slip in a line of an answer."""

    kind: str
    text: str


def problems_of(diagnosis: Diagnosis, *, own_words: frozenset[str] = frozenset()) -> Iterator[TextProblem]:
    """Yield the slips in the answer and its details, in both languages.

    `own_words` begin sentences of the entries themselves: such a word is none of the cluster's names.
    """
    names = _capitalised_names(diagnosis, own_words)
    shown = scrubbed(without_rows(diagnosis))
    of_text = any(one.hypothesis.matches for one in diagnosis.hypotheses)
    for language in Language:
        message = answer_message(
            AnswerView(diagnosis=shown, language=language, request_id="r-1", seconds=0.8, of_text=of_text)
        )
        view = details_view(shown, language=language, of_text=of_text)
        for line in dict.fromkeys(
            (*html.unescape(message.text).split("\n"), *_lines(message.blocks), *_lines(view["blocks"]))
        ):
            ours, kinds = _slips_in(line)
            yield from (TextProblem(kind=kind, text=line) for kind in kinds)
            if names and names.search(ours):
                yield TextProblem(kind="capitalised name", text=line)


# Most lines of an answer are in other answers too.
@lru_cache(maxsize=50_000)
def _slips_in(line: str) -> tuple[str, tuple[str, ...]]:
    """Return a line without what it quotes, and the kinds of slips in it."""
    ours = _QUOTED.sub("“…”", line)
    return ours, tuple(kind for kind, pattern in _PATTERNS.items() if pattern.search(ours))


def first_words(template: str) -> frozenset[str]:
    """Return the words with a capital letter that begin the sentences of a template."""
    return frozenset(re.findall(rf"{_START}([A-Z][a-z]+)", capitalised(template)))


def _capitalised_names(diagnosis: Diagnosis, own_words: frozenset[str]) -> re.Pattern[str] | None:
    """Return what finds a name of the diagnosis as the first word of a sentence, with a capital that it has not."""
    found: set[str] = set()
    for one in diagnosis.hypotheses:
        for finding in one.findings:
            found |= {finding.subject.name, finding.subject.namespace} if finding.subject else set()
            for row in finding.rows:
                found |= {str(value) for key, value in row.values.items() if key in _NAME_KEYS}
    changed = {f"{name[0].upper()}{name[1:]}" for name in found if name[:1].islower()} - own_words
    return re.compile(rf"{_START}(?:{'|'.join(map(re.escape, sorted(changed)))})(?![\w-])") if changed else None


def _lines(value: Any) -> Iterator[str]:
    """Yield the lines in blocks as a reader sees them; of code only that it is there."""
    for block in value:
        for element in block.get("elements", ()) if block["type"] == "rich_text" else ():
            for section in element["elements"] if element["type"] == "rich_text_list" else (element,):
                if section["type"] != "rich_text_preformatted":
                    yield "".join(map(_leaf, section["elements"]))
        if isinstance(block.get("text"), Mapping):
            yield str(block["text"]["text"])
        if block["type"] == "context":
            yield from (str(each.get("text", "")) for each in block["elements"])


def _leaf(leaf: Mapping[str, Any]) -> str:
    if leaf.get("style", {}).get("code"):
        return _CODE
    return str(leaf.get("text") or leaf.get("fallback") or "`link`")
