"""Count the words that are visible in the answer to each case of the catalog.

`python -m tests.responses_slack.word_counts` prints the median, the 90th percentile and the maximum of both languages,
and the same of the characters without white space. A word is what white space separates, code and button labels
included; a menu shows its entries only when it is opened. Of Chinese, each character counts, and each run of Latin
letters and digits, such as a name, counts as one.
"""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

from bot.cli.rehearsal import rehearse
from bot.diagnosing import Engine, build_engine
from bot.remedies.action import words_of
from bot.workflows.kept_answer import without_rows
from intents.catalog.schema import Case, Incident
from intents.domain import Diagnosis, Language
from responses.safety import SafeDiagnosis, scrubbed
from responses.sentences import offers, open_hypotheses
from responses.slack.as_text import as_text
from responses.slack.controls import AnswerView, RemedyButton
from responses.slack.diagnosis import answer_message
from responses.slack.message import Message

_CJK: Final = r"\u3400-\u9fff"
# A link shows its title.
_ADDRESS: Final = re.compile(r":\s+https?://\S+")
_CHINESE_WORD: Final = re.compile(rf"[{_CJK}]|[^\s{_CJK}\u3000-\u303f\uff00-\uffef“”]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """The number of words that the answer to a case shows, the answer, and the labels of its buttons."""

    incident: str
    case: str
    language: Language
    title: str
    words: int
    shown: str
    buttons: tuple[str, ...]


def answer_to(shown: SafeDiagnosis, language: Language, *, of_text: bool = True) -> Message:
    """Return the answer as it is posted, with a button for each remedy that it offers."""
    remedies = [each for one in (*open_hypotheses(shown)[:1], *offers(shown)) for each in one.remedies]
    buttons = [
        RemedyButton(plan_id=f"plan-{number}", label=each.button or words_of(each.action).verb, risk=each.risk)
        for number, each in enumerate(remedies)
    ]
    return answer_message(
        AnswerView(
            diagnosis=shown,
            language=language,
            request_id="r-1",
            seconds=0.84,
            of_text=of_text,
            details_value="r-1",
            buttons=tuple(buttons),
        )
    )


def visible(message: Message) -> str:
    """Return what a reader sees without opening anything."""
    said = []
    for block in message.blocks:
        if block["type"] == "actions":
            said.append(" ".join(_labels(Message(text="", blocks=(block,)))))
        else:
            said.append(_ADDRESS.sub("", as_text([block])))
    return "\n".join(said)


def _labels(message: Message) -> Iterator[str]:
    for block in message.blocks:
        if block["type"] == "actions":
            yield from (each["text"]["text"] for each in block["elements"] if each["type"] == "button")


def count(text: str, language: Language) -> int:
    """Return the number of words, of Chinese that of characters and names."""
    return len(_CHINESE_WORD.findall(text) if language is Language.ZH else text.split())


def counts_of(incident: Incident, case: Case, diagnosis: Diagnosis) -> Iterator[Count]:
    """Yield the words of the answer to a case in both languages."""
    of_text = not diagnosis.focus.names_object or any(one.hypothesis.matches for one in diagnosis.hypotheses)
    stored = scrubbed(without_rows(diagnosis))
    for language in Language:
        message = answer_to(stored, language, of_text=of_text)
        shown = visible(message)
        yield Count(
            incident=incident.id,
            case=case.name,
            language=language,
            title=incident.title.in_(language),
            words=count(shown, language),
            shown=shown,
            buttons=tuple(_labels(message)),
        )


async def counts(engine: Engine, *, one_each: bool = False) -> AsyncIterator[Count]:
    """Yield the words of the answer to every case of the catalog, or to one of each entry, in both languages."""
    for number, incident in enumerate(engine.catalog):
        cases = incident.cases
        for case in (cases[number % len(cases)],) if one_each else cases:
            for one in counts_of(incident, case, (await rehearse(engine, incident, case)).diagnosis):
                yield one


async def _main() -> None:
    engine, *_ = build_engine()
    found: Sequence[Count] = [one async for one in counts(engine)]
    for language in Language:
        own = [one for one in found if one.language is language]
        for unit, length in (
            ("words", lambda one: one.words),
            ("characters", lambda one: len("".join(one.shown.split()))),
        ):
            lengths = sorted(map(length, own))
            last = max(own, key=length)
            sys.stdout.write(
                f"{language}: {len(own)} answers, {unit}: median {median(lengths):g}, "
                f"90 % at most {lengths[len(own) * 9 // 10]}, max {lengths[-1]} ({last.incident}: {last.case})\n"
            )


if __name__ == "__main__":
    asyncio.run(_main())
