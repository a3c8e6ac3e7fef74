"""Run the simulated Slack of tests and the demo: a workspace on loopback, with users and injected faults."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from aiohttp import web

from bot.playground import Listener
from bot.playground.slack.channel_actions import ChannelActions
from bot.playground.slack.delivery import PayloadSender
from bot.playground.slack.events import EventPublisher
from bot.playground.slack.faults import FaultControls
from bot.playground.slack.limits import RateLimits
from bot.playground.slack.marks import Marks
from bot.playground.slack.methods.registry import MethodContext
from bot.playground.slack.payloads import PayloadBuilder
from bot.playground.slack.records import Identity, Json
from bot.playground.slack.response_handler import ResponseHandler
from bot.playground.slack.scopes import EVERY_SCOPE
from bot.playground.slack.sockets import SocketMode
from bot.playground.slack.state import State
from bot.playground.slack.user_actions import UserActions
from bot.playground.slack.web_api import WebApi
from bot.playground.slack.workspace import User

T = TypeVar("T")

_LARGEST_BODY = 32 * 1024 * 1024
_RETRY_PAUSES = (0.0, 60.0, 300.0)
_ANSWER_WITHIN = 3.0
_UNPACED_WITHIN = 30.0
_SHOWN_CALLS = 8


class SimulatedSlack(UserActions, FaultControls):
    """One workspace with one installed app. Start it inside a running event loop.

    Each instance has new random secrets; the signing secret may be given. `paced` enforces Slack's rate limits,
    measured by `clock` (epoch seconds), which also sets message timestamps. `signature_clock` sets signatures and
    dates, for a Slack whose time differs from the workspace's. `events` are the event types the app is subscribed to,
    `scopes` the scopes it was granted. A failed event is delivered again after each of `retry_pauses` (seconds).
    The app has `answer_within` seconds for every payload, and as long for the dialog of a press: three as with Slack,
    thirty if not `paced`, for tests on a busy machine.

    `marks` and `channel_actions` are further actions of users; `canvases` can be deleted; `sockets` can be refreshed or
    dropped. `calls` (of the Web API) and `deliveries` (to the app) are oldest first. What is shown to users is told by
    `ephemerals` (all, or those of a user), `views` and `home` (of a user), `prompts` and `sessions` (of a channel), as
    the parts of the state keep them. Tests may change `state` directly, and act with `publisher` and `sender`.
    """

    def __init__(
        self,
        *,
        signing_secret: str = "",
        clock: Callable[[], float] = time.time,
        signature_clock: Callable[[], float] | None = None,
        paced: bool = True,
        events: Iterable[str] = ("app_mention", "message"),
        scopes: Iterable[str] = EVERY_SCOPE,
        retry_pauses: Sequence[float] = _RETRY_PAUSES,
        answer_within: float | None = None,
        identity: Identity | None = None,
        sockets: SocketMode | None = None,
    ) -> None:
        super().__init__()
        # Random, so that no other program or web page on this machine can call a running instance.
        identity = identity or Identity(
            signing_secret=signing_secret or secrets.token_hex(16),
            bot_token=f"xoxb-simulated-{secrets.token_hex(12)}",
            app_token=f"xapp-simulated-{secrets.token_hex(12)}",
        )
        self.signing_secret = identity.signing_secret
        self.bot_token, self.app_token = identity.bot_token, identity.app_token
        self.bot_user_id, self.bot_id = identity.bot_user_id, identity.bot_id
        self.team_id, self.app_id = identity.team_id, identity.app_id
        self.retry_pauses = retry_pauses
        within = answer_within or (_ANSWER_WITHIN if paced else _UNPACED_WITHIN)
        self.state = State(identity=identity, clock=clock, scopes=scopes, trigger_seconds=within)
        self.sockets = sockets or SocketMode(identity=identity)
        self.sender = PayloadSender(
            secret=identity.signing_secret, clock=signature_clock or clock, changes=self.state.changes,
            sockets=self.sockets, retry_pauses=lambda: self.retry_pauses, within=within,
        )  # fmt: skip
        self.publisher = EventPublisher(state=self.state, sender=self.sender, subscribed=frozenset(events))
        self._payloads = PayloadBuilder(state=self.state)
        self._responses = ResponseHandler(state=self.state, publisher=self.publisher)
        self.rate_limits = RateLimits(clock=clock, enforced=paced)
        self.canvases = self.state.canvases
        self.marks = Marks(state=self.state, publisher=self.publisher)
        self.channel_actions = ChannelActions(state=self.state, publisher=self.publisher)
        context = MethodContext(
            state=self.state, publisher=self.publisher, rate_limits=self.rate_limits, sockets=self.sockets,
            marks=self.marks, channel_actions=self.channel_actions,
        )  # fmt: skip
        self._web_api = WebApi(context=context, faults=self, clock=signature_clock or clock)
        self.calls, self.deliveries = self._web_api.calls, self.sender.deliveries
        self._listener = Listener()
        places = self.state.places
        self.home, self.prompts, self.sessions = places.home, places.prompts, places.sessions
        self.ephemerals, self.views = self.state.ephemerals.all, self.state.views.all
        self.users, self.channels = self.state.users, self.state.channels
        self.subscribe = self.state.changes.subscribe
        self.sign, self.send_raw, self.redeliver = self.sender.sign, self.sender.send_raw, self.sender.resend
        self.tell, self.handle_call = self.publisher.tell, self._web_api.handle

    @property
    def url(self) -> str:
        """Return the base URL while it runs, "" otherwise."""
        return self.state.url

    @property
    def api_url(self) -> str:
        """Return the base URL for Slack's clients. Raise RuntimeError if it does not run."""
        if not self.url:
            raise RuntimeError("the simulated Slack is not running: call start() first")
        return f"{self.url}/api/"

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> str:
        """Listen on `host`:`port` (0: any free port) and return the base URL."""
        application = self.application()
        application.router.add_route("*", "/api/{method}", self.handle_call)
        application.router.add_get("/link/", self.sockets.accept)
        self.sockets.url = await self._listener.start(application, host, port)
        self.serve_at(self.sockets.url)
        return self.url

    def application(self) -> web.Application:
        """Return the paths below the base URL that belong to this workspace alone."""
        application = web.Application(client_max_size=_LARGEST_BODY)
        application.router.add_post("/actions/{number}/{token}", self._responses.handle_response_url)
        application.router.add_post("/upload/v1/{file}", self._web_api.receive)
        application.router.add_get("/files-pri/{file}/{name:.+}", self._web_api.hand_out)
        return application

    def serve_at(self, url: str) -> None:
        """Take calls at a base URL from now on."""
        self._web_api.stopping.clear()
        self.sender.open()
        self.state.url = url

    async def stop(self) -> None:
        """Stop listening: cancel deliveries, close sockets, release calls that hang."""
        self._web_api.stopping.set()
        await self.sender.close()
        await self.sockets.close()
        self.state.changes.close()
        await self._listener.stop()
        self.state.url = ""

    # The workspace.

    def add_user(
        self, name: str, *, id: str = "", locale: str = "en-US", guest: bool = False, foreign: bool = False,
        email: str = "", confirmed: bool = True, utc_offset_s: int = 0,
    ) -> str:  # fmt: skip
        """Add a user and return the id.

        `foreign` users belong to another organisation (Slack Connect). `confirmed`: the e-mail address is confirmed.
        """
        user = User(
            id=id or f"U0{len(self.state.workspace.users):09d}", name=name, locale=locale, guest=guest,
            foreign=foreign, email=email or f"{name}@example.com", confirmed=confirmed, utc_offset_s=utc_offset_s,
        )  # fmt: skip
        self.state.workspace.add_user(user)
        return user.id

    def add_channel(
        self, name: str, *, id: str = "", external: bool = False, private: bool = False, members: Iterable[str] = (),
        bot: bool = True, archived: bool = False,
    ) -> str:  # fmt: skip
        """Add a channel and return its id.

        Every user is a member of a public channel without `members`, later users too.
        """
        channel = self.state.workspace.add_channel(
            name, id=id, external=external, private=private, members=members, bot=bot, archived=archived
        )
        return channel.id

    def open_im(self, user: str) -> str:
        """Return the channel id of the direct message between `user` and the bot."""
        return self.state.workspace.find_im(self.state.workspace.user(user).id).id

    # Where payloads go.

    def deliver_to(self, *urls: str | None) -> None:
        """Set where events, commands and interactions are POSTed. None: over the app's sockets.

        Several URLs take turns, as replicas behind one address do.
        """
        self.sender.urls = urls or (None,)

    # What happened so far.

    def messages(self, channel: str, *, thread_ts: str | None = None) -> list[Json]:
        """Return the messages of a channel with replies, oldest first; with `thread_ts`, that thread's replies."""
        self.state.workspace.channel(channel)
        if thread_ts is None:
            return self.state.messages.all(channel)
        return self.state.messages.replies(channel, thread_ts)

    def message(self, channel: str, ts: str) -> Json:
        """Return one message as stored, with metadata. Raise ImpossibleActionError if it does not exist."""
        return self.state.message(self.state.workspace.channel(channel), ts)

    def files(self) -> list[Json]:
        """Return the files as `files.info` shows them."""
        return [self.state.file(each) for each in self.state.files.all()]

    def file_content(self, file_id: str) -> bytes:
        """Return a file's content, b"" until it is uploaded."""
        return self.state.files.get(file_id).content or b""

    async def wait_for(self, predicate: Callable[[], T], *, timeout: float = 30) -> T:  # noqa: ASYNC109 - the caller sets the deadline, and the error's text is ours
        """Return the first truthy value of `predicate`, checked after every change.

        Raise TimeoutError with the latest calls and deliveries.
        """
        return await self.state.changes.wait_for(predicate, timeout=timeout, describe=self._recent_activity)

    def _recent_activity(self) -> str:
        calls = ", ".join(f"{each.method} {each.error or each.status}" for each in self.calls[-_SHOWN_CALLS:])
        sent = ", ".join(f"{each.type} {each.reason or each.status}" for each in self.deliveries[-_SHOWN_CALLS:])
        return f"latest calls: {calls or 'none'}; latest deliveries: {sent or 'none'}"
