"""Turn a message into a durable job before Slack gets its acknowledgement, so that it survives this process.

A message continues the one before it only if that one was cut: it is as long as Slack allows, or ends inside a code
block. Two pastes are never joined, however quickly they follow each other.

Parts are kept only in memory, because unmatched chat must not be stored. Several replicas may each see a part of a
split paste; a match in any part is still answered.

Most chat ends here: a message that matches nothing and does not address us is acknowledged and discarded. Stored text
is redacted first. If a method raises, Slack gets no acknowledgement and sends the event again.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Final

from bot.common.recent import remember
from bot.diagnosing import CarriedMatch, carried_match
from bot.jobs import StartJob, TooManyJobs
from bot.slack.message_events import DeletedMessage, EditedMessage, ReceivedMessage, text_in
from bot.store import LONGEST_TEXT, NewRequest, Surface
from bot.workflows.incident_payloads import MentionJob
from bot.workflows.job_payloads import AlertOverJob
from bot.workflows.services import Services
from bot.workflows.submissions import RefusalNotices, Submissions, TooManyRequests
from intents.alerts.alert import identities
from intents.alerts.labels import is_over
from intents.alerts.states import PostStates, states_in
from intents.channel_commands import ChannelCommand
from intents.slash import ObjectQuery, TextQuery, parse_message
from intents.spelling import Misuse
from intents.symptoms import read_symptoms
from intents.talk.asks import Ask, asked
from intents.talk.features import Message
from intents.talk.unasked import may_answer
from responses.safety import safe

# Slack clients send the parts of one paste within about this many seconds.
JOINED_WITHIN_S: Final = 3.0
_SPEAKERS: Final = 2_000
_PARTS: Final = 20
_TALK: Final = 3


@dataclass(slots=True, kw_only=True)
class Part:
    """One message of a user; `request` is the request that includes it, "" while it is chat.

    `is_cut` and `in_block` are those of the message: the next one may continue it.
    """

    ts: str
    text: str
    request: str = ""
    is_cut: bool = False
    in_block: bool = False


@dataclass(slots=True)
class RecentParts:
    """The recent messages of each user in each thread, by Slack's time."""

    _recent: OrderedDict[tuple[str, str, str], list[Part]] = field(default_factory=OrderedDict)

    def beside(self, channel: str, thread_ts: str, user: str, ts: str) -> list[Part]:
        """Return the other parts of the paste that message `ts`, which is known already, belongs to, in order."""
        parts = sorted(self._recent.get((channel, thread_ts, user), ()), key=lambda part: part.ts)
        pastes: list[list[Part]] = []
        for part in parts:
            if pastes and _continues(pastes[-1], part):
                pastes[-1].append(part)
            else:
                pastes.append([part])
        paste = next((paste for paste in pastes if any(part.ts == ts for part in paste)), [])
        return [part for part in paste if part.ts != ts]

    def known(self, channel: str, thread_ts: str, user: str, ts: str) -> Part | None:
        return next((part for part in self._recent.get((channel, thread_ts, user), ()) if part.ts == ts), None)

    def add(self, channel: str, thread_ts: str, user: str, part: Part) -> None:
        key = (channel, thread_ts, user)
        kept = [other for other in self._recent.get(key, ()) if other.ts != part.ts]
        remember(self._recent, key, [*kept, part][-_PARTS:], most=_SPEAKERS)

    def forget(self, channel: str, thread_ts: str, user: str, ts: str) -> None:
        """Drop a message that was not recorded: when Slack sends it again, it is new."""
        key = (channel, thread_ts, user)
        self._recent[key] = [part for part in self._recent.get(key, ()) if part.ts != ts]


def _continues(paste: list[Part], part: Part) -> bool:
    before = paste[-1]
    in_block = sum(one.in_block for one in paste) % 2 == 1
    return float(part.ts) - float(before.ts) <= JOINED_WITHIN_S and (before.is_cut or in_block)


