"""Decide whether a channel wants an answer that nobody asked for, and let its people change that.

A command counts before the channels file. A kind of text is an act and the incident that the text suggests: people say
below an answer that answers to such texts do not help there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bot.policy import Actor, ReadLevel
from bot.store import ChannelAnswer
from bot.workflows.job_payloads import By, ChannelAnswersJob
from bot.workflows.message_poster import MessagePoster
from bot.workflows.services import Requester, Services
from intents.channel_commands import Wanted, WantedCommand
from intents.domain import Language, Text
from intents.matcher import MatchResult
from intents.talk.acts import Act
from intents.talk.unasked import may_answer
from responses import failures
from responses.slack import channel_answers as shown
from responses.slack.message import Message
from responses.slack.notices import not_done, notice

_ACTION: Final = "channel answers"


@dataclass(frozen=True, slots=True, kw_only=True)
class KindOfText:
    """The act of a text, and the incident that it matches, "" for none."""

    act: Act
    incident: str = ""

    @property
    def key(self) -> str:
        return f"{self.act} {self.incident}".strip()


def kind_of(text: str, matching: MatchResult) -> KindOfText:
    """Return the kind of a text that may be answered unasked: evidence, or a report of trouble in a person's words."""
    hypotheses = matching.hypotheses
    act = Act.EVIDENCE if may_answer(text, matching).evident else Act.TROUBLE
    return KindOfText(act=act, incident=hypotheses[0].incident if hypotheses else "")


async def wants(services: Services, who: Actor, kind: KindOfText) -> bool:
    """Return whether a channel wants an answer to such a text although nobody asked. Raise StoreUnavailable."""
    kept = await services.store.channel_answers.of(who.channel)
    match _wanted(services, who, kept):
        case Wanted.ADDRESSED:
            return False
        case Wanted.ERRORS if kind.act is not Act.EVIDENCE:
            return False
        case _:
            return all(each.about != kind.key for each in kept)


def _wanted(services: Services, who: Actor, kept: tuple[ChannelAnswer, ...]) -> Wanted:
    own = next((each.wanted for each in kept if not each.about), "")
    return Wanted(own) if own in set(Wanted) else services.defaults.answers(who) or Wanted.ALL


async def answer_wanted_command(services: Services, command: WantedCommand, by: By, *, language: Language) -> Message:
    """Set what the channel wants answered if the person may, and show it. Raise StoreUnavailable."""
    requester = await services.in_time(services.requester(**by))
    if requester is None:
        return notice(failures.BUSY, language=language)
    if requester.scope.who.direct:
        return notice(shown.DIRECT, language=language)
    wanted = command.wanted
    if wanted is None and not command.default:
        return await _shown(services, requester, language)
    if refused := _refusal(requester):
        await _audit(services, by, "refused", str(wanted or "default"))
        return notice(refused, language=language)
    store, channel = services.store.channel_answers, by["channel"]
    if wanted is None:
        await store.remove(channel, "")
    else:
        await store.set(ChannelAnswer(channel=channel, wanted=str(wanted), by=by["user"], at=services.clock()))
    await _audit(services, by, "set", str(wanted or "default"))
    return await _shown(services, requester, language)


async def take_channel_answers(services: Services, payload: ChannelAnswersJob) -> None:
    """Run the job `channel_answers`."""
    requester = await services.presser(payload)
    request = await services.store.requests.get(payload.request) if payload.request else None
    thread_ts = request.original.thread_ts if request else ""
    if refused := _refusal(requester):
        await _audit(services, payload.sender, "refused", payload.about)
        message = not_done(refused, language=requester.language)
        await services.tell(payload.sender, message, thread_ts=thread_ts)
        return
    store, about = services.store.channel_answers, payload.about
    if payload.again:
        changed = await store.remove(payload.channel, about)
    else:
        now = services.clock()
        await store.set(ChannelAnswer(channel=payload.channel, about=about, by=payload.user, at=now))
        changed = True
    if changed:
        await _audit(services, payload.sender, "answered again" if payload.again else "not answered", about)
    if request is None:
        message = await _shown(services, requester, requester.language)
        await services.tell(payload.sender, message, thread_ts=thread_ts)
        return
    note = {"lowered": "" if payload.again else payload.user}
    if await services.store.answers.note(payload.request, note) is not None:
        await MessagePoster(services=services).show(request)


async def _shown(services: Services, requester: Requester, language: Language) -> Message:
    """Return what the channel wants answered."""
    who = requester.scope.who
    kept = await services.store.channel_answers.of(who.channel)
    own = next((each for each in kept if not each.about), None)
    view = shown.ChannelAnswersShown(
        wanted=_wanted(services, who, kept),
        by=own.by if own else "",
        in_file=own is None and services.defaults.answers(who) is not None,
        lowered=tuple(
            shown.LoweredShown(key=each.about, says=words_of(services, who.channel, each.about), by=each.by, at=each.at)
            for each in kept
            if each.about
        ),
    )
    return shown.channel_message(view, language=language)


async def _audit(services: Services, by: By, outcome: str, what: str) -> None:
    await services.audit(by, action=_ACTION, outcome=outcome, target=what)


def _refusal(requester: Requester) -> Text | None:
    """Return why this person may not say what is answered here: they may not see the answers themselves."""
    return None if requester.scope.reading is ReadLevel.FULL else shown.NOT_ALLOWED


def words_of(services: Services, channel: str, key: str) -> Text:
    """Return a kind of text in words: the act, and the title of the incident."""
    act, _, incident = key.partition(" ")
    return shown.kind_words(act, services.title_of(incident, channel))
