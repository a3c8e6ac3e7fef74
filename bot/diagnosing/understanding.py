"""Understand a text: what it matches, and the objects that it names or, if it names none, that say a line of it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.cluster.snapshot import Snapshot
from bot.diagnosing.engine import Engine, match_text
from bot.diagnosing.named_objects import Resolved, resolve
from bot.diagnosing.quoted_lines import Speakers, speakers_of, told_by
from bot.diagnosing.spoken_places import with_place
from intents.alerts.labels import is_alert
from intents.anchors import Question
from intents.domain import Hypothesis
from intents.focus import focus_of
from intents.matcher import MatchResult
from intents.request import ExplainText


@dataclass(frozen=True, slots=True, kw_only=True)
class Understood:
    """A text with what it matches and the objects that it means; `resolved` is by incident."""

    matching: MatchResult
    resolved: Mapping[str, Resolved]
    speakers: Speakers
    question: Question


async def understood(request: ExplainText, engine: Engine, snapshot: Snapshot | None) -> Understood:
    """Match a text, and find the objects that it names; where it names none, those that say a line of it."""
    matching = request.matching or await match_text(request.text, engine=engine)
    alert = is_alert(request.text)
    if snapshot is not None and not alert:
        matching = await with_place(
            snapshot,
            matching,
            request.text,
            incidents=engine.catalog.incidents,
            asked=request.addressed,
            default=request.namespace,
        )
    named = await asyncio.gather(
        *(_resolve(snapshot, engine, hypothesis, request.namespace) for hypothesis in matching.hypotheses)
    )
    speakers = Speakers()
    if snapshot is not None:
        speakers = await _speakers(request, matching, named, snapshot)
        if said := speakers.only:
            named = [told_by(said, engine.catalog, one, now=snapshot.now) for one in named]
    question = Question(
        text=request.text,
        alert=alert,
        quoted=tuple(one.subject for one in speakers.found),
    )
    resolved = {one.hypothesis.incident: one for one in named}
    return Understood(matching=matching, resolved=resolved, speakers=speakers, question=question)


async def _speakers(
    request: ExplainText, matching: MatchResult, named: Sequence[Resolved], snapshot: Snapshot
) -> Speakers:
    """Return who says a line of a text that names no object."""
    is_named = any(one.asked.names_object for one in named) or any(one.certain for one in matching.objects)
    if is_named or not (named or request.addressed):
        return Speakers()
    quotes = [match.quote for one in named for match in one.hypothesis.matches]
    places = {one.asked.namespace for one in named} - {""}
    home = places.pop() if len(places) == 1 else request.namespace
    lines = dict.fromkeys((*quotes, *request.text.splitlines()))
    return await speakers_of(snapshot, tuple(lines), namespace=home, logs=request.addressed)


async def _resolve(snapshot: Snapshot | None, engine: Engine, hypothesis: Hypothesis, namespace: str) -> Resolved:
    incident = engine.catalog.incidents[hypothesis.incident]
    if snapshot is None:
        focus = focus_of(incident, hypothesis, namespace=namespace)
        return Resolved(hypothesis=hypothesis, focus=focus, asked=focus)
    return await resolve(snapshot, incident, hypothesis, namespace=namespace)
