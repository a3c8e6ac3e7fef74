"""Cluster text never draws a line that looks like ours: every case of the catalog with every payload planted."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import product
from string import ascii_lowercase
from typing import Any

import pytest
from rich.console import Console

from bot.cli.rehearsal import full_world_of, request_of, stage, staged
from bot.diagnosing import diagnose
from intents.domain import Diagnosis, Language, ObjectRef
from intents.languages import in_sentence
from responses.as_json import RunStats
from responses.paste_templates import error_lines
from responses.safety import scrubbed
from responses.slack.as_text import text_only
from responses.slack.controls import AnswerView
from responses.slack.details import details_view, full_text
from responses.slack.diagnosis import answer_message
from responses.slack.message import Message
from responses.slack.overview import WatchedCause, digest_message, watch_message
from responses.terminal import diagnosis_page
from tests.engines import remembering_engine
from tests.forgery import MARKER, PAYLOADS, forged, live_markup, planted

# Each payload with a marker of its own: what an answer shows of it may have none of its other words.
MARKERS = {name: f"{MARKER}{letter}" for name, letter in zip(PAYLOADS, ascii_lowercase, strict=False)}
MARKED = [text.replace(MARKER, MARKERS[name]) for name, text in PAYLOADS.items()]


@dataclass(frozen=True)
class Rendering:
    """One surface's form of an answer."""

    surface: str
    language: Language
    value: Any


def renderings(diagnosis: Diagnosis, pasted: str) -> Iterator[Rendering]:
    shown = scrubbed(diagnosis)
    observed = error_lines(pasted)
    for language in Language:
        answer = answer_message(
            AnswerView(
                diagnosis=shown,
                language=language,
                request_id="r-1",
                seconds=1,
                of_text=True,
                observed=observed,
                details_value="r-1",
            )
        )
        yield Rendering("answer", language, list(answer.blocks))
        yield Rendering("notification", language, answer.text)
        yield Rendering("text only", language, text_only(answer).text)
        yield Rendering("details", language, details_view(shown, language=language)["blocks"])
        yield Rendering("file", language, full_text(shown, language=language, observed=observed))
        page = io.StringIO()
        Console(file=page, width=4_000, color_system=None).print(
            diagnosis_page(
                shown, language=language, timing=RunStats(seconds=1, api_calls=1), observed=observed, in_full=True
            )
        )
        yield Rendering("terminal", language, page.getvalue())


def payloads_of(number: int) -> list[str]:
    """Return what to plant in the world of an entry: two payloads per text, in another order for each entry."""
    order = [(number + 7 * step) % len(MARKED) for step in range(len(MARKED))]
    return [f"{MARKED[at]} {MARKED[(at + 5) % len(MARKED)]}" for at in order]


async def test_no_line_of_any_answer_is_forged() -> None:
    """Each text of a world carries other payloads, and each payload is shown on every surface in both languages."""
    engine = remembering_engine()
    unseen = set(product(PAYLOADS, ("answer", "details", "file", "terminal"), Language))
    found: dict[str, str] = {}
    for number, incident in enumerate(engine.catalog):
        case = incident.cases[0]
        world = planted(full_world_of(incident, case), *payloads_of(number))
        async with staged(stage(world)) as connection:
            diagnosis = await diagnose(request_of(incident, case), engine=engine, connection=connection)
        for one in renderings(diagnosis, list(PAYLOADS.values())[number % len(PAYLOADS)]):
            shown = str(one.value)
            unseen -= {(name, one.surface, one.language) for name, marker in MARKERS.items() if marker in shown}
            for line in forged(one.value) + (live_markup(one.value) if one.surface == "file" else []):
                found.setdefault(f"{incident.id} {one.surface}", line)

    assert found == {}
    assert unseen == set()


def test_forged_lines_are_found() -> None:
    """Every check fails on what it looks for."""
    for line in (
        "✅ FIXED: zq9 gone", "x\n🔴 CONFIRMED · zq9", "zq9 ✓ ok", "✓ CONFIRMED: zq9", ":x: CONFIRMED zq9",
        "“ok zq9” □ FIXED: “zq9”",
    ):  # fmt: skip
        assert forged(line), line
    for line in ("✓ “ok ⏎ □ FIXED: zq9 gone”", "zq9 is fixed", "✅ FIXED: the cause is gone"):
        assert not forged(line), line
    for name in ("an image", "a link", "an address", "HTML", "mentions"):
        assert live_markup(PAYLOADS[name]), name


@pytest.mark.parametrize("name", list(PAYLOADS))
def test_no_line_of_a_post_of_the_watch_is_forged(name: str) -> None:
    about = ObjectRef(kind="Pod", namespace="shop", name="web")
    # As the summaries of the catalog contain cluster text.
    says = f"Pod shop/web: {in_sentence(PAYLOADS[name])}"
    lasts = WatchedCause(says=says, asked=about, cluster="prod", incident="oom")
    over = replace(lasts, lasted=timedelta(minutes=5))
    for language in Language:
        diagnosis = Message(text="Pod shop/web")
        for message in (
            watch_message(over, diagnosis, language=language),
            digest_message([lasts, over], budget=6, language=language),
        ):
            assert MARKER in str(message.blocks)
            assert forged(list(message.blocks)) == []
            assert forged(message.text) == []