@dataclass(slots=True)
class RecentTalk:
    """The last messages of each channel and thread: what a message does depends on them."""

    _recent: OrderedDict[tuple[str, str], list[tuple[str, Message]]] = field(default_factory=OrderedDict)

    def before(self, channel: str, thread_ts: str, ts: str) -> tuple[Message, ...]:
        """Return the messages before one, the latest last."""
        return tuple(message for at, message in self._recent.get((channel, thread_ts), ()) if at < ts)

    def add(self, channel: str, thread_ts: str, ts: str, message: Message) -> None:
        key = (channel, thread_ts)
        kept = [(at, other) for at, other in self._recent.get(key, ()) if at != ts]
        said = sorted([*kept, (ts, message)], key=lambda each: each[0])[-_TALK:]
        remember(self._recent, key, said, most=_SPEAKERS)


# Answers older than this are not updated when the paste is edited: people have acted on them.
_REREAD_WITHIN: Final = timedelta(minutes=10)
# A follow-up in an answered thread that names an object is short; longer texts must match by themselves.
_LONGEST_REMARK: Final = 600
# A further question in a thread must be one so surely; what is less sure must address us again.
_SURELY_ASKED: Final = 0.7
_NOT_ASKED: Final = frozenset({Ask.THANKS, Ask.EXPLAIN})
_TEXT_FILES: Final = frozenset({"snippet", "post", "hosted", "external"})
_NOT_TEXT: Final = ("image/", "video/", "audio/", "application/pdf", "application/zip", "application/vnd.")
_OBJECTS: Final = frozenset(
    {"pod", "deployment", "statefulset", "daemonset", "replicaset", "job", "cronjob", "namespace", "node", "pvc"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageIntake:
    """Creates requests from messages.

    Methods raise StoreUnavailable or JobsUnavailable: Slack then gets no acknowledgement.
    """

    services: Services
    start: StartJob
    submissions: Submissions
    notices: RefusalNotices
    recent: RecentParts = field(default_factory=RecentParts)
    conversation: RecentTalk = field(default_factory=RecentTalk)

    async def take(self, event: ReceivedMessage | EditedMessage | DeletedMessage | None) -> None:
        """Process a new, edited or deleted message."""
        try:
            match event:
                case ReceivedMessage():
                    await self._received(event)
                case EditedMessage(message=message, changed=True):
                    await self._edited(message)
                case DeletedMessage():
                    await self._deleted(event)
                case _:
                    return
        except (TooManyRequests, TooManyJobs) as refused:
            # Acknowledged: Slack would only send it again.
            said = event.message if isinstance(event, EditedMessage) else event
            if isinstance(said, ReceivedMessage):
                self.notices.refused(self._new_request(said, Surface.MESSAGE, Part(ts=said.ts, text="")), refused.limit)

    # --- messages ---

    async def _received(self, message: ReceivedMessage) -> None:
        text = safe(message.text, limit=LONGEST_TEXT)
        if message.mentions_us or message.direct:
            if not message.bot:
                await self._addressed(message, text)
            return
        if await self._goes_on(message, text):
            await self._addressed(message, text)
            return
        states = _states(message)
        if states.over:
            await self._over(message, states.over)
            if not states.standing:
                return
            text = safe(states.standing, limit=LONGEST_TEXT)
        who = (message.channel, message.thread_ts, message.user)
        if known := self.recent.known(*who, message.ts):
            if known.request:
                await self.submissions.resume(known.request)
            return
        part = Part(ts=message.ts, text=text, is_cut=message.is_cut, in_block=message.in_block)
        self.recent.add(*who, part)
        beside = [] if message.bot else self.recent.beside(*who, message.ts)
        try:
            await self._paste(message, part, beside)
        except BaseException:
            self.recent.forget(*who, message.ts)
            raise

    async def _goes_on(self, message: ReceivedMessage, text: str) -> bool:
        """Tell whether a person asks us further in the thread that they began by asking us, and nobody else spoke."""
        if not message.thread_ts or message.bot or len(text) > _LONGEST_REMARK or message.mentions_others:
            return False
        talk = self.conversation.before(message.channel, message.thread_ts, message.ts)
        if any(said.user != message.user for said in talk):
            return False
        reading = asked(Message(text=text, user=message.user))
        kind, share = reading.shares[0]
        if share < _SURELY_ASKED or kind in _NOT_ASKED:
            return False
        requests = await self.services.store.requests.in_thread(message.channel, message.thread_ts)
        first = requests[0].original if requests else None
        return first is not None and first.origin is Surface.MENTION and first.user == message.user

    async def _over(self, message: ReceivedMessage, ended: str) -> None:
        """Start the jobs that close the answers to an alert whose end is posted; other ends draw no answer."""
        known = identities(safe(ended, limit=LONGEST_TEXT), over=True)
        for request in await self.services.store.standing_alerts.of(message.channel, known):
            await self.start(f"alert_over.{request}", AlertOverJob(request=request))
            self.services.metrics.message_handled("over")

    async def _paste(self, message: ReceivedMessage, part: Part, beside: list[Part]) -> None:
        """Process a message that may be a paste, or the next part of one."""
        begun = next((other.request for other in beside if other.request), "")
        if begun and not await self.submissions.is_repeated(begun):
            part.request = begun
            known = [(other.ts, other.text) for other in beside]
            await self.submissions.amend(begun, part.ts, part.text, user=message.user, beside=known)
            return
        if begun:
            # The answer to an earlier request covers those parts; this one may be another error.
            beside = []
        if self.submissions.admission.is_full(message.user or message.channel):
            # Not even matched, which costs most: the person is told once per burst.
            raise TooManyRequests(self.submissions.admission.limit)
        parts = sorted([*beside, part], key=lambda one: one.ts)
        text = "\n".join(one.text for one in parts)
        match = await carried_match(text, engine=self.services.engine(message.channel))
        before = self.conversation.before(message.channel, message.thread_ts, parts[0].ts)
        decided = may_answer(text, match.matching, before)
        self.conversation.add(message.channel, message.thread_ts, message.ts, Message(text=text, user=message.user))
        if decided.answered and match.matching.hypotheses:
            await self._matched(message, parts, match)
        elif decided.answered or _has_text_file(message):
            self.services.metrics.message_handled("reported" if decided.answered else "file")
            new_request = self._new_request(message, Surface.MESSAGE, parts[0])
            await self._submit(new_request, parts, integration=message.bot)
        else:
            self.services.metrics.message_handled("unmatched")
            await self._remark(message, part.text)

    async def _matched(self, message: ReceivedMessage, parts: list[Part], match: CarriedMatch) -> None:
        new_request = self._new_request(message, Surface.MESSAGE, parts[0])
        if await self.submissions.is_muted(new_request, match.matching.hypotheses[0]):
            # The next message is a new request, not a part of this one.
            self.recent.forget(message.channel, message.thread_ts, message.user, message.ts)
            return
        self.services.metrics.message_handled("matched")
        await self._submit(new_request, parts, integration=message.bot)

    async def _submit(self, new_request: NewRequest, parts: list[Part], *, integration: bool) -> None:
        # From here on an adjacent message is a part of this one, even while this one is being recorded.
        for one in parts:
            one.request = new_request.id
        more = [(one.ts, one.text) for one in parts[1:]]
        try:
            await self.submissions.submit(new_request, more=more, integration=integration)
        except TooManyRequests:
            for one in parts:
                one.request = ""
            raise

    async def _remark(self, message: ReceivedMessage, text: str) -> None:
        """Match a follow-up in an answered thread together with its paste: it may name the object."""
        if not message.thread_ts or message.bot or len(text) > _LONGEST_REMARK or not _names_object(text):
            return
        earlier = await self.services.store.requests.in_thread(message.channel, message.thread_ts)
        if earlier:
            part = Part(ts=message.ts, text=f"{earlier[0].text}\n{text}")
            await self.submissions.submit(self._new_request(message, Surface.FOLLOW_UP, part))

    async def _edited(self, message: ReceivedMessage) -> None:
        text = safe(message.text, limit=LONGEST_TEXT)
        request = await self.submissions.of_part(message.channel, message.ts)
        command = parse_message(text) if message.mentions_us and not message.bot else None
        if isinstance(command, ChannelCommand):
            await self._of_channel(message, text, command.action)
        elif request is None:
            await self._received(message)
        else:
            states, age = _states(message), self.services.clock() - request.original.created
            if (states.over and not states.standing) or age < _REREAD_WITHIN:
                text = safe(states.standing or states.over, limit=LONGEST_TEXT)
                await self.submissions.amend(request.original.id, message.ts, text, user=message.user)
            elif states.over:
                await self._over(message, states.over)

    async def _deleted(self, deleted: DeletedMessage) -> None:
        request = await self.submissions.of_part(deleted.channel, deleted.ts)
        if request is not None:
            await self.submissions.withdraw(request.original.id)
        elif deleted.to_us:
            # A command of an incident channel is no request; its text is in the records of its jobs.
            await self.submissions.withdraw(f"{deleted.team}.{deleted.channel}.{deleted.ts}")

    # --- requests ---

    async def _addressed(self, message: ReceivedMessage, text: str) -> None:
        match parse_message(text):
            case ChannelCommand(action=action):
                await self._of_channel(message, text, action)
            case Misuse():
                await self._of_channel(message, text)
            case _:
                await self.submissions.submit(self._question(message, text))

    async def _of_channel(self, message: ReceivedMessage, text: str, doing: str = "misused") -> None:
        """Start the job of an incident command given by a mention; an edit gives the command again."""
        self.services.metrics.request_handled(Surface.MENTION, doing, "taken")
        payload = MentionJob(
            channel=message.channel,
            team=message.team,
            user=message.user,
            thread_ts=message.thread_ts or ("" if message.direct else message.ts),
            text=text,
            at=self.services.clock(),
        )
        await self.start(f"{message.team}.{message.channel}.{message.ts}.{doing}", payload)

    def _question(self, message: ReceivedMessage, text: str) -> NewRequest:
        origin = Surface.DIRECT if message.direct else Surface.MENTION
        new_request = self._new_request(message, origin, Part(ts=message.ts, text=text))
        match parse_message(text):
            case ObjectQuery(kind=kind, namespace=namespace, name=name):
                return replace(new_request, kind=kind, namespace=namespace, name=name)
            case TextQuery(text=inner, cluster="", literal=False):
                return replace(new_request, text=inner)
            case _:
                return new_request

    def _new_request(self, message: ReceivedMessage, origin: Surface, first: Part) -> NewRequest:
        return NewRequest(
            id=f"{message.team}.{message.channel}.{first.ts}",
            origin=origin,
            team=message.team,
            channel=message.channel,
            # Direct messages too: each of their threads is a conversation of its own, as Slack's agent view shows them.
            thread_ts=message.thread_ts or first.ts,
            source_ts=first.ts,
            user=message.user,
            text=first.text,
            files=tuple(message.files),
            created=self.services.clock(),
        )


def _states(message: ReceivedMessage) -> PostStates:
    """Divide the post of an app. What a person writes is about one alert at most, and its first line tells."""
    if message.bot:
        return states_in(message.text)
    return PostStates(over=message.text) if is_over(message.text) else PostStates(standing=message.text)


def _has_text_file(message: ReceivedMessage) -> bool:
    """Tell whether a file may contain text: then it is downloaded, and answered if it matches."""
    return any(
        (text_in(file, "mode") or "hosted") in _TEXT_FILES and not text_in(file, "mimetype").startswith(_NOT_TEXT)
        for file in message.files
    )


def _names_object(text: str) -> bool:
    return any(entity.kind in _OBJECTS for symptom in read_symptoms(text) for entity in symptom.entities)
