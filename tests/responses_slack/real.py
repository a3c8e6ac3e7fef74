"""Answers to real cases of the catalog, as they are sent."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final

from bot.cli.rehearsal import rehearse, request_of, stage, staged
from bot.diagnosing import Engine, diagnose
from bot.remedies.action import words_of
from intents.catalog.cases import world_of
from intents.domain import Diagnosis, Language
from responses.safety import scrubbed
from responses.slack.controls import AnswerView, RemedyButton
from responses.slack.details import details_view
from responses.slack.diagnosis import answer_message
from responses.slack.message import Message
from tests.responses_slack.specimens import Said

# The first case of each: with a table, with remedies, likely at most, without a remedy.
ENTRIES: Final = (
    "pending-insufficient-resources",
    "image-pull-failed",
    "falco-bpf-lockdown",
    "run-as-nonroot-root-image",
)
# What was pasted, and what caused it.
EFFECT, CAUSE = "leader-election-lost", "etcd-slow-disk"


async def real_diagnoses(engine: Engine) -> AsyncIterator[tuple[str, Diagnosis]]:
    """Yield (name, diagnosis) of each entry above, and of the effect with its cause."""
    for name in ENTRIES:
        incident = engine.catalog.incidents[name]
        yield f"real-{name}", (await rehearse(engine, incident, incident.cases[0])).diagnosis
    pasted, upstream = (engine.catalog.incidents[name] for name in (EFFECT, CAUSE))
    cluster = stage(*(world_of(incident, incident.cases[0]) for incident in (pasted, upstream)))
    async with staged(cluster) as connection:
        yield (
            "real-chain",
            await diagnose(request_of(pasted, pasted.cases[0]), engine=engine, connection=connection),
        )


def answer_of(diagnosis: Diagnosis, language: Language) -> Message:
    """Return the answer with a button for each remedy of the leading hypothesis."""
    shown = scrubbed(diagnosis)
    buttons = [
        RemedyButton(plan_id=f"plan-{number}", label=remedy.button or words_of(remedy.action).verb, risk=remedy.risk)
        for one in shown.hypotheses[:1]
        for number, remedy in enumerate(one.remedies)
    ]
    return answer_message(
        AnswerView(
            diagnosis=shown,
            language=language,
            request_id="r-1",
            seconds=0.84,
            of_text=True,
            details_value="r-1",
            buttons=tuple(buttons),
        )
    )


async def real_messages(engine: Engine) -> AsyncIterator[tuple[Language, str, Said]]:
    """Yield (language, name, what is sent): the answer and the details of each real diagnosis, in both languages."""
    async for name, diagnosis in real_diagnoses(engine):
        for language in Language:
            yield language, name, answer_of(diagnosis, language)
            yield language, f"{name}-details", details_view(scrubbed(diagnosis), language=language)
