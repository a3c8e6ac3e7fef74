"""From what was said to a durable job, before Slack is answered: what is recorded here outlives this process.

Most chat ends here: a message that matches nothing and asks nothing of us is acknowledged and forgotten. Everything
kept has passed redaction first. Whatever raises here is not acknowledged, so that Slack says it again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from bot.diagnosing import Engine, match_text
from bot.jobs import Jobs, Json
from bot.metrics import Metrics
from bot.slack.fingerprints import fingerprint
from bot.slack.parts import Part, RecentParts
from bot.slack.said import Edited, Said, Withdrawn
from bot.store import LONGEST_TEXT, Asked, Request, Store, Surface
from intents.channel_commands import ChannelCommand
from intents.choosing import marked_with
from intents.domain import Hypothesis, Language, Text
from intents.misuse import Misused
from intents.slash import AskObject, AskText, Muted, parse_message
from intents.symptoms import read_symptoms
from responses.safety import safe
from responses.slack.message import Message
from responses.slack.notices import all_muted, unmuted

# An answer this old is left as it is when the paste is edited: people have acted on it.
_REREAD_WITHIN: Final = timedelta(minutes=10)
# A remark in an answered thread that names an object is short; longer texts must match by themselves.
_LONGEST_REMARK: Final = 600
_TEXT_FILES: Final = frozenset({"snippet", "post", "hosted", "external"})
_NOT_TEXT: Final = ("image/", "video/", "audio/", "application/pdf", "application/zip", "application/vnd.")
_OBJECTS: Final = frozenset(
    {"pod", "deployment", "statefulset", "daemonset", "replicaset", "job", "cronjob", "namespace", "node", "pvc"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """`engine` is asked for each time: a reloaded catalog makes a new one. Within `window` one error is one answer.

    Of `several_clusters` the same error in two of them is two.
    """

    store: Store
    jobs: Jobs
    engine: Callable[[], Engine]
    window: timedelta
    several_clusters: bool = False
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    metrics: Metrics = field(default_factory=Metrics)
    recent: RecentParts = field(default_factory=RecentParts)

    async def heard(self, event: Said | Edited | Withdrawn | None) -> None:
        """A message event. Raises StoreUnavailable or JobsUnavailable, and then Slack must not be acknowledged."""
        match event:
            case Said():
                await self._said(event)
            case Edited(said=said, changed=True):
                await self._edited(said)
            case Withdrawn():
                await self._withdrawn(event)
            case _:
                return

    async def ask(self, asked: Asked) -> None:
        """Something asked outright: by command, shortcut, mention or in a direct message."""
        await self.store.requests.add(asked)
        await self.jobs.start("answer", asked.id, {"request": asked.id})

    async def muted(self, channel: str, asked: Muted, *, language: Language) -> Message:
        """What a channel does not want to hear of; with `unmute`, from now on it does again."""
        incidents = self.engine().catalog.incidents
        now = self.clock()
        standing = [mute.incident for mute in await self.store.mutes.list(channel, now)]
        titled = [(each, incidents[each].title if each in incidents else Text.same(each)) for each in standing]
        if not asked.unmute:
            return all_muted(titled, language=language)
        chosen = [pair for pair in titled if asked.unmute in ("all", pair[0])]
        for incident, _ in chosen:
            await self.store.mutes.remove(channel, incident)
        if not chosen:
            return all_muted(titled, language=language)
        titles = [title for _, title in chosen]
        heard = Text(en=", ".join(title.en for title in titles), zh="、".join(title.zh for title in titles))
        return unmuted(heard, language=language)

    # --- messages ---

    async def _said(self, said: Said) -> None:
        text = safe(said.text, limit=LONGEST_TEXT)
        if said.mentions_us or said.direct:
            if not said.bot:
                await self._asked_outright(said, text)
            return
        who = (said.channel, said.thread_ts, said.user)
        if known := self.recent.known(*who, said.ts):
            if known.request:
                await self.jobs.start("answer", known.request, {"request": known.request})
            return
        beside = [] if said.bot else self.recent.beside(*who, said.ts)
        part = Part(ts=said.ts, text=text)
        self.recent.add(*who, part)
        try:
            await self._paste(said, part, beside)
        except BaseException:
            self.recent.forget(*who, said.ts)
            raise

    async def _paste(self, said: Said, part: Part, beside: list[Part]) -> None:
        if begun := next((other.request for other in beside if other.request), ""):
            part.request = begun
            await self._amend(begun, part.ts, part.text)
            return
        parts = sorted([*beside, part], key=lambda one: one.ts)
        hypotheses = (await match_text("\n".join(one.text for one in parts), engine=self.engine())).hypotheses
        if not hypotheses:
            self.metrics.heard("file" if _readable(said) else "unmatched")
        if not hypotheses and not _readable(said):
            if said.thread_ts and not said.bot:
                await self._remark(said, part.text)
            return
        asked = self._asked(said, Surface.MESSAGE, parts[0])
        if hypotheses and await self._is_old_news(hypotheses[0], asked):
            # What comes next is a request of its own, no more of this one.
            self.recent.forget(said.channel, said.thread_ts, said.user, said.ts)
            return
        if hypotheses:
            self.metrics.heard("matched")
        # From here on a message beside this one is more of it, even while this one is being written down.
        for one in parts:
            one.request = asked.id
        await self.store.requests.add(asked)
        for one in parts[1:]:
            await self.store.requests.amend(asked.id, one.ts, one.text, asked.created)
        await self.jobs.start("answer", asked.id, {"request": asked.id})

    async def _is_old_news(self, hypothesis: Hypothesis, asked: Asked) -> bool:
        """Whether the channel does not want to hear of it, or has its answer already, which then counts once more."""
        if await self.store.mutes.is_muted(asked.channel, hypothesis.incident, asked.created):
            self.metrics.heard("muted")
            return True
        where = marked_with(asked.text) if self.several_clusters else ""
        about = fingerprint(self.engine().catalog.incidents[hypothesis.incident], hypothesis, cluster=where)
        topic = await self.store.topics.join(asked.channel, about, asked.id, now=asked.created, window=self.window)
        if topic.leader == asked.id:
            return False
        self.metrics.heard("repeated")
        again = {
            "request": topic.leader,
            "user": asked.user,
            "channel": asked.channel,
            "thread_ts": asked.thread_ts if asked.thread_ts != asked.source_ts else "",
            "count": topic.count,
        }
        await self.jobs.start("repeat", f"{asked.id}.repeat", again)
        return True

    async def _remark(self, said: Said, text: str) -> None:
        """A remark in an answered thread may name the object that the paste did not: then both are read together."""
        if len(text) > _LONGEST_REMARK or not _names_object(text):
            return
        earlier = await self.store.requests.in_thread(said.channel, said.thread_ts)
        if not earlier:
            return
        asked = self._asked(said, Surface.FOLLOW_UP, Part(ts=said.ts, text=f"{earlier[0].text}\n{text}"))
        await self.ask(asked)

    async def _edited(self, said: Said) -> None:
        text = safe(said.text, limit=LONGEST_TEXT)
        request = await self._of_message(said.channel, said.ts)
        command = parse_message(text) if said.mentions_us and not said.bot else None
        if isinstance(command, ChannelCommand):
            await self._of_channel(said, text, command.doing)
        elif request is None:
            await self._said(said)
        elif self.clock() - request.asked.created < _REREAD_WITHIN:
            await self._amend(request.asked.id, said.ts, text)

    async def _withdrawn(self, withdrawn: Withdrawn) -> None:
        request = await self._of_message(withdrawn.channel, withdrawn.ts)
        if request is not None:
            await self.jobs.start("withdraw", f"{request.asked.id}.withdrawn", {"request": request.asked.id})

    async def _amend(self, request: str, ts: str, text: str) -> None:
        revision = await self.store.requests.amend(request, ts, text, self.clock())
        if revision is not None:
            await self.jobs.start("answer", f"{request}.r{revision}", {"request": request})

    async def _of_message(self, channel: str, ts: str) -> Request | None:
        found = await self.store.requests.find_part(channel, ts)
        return await self.store.requests.get(found) if found else None

    # --- what becomes a request ---

    async def _asked_outright(self, said: Said, text: str) -> None:
        match parse_message(text):
            case ChannelCommand(doing=doing):
                await self._of_channel(said, text, doing)
            case Misused():
                await self._of_channel(said, text)
            case _:
                await self.ask(self._question(said, text))

    async def _of_channel(self, said: Said, text: str, doing: str = "misused") -> None:
        """Something asked of an incident channel, aloud; said anew in an edit, it is asked anew."""
        self.metrics.asked(Surface.MENTION, doing, "taken")
        payload: Json = {
            "channel": said.channel,
            "team": said.team,
            "user": said.user,
            "thread_ts": said.thread_ts or ("" if said.direct else said.ts),
            "text": text,
            "at": self.clock().isoformat(),
        }
        await self.jobs.start("mention", f"{said.team}.{said.channel}.{said.ts}.{doing}", payload)

    def _question(self, said: Said, text: str) -> Asked:
        surface = Surface.DIRECT if said.direct else Surface.MENTION
        command = parse_message(text)
        asked = self._asked(said, surface, Part(ts=said.ts, text=text))
        match command:
            case AskObject(kind=kind, namespace=namespace, name=name):
                return replace(asked, kind=kind, namespace=namespace, name=name)
            case AskText(text=inner, cluster=""):
                return replace(asked, text=inner)
            case _:
                return asked

    def _asked(self, said: Said, surface: Surface, first: Part) -> Asked:
        return Asked(
            id=f"{said.team}.{said.channel}.{first.ts}",
            team=said.team,
            channel=said.channel,
            # In a direct message the answer stands below the question, elsewhere in its thread.
            thread_ts=said.thread_ts or ("" if said.direct else first.ts),
            source_ts=first.ts,
            user=said.user,
            surface=surface,
            text=first.text,
            files=tuple(said.files),
            created=self.clock(),
        )


def _readable(said: Said) -> bool:
    """Whether a file may hold text: then it is fetched, and answered if it matches."""
    return any(
        file.get("mode", "hosted") in _TEXT_FILES and not str(file.get("mimetype", "")).startswith(_NOT_TEXT)
        for file in said.files
    )


def _names_object(text: str) -> bool:
    return any(entity.kind in _OBJECTS for symptom in read_symptoms(text) for entity in symptom.entities)
