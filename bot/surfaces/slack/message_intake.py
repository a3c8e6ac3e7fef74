"""Turn a message into a durable job before Slack gets its acknowledgement, so that it survives this process.

Most chat ends here: a message that matches nothing and does not address us is acknowledged and discarded. Stored text
is redacted first. If a method raises, Slack gets no acknowledgement and sends the event again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from bot.diagnosing import CarriedMatch, Engine, carried_match
from bot.jobs import Json, StartJob
from bot.metrics import Metrics
from bot.slack.message_events import DeletedMessage, EditedMessage, ReceivedMessage
from bot.store import LONGEST_TEXT, Asked, ReplyAddress, Store, Surface
from bot.surfaces.slack.paste_parts import Part, RecentParts
from bot.workflows.submissions import Submissions
from intents.channel_commands import ChannelCommand
from intents.misuse import Misused
from intents.slash import AskObject, AskText, parse_message
from intents.symptoms import read_symptoms
from responses.safety import safe

# Answers older than this are not updated when the paste is edited: people have acted on them.
_REREAD_WITHIN: Final = timedelta(minutes=10)
# A follow-up in an answered thread that names an object is short; longer texts must match by themselves.
_LONGEST_REMARK: Final = 600
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

    store: Store
    start: StartJob
    submissions: Submissions
    engine: Callable[[], Engine]
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    metrics: Metrics = field(default_factory=Metrics)
    recent: RecentParts = field(default_factory=RecentParts)

    async def heard(self, event: ReceivedMessage | EditedMessage | DeletedMessage | None) -> None:
        """Process a new, edited or deleted message."""
        match event:
            case ReceivedMessage():
                await self._received(event)
            case EditedMessage(said=said, changed=True):
                await self._edited(said)
            case DeletedMessage():
                await self._deleted(event)
            case _:
                return

    # --- messages ---

    async def _received(self, said: ReceivedMessage) -> None:
        text = safe(said.text, limit=LONGEST_TEXT)
        if said.mentions_us or said.direct:
            if not said.bot:
                await self._addressed(said, text)
            return
        who = (said.channel, said.thread_ts, said.user)
        if known := self.recent.known(*who, said.ts):
            if known.request:
                await self.submissions.resume(known.request)
            return
        beside = [] if said.bot else self.recent.beside(*who, said.ts)
        part = Part(ts=said.ts, text=text)
        self.recent.add(*who, part)
        try:
            await self._paste(said, part, beside)
        except BaseException:
            self.recent.forget(*who, said.ts)
            raise

    async def _paste(self, said: ReceivedMessage, part: Part, beside: list[Part]) -> None:
        """Process a message that may be a paste, or the next part of one."""
        if begun := next((other.request for other in beside if other.request), ""):
            part.request = begun
            await self.submissions.amend(begun, part.ts, part.text)
            return
        parts = sorted([*beside, part], key=lambda one: one.ts)
        match = await carried_match("\n".join(one.text for one in parts), engine=self.engine())
        if match.matching.hypotheses:
            await self._matched(said, parts, match)
        elif _has_text_file(said):
            self.metrics.heard("file")
            await self._submit(self._asked(said, Surface.MESSAGE, parts[0]), parts, match)
        else:
            self.metrics.heard("unmatched")
            await self._remark(said, part.text)

    async def _matched(self, said: ReceivedMessage, parts: list[Part], match: CarriedMatch) -> None:
        asked = self._asked(said, Surface.MESSAGE, parts[0])
        if await self.submissions.is_settled(asked, match.matching.hypotheses[0]):
            # The next message is a new request, not a part of this one.
            self.recent.forget(said.channel, said.thread_ts, said.user, said.ts)
            return
        self.metrics.heard("matched")
        await self._submit(asked, parts, match)

    async def _submit(self, asked: Asked, parts: list[Part], match: CarriedMatch) -> None:
        # From here on an adjacent message is a part of this one, even while this one is being recorded.
        for one in parts:
            one.request = asked.id
        await self.submissions.submit(asked, more=[(one.ts, one.text) for one in parts[1:]], match=match)

    async def _remark(self, said: ReceivedMessage, text: str) -> None:
        """Match a follow-up in an answered thread together with its paste: it may name the object."""
        if not said.thread_ts or said.bot or len(text) > _LONGEST_REMARK or not _names_object(text):
            return
        earlier = await self.store.requests.in_thread(said.channel, said.thread_ts)
        if earlier:
            part = Part(ts=said.ts, text=f"{earlier[0].text}\n{text}")
            await self.submissions.submit(self._asked(said, Surface.FOLLOW_UP, part))

    async def _edited(self, said: ReceivedMessage) -> None:
        text = safe(said.text, limit=LONGEST_TEXT)
        request = await self.submissions.of_part(said.channel, said.ts)
        command = parse_message(text) if said.mentions_us and not said.bot else None
        if isinstance(command, ChannelCommand):
            await self._of_channel(said, text, command.doing)
        elif request is None:
            await self._received(said)
        elif self.clock() - request.asked.created < _REREAD_WITHIN:
            await self.submissions.amend(request.asked.id, said.ts, text)

    async def _deleted(self, deleted: DeletedMessage) -> None:
        request = await self.submissions.of_part(deleted.channel, deleted.ts)
        if request is not None:
            await self.submissions.withdraw(request.asked.id)

    # --- requests ---

    async def _addressed(self, said: ReceivedMessage, text: str) -> None:
        match parse_message(text):
            case ChannelCommand(doing=doing):
                await self._of_channel(said, text, doing)
            case Misused():
                await self._of_channel(said, text)
            case _:
                await self.submissions.submit(self._question(said, text))

    async def _of_channel(self, said: ReceivedMessage, text: str, doing: str = "misused") -> None:
        """Start the job of an incident command given by a mention; an edit gives the command again."""
        self.metrics.asked(Surface.MENTION, doing, "taken")
        payload: Json = {
            "channel": said.channel,
            "team": said.team,
            "user": said.user,
            "thread_ts": said.thread_ts or ("" if said.direct else said.ts),
            "text": text,
            "at": self.clock().isoformat(),
        }
        await self.start("mention", f"{said.team}.{said.channel}.{said.ts}.{doing}", payload)

    def _question(self, said: ReceivedMessage, text: str) -> Asked:
        origin = Surface.DIRECT if said.direct else Surface.MENTION
        asked = self._asked(said, origin, Part(ts=said.ts, text=text))
        match parse_message(text):
            case AskObject(kind=kind, namespace=namespace, name=name):
                return replace(asked, kind=kind, namespace=namespace, name=name)
            case AskText(text=inner, cluster=""):
                return replace(asked, text=inner)
            case _:
                return asked

    def _asked(self, said: ReceivedMessage, origin: Surface, first: Part) -> Asked:
        # In a direct message the answer follows the question, elsewhere it is in the thread.
        thread_ts = said.thread_ts or ("" if said.direct else first.ts)
        return Asked(
            id=f"{said.team}.{said.channel}.{first.ts}",
            origin=origin,
            reply_to=ReplyAddress(team=said.team, channel=said.channel, thread_ts=thread_ts),
            source_ts=first.ts,
            user=said.user,
            text=first.text,
            files=tuple(said.files),
            created=self.clock(),
        )


def _has_text_file(said: ReceivedMessage) -> bool:
    """Tell whether a file may contain text: then it is downloaded, and answered if it matches."""
    return any(
        file.get("mode", "hosted") in _TEXT_FILES and not str(file.get("mimetype", "")).startswith(_NOT_TEXT)
        for file in said.files
    )


def _names_object(text: str) -> bool:
    return any(entity.kind in _OBJECTS for symptom in read_symptoms(text) for entity in symptom.entities)
