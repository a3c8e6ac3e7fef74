"""The simulated Slack as tests and the demo use it: a workspace on loopback, people in it, faults on demand."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from aiohttp import web

from bot.playground.slack.acting import People
from bot.playground.slack.announcing import Announcer
from bot.playground.slack.answers import Answers
from bot.playground.slack.canvases import Canvases
from bot.playground.slack.changes import Subscription
from bot.playground.slack.courier import Courier, Parcel
from bot.playground.slack.files import SharedFile, file_json
from bot.playground.slack.identity import Identity
from bot.playground.slack.marks import Marks
from bot.playground.slack.methods.chat import open_im
from bot.playground.slack.methods.desk import Desk
from bot.playground.slack.pace import Pace
from bot.playground.slack.places import Places
from bot.playground.slack.records import Delivered, Delivery, Json, Kind, RecordedCall
from bot.playground.slack.scopes import EVERY_SCOPE
from bot.playground.slack.sockets import SocketMode
from bot.playground.slack.state import State
from bot.playground.slack.transfers import Transfers
from bot.playground.slack.troubles import Troubles
from bot.playground.slack.web_api import WebApi
from bot.playground.slack.wrong import SlackWorldError

T = TypeVar("T")

_LARGEST_BODY = 32 * 1024 * 1024
_RETRY_PAUSES = (0.0, 60.0, 300.0)
_ANSWER_WITHIN = 3.0
_SHOWN_CALLS = 8

# A name and its content, text or bytes; SharedFile says more.
Shareable = SharedFile | tuple[str, str | bytes]


class SimulatedSlack(Troubles):
    """One workspace with one installed app. Start it inside a running event loop.

    Its secrets are made up anew for each instance, the signing secret unless it is given.
    `pace` enforces Slack's rate limits, measured by `clock` (epoch seconds), which also gives messages their ts;
    `signs_by` is that of signatures and dates where Slack's own time is another than the workspace's. `events` are the
    event types the app is subscribed to, `scopes` what it was granted. A failed event is delivered again after each of
    `retry_pauses` (seconds); the app has `answer_within` seconds for every payload.
    """

    def __init__(
        self,
        *,
        signing_secret: str = "",
        clock: Callable[[], float] = time.time,
        signs_by: Callable[[], float] | None = None,
        pace: bool = True,
        events: Iterable[str] = ("app_mention", "message"),
        scopes: Iterable[str] = EVERY_SCOPE,
        retry_pauses: Sequence[float] = _RETRY_PAUSES,
        answer_within: float = _ANSWER_WITHIN,
    ) -> None:
        # Nobody else on this machine, no web page in its browser either, can know what a running instance takes.
        self._identity = Identity(
            signing_secret=signing_secret or secrets.token_hex(16),
            bot_token=f"xoxb-simulated-{secrets.token_hex(12)}",
            app_token=f"xapp-simulated-{secrets.token_hex(12)}",
        )
        self._state = State(identity=self._identity, clock=clock, scopes=scopes)
        self._sockets = SocketMode(identity=self._identity)
        self._courier = Courier(
            secret=self._identity.signing_secret, clock=signs_by or clock, changes=self._state.changes,
            sockets=self._sockets, retry_pauses=retry_pauses, within=answer_within,
        )  # fmt: skip
        self._announcer = Announcer(state=self._state, courier=self._courier, subscribed=frozenset(events))
        self._people = People(state=self._state, announcer=self._announcer, courier=self._courier)
        self._answers = Answers(state=self._state, announcer=self._announcer)
        self._transfers = Transfers(state=self._state)
        self._marks = Marks(state=self._state, announcer=self._announcer)
        self._places = Places(state=self._state, announcer=self._announcer)
        self._desk = Desk(
            state=self._state, announcer=self._announcer, courier=self._courier,
            pace=Pace(clock=clock, enforced=pace), sockets=self._sockets, marks=self._marks, places=self._places,
        )  # fmt: skip
        self._web_api = WebApi(desk=self._desk, clock=signs_by or clock)
        super().__init__(
            state=self._state, web_api=self._web_api, courier=self._courier, transfers=self._transfers,
            pace=self._desk.pace,
        )  # fmt: skip
        self._runner: web.AppRunner | None = None

    # Where and who it is.

    @property
    def url(self) -> str:
        """The base URL while it runs, "" otherwise."""
        return self._state.url

    @property
    def api_url(self) -> str:
        """What Slack's clients take as their base URL. RuntimeError if it does not run."""
        if not self.url:
            raise RuntimeError("the simulated Slack has no address: start it before asking for its API")
        return f"{self.url}/api/"

    @property
    def signing_secret(self) -> str:
        return self._identity.signing_secret

    @property
    def bot_token(self) -> str:
        return self._identity.bot_token

    @property
    def app_token(self) -> str:
        return self._identity.app_token

    @property
    def team_id(self) -> str:
        return self._identity.team_id

    @property
    def bot_user_id(self) -> str:
        return self._identity.bot_user_id

    @property
    def bot_id(self) -> str:
        return self._identity.bot_id

    @property
    def app_id(self) -> str:
        return self._identity.app_id

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> str:
        """Listen on `host`:`port` (0: any free port) and return the base URL."""
        application = web.Application(client_max_size=_LARGEST_BODY)
        application.router.add_route("*", "/api/{method}", self._web_api.handle)
        application.router.add_post("/actions/{number}/{token}", self._answers.by_url)
        application.router.add_get("/link/", self._sockets.accept)
        application.router.add_post("/upload/v1/{file}", self._transfers.receive)
        application.router.add_get("/files-pri/{file}/{name:.+}", self._transfers.hand_out)
        self._web_api.stopping.clear()
        self._courier.open()
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        await web.TCPSite(self._runner, host, port).start()
        listening = self._runner.addresses[0]
        self._state.url = self._sockets.url = f"http://{listening[0]}:{listening[1]}"
        return self.url

    async def stop(self) -> None:
        """Stop listening; deliveries under way are given up, sockets closed, calls that hang let go."""
        self._web_api.stopping.set()
        await self._courier.close()
        await self._sockets.close()
        self._state.changes.close()
        if self._runner is not None:
            await self._runner.cleanup()
        self._runner, self._state.url = None, ""

    async def hang_up(self) -> None:
        """Deliver nothing more, and give up what is under way: the app is about to stop. Its calls are answered."""
        await self._courier.close()

    # The workspace.

    def add_user(
        self, name: str, *, id: str = "", locale: str = "en-US", guest: bool = False, foreign: bool = False,
        email: str = "", confirmed: bool = True,
    ) -> str:  # fmt: skip
        """A person; returns the id. `foreign` ones belong to another organisation (Slack Connect).

        `confirmed`: they have shown that the address is theirs.
        """
        user = self._state.workspace.add_user(
            name, id=id, locale=locale, guest=guest, foreign=foreign, email=email, confirmed=confirmed
        )
        self._state.tell_places()
        return user.id

    def deactivate(self, user: str) -> None:
        """Let somebody have left the workspace."""
        self._state.workspace.deactivate(user)
        self._state.tell_places()

    def set_group(
        self, handle: str, *, id: str = "", members: Iterable[str] = (), external: bool = False, disabled: bool = False
    ) -> str:
        """A user group of exactly these members; returns the id. One of that handle is changed."""
        group = self._state.workspace.set_group(
            handle, id=id, created=int(self._state.clock()), members=members, external=external, disabled=disabled
        )
        return group.id

    def add_channel(
        self, name: str, *, id: str = "", external: bool = False, private: bool = False, members: Iterable[str] = (),
        bot: bool = True, archived: bool = False,
    ) -> str:  # fmt: skip
        """A channel; returns the id. A public one without `members` has everybody in it, later users too."""
        channel = self._state.workspace.add_channel(
            name, id=id, created=int(self._state.clock()), external=external, private=private, members=members, bot=bot,
            archived=archived,
        )  # fmt: skip
        self._state.tell_places()
        return channel.id

    def open_im(self, user: str) -> str:
        """The direct message of `user` with the bot; returns the channel's id."""
        return open_im(self._desk, self._state.workspace.user(user).id).id

    @property
    def canvases(self) -> Canvases:
        """The canvases of the channels; delete one as a person would, or let the workspace have none."""
        return self._state.canvases

    # Of these three the app hears nothing: for what people do, see `places`.

    def set_archived(self, channel: str, *, archived: bool = True) -> None:
        self._state.workspace.channel(channel).archived = archived
        self._state.tell_places()

    def invite_bot(self, channel: str) -> None:
        self._state.workspace.channel(channel).members.add(self.bot_user_id)
        self._state.tell_places()

    def remove_bot(self, channel: str) -> None:
        self._state.workspace.channel(channel).members.discard(self.bot_user_id)
        self._state.tell_places()

    def users(self) -> list[Json]:
        """Everybody, as `users.info` shows them."""
        return self._state.users()

    def channels(self) -> list[Json]:
        """Every channel and direct message, as `conversations.info` shows them."""
        return self._state.channels()

    # What people do. Each returns when the app answered, or failed to answer, the first attempt.

    def deliver_to(self, *urls: str | None) -> None:
        """Where events, commands and interactions are POSTed. None: over the app's sockets, if it has any.

        Several take turns, as replicas behind one address do.
        """
        self._courier.urls = urls or (None,)

    async def say(
        self, user: str, channel: str, text: str, *, thread_ts: str = "", files: Sequence[Shareable] = (),
        bot: bool = False, attachments: Sequence[Json] = (),
    ) -> str:  # fmt: skip
        """A message as typed by `user`; returns its ts. Slack escapes it and marks links, mentions are `<@U…>`.

        With `bot` it comes from another integration of the user's name, and `text` is taken as it is; alerts say most
        of what they say in `attachments`.
        """
        shared = [_shared(each) for each in files]
        return await self._people.say(
            user, channel, text, thread_ts=thread_ts, files=shared, bot=bot, attachments=attachments
        )

    async def edit(self, user: str, channel: str, ts: str, text: str) -> None:
        """Change one's own message."""
        await self._people.edit(user, channel, ts, text)

    async def remove(self, user: str, channel: str, ts: str, *, admin: bool = False) -> None:
        """Delete one's own message, or as an `admin` anybody's, the app's too.

        One with replies leaves a tombstone, which comes as `message_changed`.
        """
        await self._people.remove(user, channel, ts, admin=admin)

    @property
    def marks(self) -> Marks:
        """Reactions and pins that people make."""
        return self._marks

    @property
    def places(self) -> Places:
        """Channels that people make, join, leave, rename and archive."""
        return self._places

    async def slash(self, user: str, channel: str, text: str, *, command: str = "/diagnose") -> Delivered:
        """A slash command; what the app answers with is shown to the user."""
        return await self._people.slash(user, channel, text, command=command)

    async def shortcut(self, user: str, channel: str, ts: str, *, callback_id: str) -> Delivered:
        """A shortcut on a message."""
        return await self._people.shortcut(user, channel, ts, callback_id=callback_id)

    async def click(
        self, user: str, channel: str, ts: str, action_id: str, *, block_id: str | None = None, value: str | None = None
    ) -> Delivered:
        """Press what stands in a message, an ephemeral one too. `value` names an option, or one of several buttons."""
        return await self._people.click(user, channel, ts, action_id, block_id=block_id, value=value)

    async def click_view(
        self, user: str, view_id: str, action_id: str, *, block_id: str | None = None, value: str | None = None
    ) -> Delivered:
        """Press what stands in an open dialog."""
        return await self._people.click_view(user, view_id, action_id, block_id=block_id, value=value)

    async def submit(
        self, user: str, view_id: str, values: Mapping[str, Mapping[str, Any]] | None = None
    ) -> Delivered:  # fmt: skip
        """Send a dialog off with `values` by block and action id; then it closes unless the app answers otherwise."""
        return await self._people.submit(user, view_id, values or {})

    async def close(self, user: str, view_id: str, *, all: bool = False) -> Delivered | None:
        """Close a dialog, or with `all` the whole stack. None if the app does not want to know."""
        return await self._people.close(user, view_id, all=all)

    def sign(self, body: bytes, timestamp: float | None = None) -> dict[str, str]:
        """The signature headers for `body`, for now unless a time is given."""
        return self._courier.sign(body, timestamp)

    async def send_raw(self, body: bytes, headers: Mapping[str, str]) -> Delivered:
        """POST exactly this to the request URL: forged, replayed or broken payloads."""
        return await self._courier.send_raw(body, dict(headers))

    async def verify_url(self) -> Delivered:
        """Ask the request URL for its challenge, as Slack does when it is set."""
        payload = {
            "token": self._identity.verification_token, "challenge": "simulated-challenge", "type": "url_verification"
        }  # fmt: skip
        return await self._courier.send(Parcel(kind=Kind.EVENT, payload=payload))

    async def redeliver(self, event_id: str, *, reason: str = "http_timeout") -> Delivered:
        """Deliver an event again as Slack retries it."""
        sent = [each for each in self.deliveries if each.event_id == event_id]
        if not sent:
            raise SlackWorldError(f"no event {event_id!r} was delivered")
        parcel = Parcel(kind=sent[0].kind, payload=dict(sent[0].payload), event_id=event_id)
        return await self._courier.once_more(parcel, attempt=len(sent), reason=reason)

    async def refresh_sockets(self, *, warning: float = 0.05) -> None:
        """Ask every socket to make way, as Slack does every few hours: a warning, `warning` seconds later the end."""
        await self._sockets.refresh(warning=warning)

    @property
    def socket_count(self) -> int:
        """Open Socket Mode connections."""
        return self._sockets.count

    # What stands.

    @property
    def calls(self) -> list[RecordedCall]:
        """Web API calls, oldest first."""
        return self._web_api.calls

    @property
    def deliveries(self) -> list[Delivery]:
        """Every attempt to deliver something, oldest first."""
        return self._courier.deliveries

    def restore(self, channel: str, messages: Iterable[Json], *, views: Mapping[str, Iterable[Json]]) -> None:
        """Put back the messages of a channel, and the open dialogs by user, that an earlier simulation showed."""
        self._state.messages.restore(channel, messages)
        for user, shown in views.items():
            self._state.views.restore(user, shown)

    def messages(self, channel: str, *, thread_ts: str | None = None) -> list[Json]:
        """Messages of a channel, replies included, oldest first; with `thread_ts` the replies of that thread only."""
        self._state.workspace.channel(channel)
        if thread_ts is None:
            return self._state.messages.all(channel)
        return self._state.messages.replies(channel, thread_ts)

    def message(self, channel: str, ts: str) -> Json:
        """One message as stored, metadata included. SlackWorldError if it does not stand."""
        message = self._state.messages.get(channel, ts)
        if message is None:
            raise SlackWorldError(f"there is no message {ts} in {channel}")
        return message

    def ephemerals(self, user: str | None = None) -> list[Json]:
        """Ephemeral messages with their `channel` and `user`, oldest first."""
        return self._state.ephemerals.all(user)

    def views(self, user: str) -> list[Json]:
        """The dialogs open before `user`, the visible one last; `errors` are the app's beside the inputs."""
        return self._state.views.all(user)

    def files(self) -> list[Json]:
        """Files as `files.info` shows them."""
        return [file_json(each, identity=self._identity, url=self.url) for each in self._state.files.all()]

    def file_content(self, file_id: str) -> bytes:
        """What a file holds, b"" while nothing was uploaded."""
        return self._state.files.get(file_id).content or b""

    def reactions(self, channel: str, ts: str) -> list[Json]:
        """Reactions of a message: name, users, count."""
        found: list[Json] = self.message(channel, ts).get("reactions", [])
        return found

    async def wait_for(self, predicate: Callable[[], T], *, timeout: float = 10) -> T:  # noqa: ASYNC109 - the deadline is the caller's, and what is said then is ours
        """The first truthy value of `predicate`, asked after every change. TimeoutError names the latest calls."""
        return await self._state.changes.wait_for(predicate, timeout=timeout, told=self._lately)

    def subscribe(self) -> Subscription:
        """Everything that happens from now on, to be iterated; close it, or use it as a context manager."""
        return self._state.changes.subscribe()

    def _lately(self) -> str:
        calls = ", ".join(f"{each.method} {each.error or each.status}" for each in self.calls[-_SHOWN_CALLS:])
        sent = ", ".join(f"{each.type} {each.reason or each.status}" for each in self.deliveries[-_SHOWN_CALLS:])
        return f"latest calls: {calls or 'none'}; latest deliveries: {sent or 'none'}"


def _shared(file: Shareable) -> SharedFile:
    if isinstance(file, SharedFile):
        return file
    name, content = file
    return SharedFile(name=name, content=content.encode() if isinstance(content, str) else content)
