"""Every message and dialog keeps the rules in both languages, whether a snapshot shows its words or not."""

import importlib
import pkgutil
import re
import sys
from collections.abc import Collection, Iterator
from dataclasses import replace
from types import CodeType, FrameType, FunctionType
from typing import Any

import pytest

import responses.slack
from bot.diagnosing import Engine, build_engine
from intents.domain import Language
from responses.slack.as_text import as_text
from responses.slack.message import Message, escape, visible_texts
from responses.slack.remedy_states import RemedyState, headline
from tests.peers.payloads import INPUT
from tests.responses_slack.real import CAUSE, answer_of, real_diagnoses
from tests.responses_slack.rendered import rendered
from tests.responses_slack.rules import is_announced, structure
from tests.responses_slack.specimens import PRESSED, is_fit_to_send, payload_of, specimens
from tests.responses_slack.test_snapshots import MADE

SAID = {(language, name): said for language in Language for name, said in specimens(language)}


@pytest.fixture(scope="module")
def engine() -> Engine:
    return build_engine()[0]


@pytest.mark.parametrize(("language", "name"), list(SAID))
def test_every_message_keeps_the_rules(language: Language, name: str) -> None:
    """It is fit to send, its notification begins as it does, and a rendering leaves out nothing that a reader sees."""
    said = SAID[language, name]
    payload = payload_of(said)
    shown = _letters(rendered(said))

    is_fit_to_send(said)
    assert name.endswith("-half") or not isinstance(said, Message) or not said.blocks or is_announced(payload)
    assert [text for text in visible_texts(payload.get("blocks")) if _letters(text) not in shown] == []


def test_both_languages_have_the_same_structure() -> None:
    """Where a message is cut in two depends on how long its words are."""
    english, chinese = (
        {name: structure(payload_of(said)) for (of, name), said in SAID.items() if of is language}
        for language in (Language.EN, Language.ZH)
    )
    whole = {name for name in english if not name.endswith("-half")}

    assert {name for name in whole if english[name] != chinese[name]} == set()


def _letters(text: str) -> str:
    """Return a text without white space and the marks of a rendering."""
    return re.sub(r"[\s\N{WORD JOINER}*_`~]", "", text)


def test_a_rendering_refuses_what_it_does_not_know() -> None:
    ticks = {"type": "checkboxes", "action_id": "ticks", "options": []}
    for block in (
        {"type": "markdown", "text": "**x**"},
        {"type": "actions", "elements": [ticks]},
        {**INPUT, "element": ticks},
    ):
        with pytest.raises(ValueError, match="cannot be rendered yet"):
            rendered(Message(text="x", blocks=(block,)))


def test_every_kind_of_message_has_a_snapshot() -> None:
    kinds = set(_kinds())

    assert len(kinds) > len(MADE) / 2
    assert {kind.co_qualname for kind in kinds - _called_for(MADE)} == set()


def _kinds() -> Iterator[CodeType]:
    """Yield the functions that make a message or a dialog of values, not those that change the shape of one."""
    for found in pkgutil.walk_packages(responses.slack.__path__, "responses.slack."):
        if found.name in ("responses.slack.blocks", "responses.slack.as_text"):
            continue
        for function in vars(importlib.import_module(found.name)).values():
            is_own = isinstance(function, FunctionType) and function.__module__ == found.name
            if is_own and function.__annotations__.get("return") in ("Message", "View"):
                yield function.__code__


def _called_for(names: Collection[str]) -> set[CodeType]:
    """Return what is called to make these specimens."""
    called: dict[str, set[CodeType]] = {}
    now: set[CodeType] = set()

    def note(frame: FrameType, event: str, _: Any) -> None:
        now.add(frame.f_code)

    made = specimens(Language.EN)
    sys.setprofile(note)
    try:
        for name, _ in made:
            called[name] = set(now)
            now.clear()
    finally:
        sys.setprofile(None)
    return set().union(*(called[name] for name in names))


def test_every_state_of_a_remedy_has_words_of_its_own() -> None:
    for language in Language:
        assert len({headline(replace(PRESSED, state=state), language) for state in RemedyState}) == len(RemedyState)


async def test_real_answers_lead_with_verdict_and_cause(engine: Engine) -> None:
    async for name, diagnosis in real_diagnoses(engine):
        for language in Language:
            said = answer_of(diagnosis, language)
            is_fit_to_send(said)
            first, verdict, *_ = as_text(said.blocks).splitlines()
            assert said.text.startswith(escape(first)), name
            assert verdict.startswith(("🔴", "🟠"))
            if name == "real-chain":
                assert diagnosis.hypotheses[0].incident == CAUSE
