"""Play the events around one answer: users press and confirm, others change objects; every write is checked.

The check compares objects in the API server at the dry run of a preview with those at each write.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from bot.playground.slack import AppResponse
from responses.slack.presses import Press, parse_dialog_metadata
from tests.end_to_end.every_action.watching import of_people
from tests.end_to_end.workplace import Workplace, buttons_of, words_of
from tests.meddling import Meddle, Meddling, Others, Place, Watch, Write, uid

Json = dict[str, Any]
# Channel, message and value of the button.
Button = tuple[str, str, Json]

_LONGER_THAN_A_PLAN: Final = timedelta(minutes=31)


@dataclass(slots=True, kw_only=True, eq=False)
class Dialog:
    """A modal as a user saw it, with the objects of its preview by path."""

    user: str
    view: Json
    shown: Mapping[str, Json | None]

    @property
    def plan(self) -> str:
        return parse_dialog_metadata(self.view["private_metadata"])[0]

    @property
    def typed(self) -> dict[str, dict[str, Any]]:
        """Return the input state, with the object's name if the modal asks for one."""
        names = [block["element"]["placeholder"]["text"] for block in self.view["blocks"] if block["type"] == "input"]
        return {str(Press.TYPED_NAME): {str(Press.TYPED_NAME): each} for each in names}


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """A plan whose button was seen: its time, its objects, and the plan it undoes ("" for none)."""

    ahead: timedelta
    objects: Mapping[str, Json | None]
    undoes: str = ""


@dataclass(slots=True, kw_only=True, repr=False)
class Story:
    at: Workplace
    paths: Sequence[str]
    text: str
    name: str
    others: Others
    channels: list[str] = field(default_factory=list)
    offered: dict[str, Offered] = field(default_factory=dict)
    dialogs: list[Dialog] = field(default_factory=list)
    sent: dict[str, Json] = field(default_factory=dict)
    written: dict[tuple[str, str], Write] = field(default_factory=dict)
    confirmed: bool = False

    # The events. An event that is impossible at the moment is skipped.

    async def asks(self, _: str = "", __: Meddle | None = None) -> None:
        """Ask in a new channel; in the old one it would count as a repeat."""
        channel = self.at.slack.add_channel(f"{self.name}-{len(self.channels)}")
        self.channels.append(channel)
        await self.at.slack.say(self.at.alex, channel, self.text)
        await self.at.settled()
        self._look()

    async def presses(self, who: str, meddle: Meddle | None = None, *, undo: bool = False) -> None:
        user = self.user(who)
        if (button := self._button(undo=undo)) is None:
            return
        told = self._told(user)
        with self.watched(meddle) as watch:
            await self._click(user, button)
            await self.at.settled()
            assert watch.done == []
        views = self.at.slack.views(user)
        assert views or self._told(user) != told, "whoever presses is told something"
        if views and views[-1]["submit"] is not None:
            assert user != self.at.guest
            self.dialogs.append(Dialog(user=user, view=views[-1], shown=dict(watch.tried)))
        elif views:
            assert "⏳" not in words_of(views[-1]["blocks"])
            expected = watch.meddled_before or self._may_be_refused(button[-1]["value"], user)
            assert expected, f"nothing is the matter, and yet: {words_of(views[-1]['blocks'])}"

    async def presses_undo(self, who: str, meddle: Meddle | None = None) -> None:
        await self.presses(who, meddle, undo=True)

    async def submits(self, who: str, meddle: Meddle | None = None) -> None:
        """Submit the user's open modal, after a button press if there is none."""
        if (dialog := self._newest(who)) is None:
            await self.presses(who)
        if (dialog := self._newest(who)) is not None:
            must = meddle is None or meddle.what is Meddling.STATUS
            await self._submitted([dialog], meddle, must=must and self._nothing_has_changed(dialog))

    async def submits_an_older_one(self, who: str, meddle: Meddle | None = None) -> None:
        older = [each for each in self.dialogs if each.user == self.user(who)][:-1]
        if older:
            await self._submitted(older[-1:], meddle, forged=True)

    async def submits_that_of_another(self, who: str, meddle: Meddle | None = None) -> None:
        theirs = [each for each in self.dialogs if each.user != self.user(who)]
        if theirs:
            with self.watched(meddle) as watch:
                await self._sends(theirs[-1], user=self.user(who))
                await self.at.settled()
                assert watch.done == [], "nobody confirms what somebody else was shown"

    async def sends_again(self, who: str, meddle: Meddle | None = None) -> None:
        if payload := self.sent.get(self.user(who)):
            with self.watched(meddle) as watch:
                await self.at.send(payload)
                await self.at.settled()
                assert watch.done == [], "what is sent twice is done once"

    async def submit_both(self, _: str = "", meddle: Meddle | None = None) -> None:
        both = [each for each in map(self._newest, ("alex", "bo")) if each is not None]
        if len(both) == 2:
            await self._submitted(both, meddle)

    async def presses_and_submits_the_one_before(self, who: str, meddle: Meddle | None = None) -> None:
        """Submit the earlier modal while the next one is being filled, as on two devices."""
        dialog, button = self._newest(who), self._button()
        if dialog is None or button is None:
            return
        if meddle is not None:
            self.others.do(meddle.what, self.paths[meddle.step % len(self.paths)])
        slack, cluster = self.at.slack, self.at.cluster
        sending: list[asyncio.Task[Any]] = []

        def send() -> None:
            cluster.latency = 0.005
            sending.append(asyncio.create_task(self._sends(dialog)))
            watch.upon_dry_run = None

        with self.watched() as watch:
            watch.upon_dry_run = send
            slack.latency = 0.06
            await self._click(dialog.user, button)
            await self.at.settled()
            await asyncio.gather(*sending)
            await self.at.settled()
            slack.latency = cluster.latency = 0.0
            if sending:
                self.confirmed = True
            self._check(watch.done, [dialog])
        views = slack.views(dialog.user)
        if views and views[-1]["submit"] is not None and watch.tried:
            self.dialogs.append(Dialog(user=dialog.user, view=views[-1], shown=dict(watch.tried)))

    async def closes(self, who: str, _: Meddle | None = None) -> None:
        for view in self.at.slack.views(self.user(who))[:1]:
            await self.at.slack.close(self.user(who), view["id"])

    async def time_passes(self, _: str = "", __: Meddle | None = None) -> None:
        self.at.clock.advance(_LONGER_THAN_A_PLAN)

    async def meddles(self, _: str, meddle: Meddle | None) -> None:
        if meddle is not None:
            self.others.do(meddle.what, self.paths[meddle.step % len(self.paths)])

    # The checks against what the API server saw.

    async def _submitted(
        self, dialogs: Sequence[Dialog], meddle: Meddle | None, *, must: bool = False, forged: bool = False
    ) -> None:
        before = [self._told(dialog.user) for dialog in dialogs]
        with self.watched(meddle) as watch:
            sends = self._sends if forged else self._submits
            delivered = await asyncio.gather(*(sends(dialog) for dialog in dialogs))
            await self.at.settled()
            done = watch.done
        self._check(done, dialogs)
        self._look(after=done, of=dialogs)
        for dialog, told, answered in zip(dialogs, before, delivered, strict=True):
            refused = "response_action" in str(answered.body) and "clear" not in str(answered.body)
            assert refused or self._told(dialog.user) != told, "whoever confirms is told what came of it"
        if done and len({dialog.plan for dialog in dialogs}) < len(dialogs):
            whispered = [self._told(each.user)[1] > told[1] for each, told in zip(dialogs, before, strict=True)]
            assert any(whispered), "whoever came too late is told so"
        if must and not (watch.meddled_before not in ([], ["GET"])):
            assert {write.path for write in done} == set(dialogs[0].shown), self._shown()
        assert "being applied" not in self._shown()
        if not forged:
            self.confirmed = True

    async def each_plan_was_claimed_once(self) -> None:
        """Check with the audit log that each plan was claimed at most once."""
        entries = await self.at.app.store.audit.entries(since=datetime.now(UTC) - timedelta(hours=1), limit=200)
        claims = Counter(
            each.plan_id for each in entries if each.channel in self.channels and each.outcome == "claimed"
        )
        assert max(claims.values(), default=0) <= 1, "of several presses one is the one that counts"

    def _check(self, done: Sequence[Write], dialogs: Sequence[Dialog]) -> None:
        for write in done:
            fitting = [each for each in dialogs if self._fits(write, each)]
            assert fitting, f"{write.path} was written to, and not as it was shown"
            dialog = fitting[0]
            assert (dialog.plan, write.path) not in self.written, "one plan writes once"
            self.written[dialog.plan, write.path] = write

    def _fits(self, write: Write, dialog: Dialog) -> bool:
        """Return whether a write hit the object of the plan in the state that the modal showed."""
        if dialog.user == self.at.guest or write.path not in dialog.shown:
            return False
        shown, offered = dialog.shown[write.path], self.offered[dialog.plan]
        was = self.written.get((offered.undoes, write.path))
        planned = was.after if was is not None else offered.objects.get(write.path)
        if uid(write.before) != uid(shown) or uid(write.before) != uid(planned):
            return False
        # An undo also requires the state that the action left.
        return of_people(write.before) == of_people(shown) and (
            was is None or of_people(write.before) == of_people(was.after)
        )

    def _nothing_has_changed(self, dialog: Dialog) -> bool:
        """Return whether this is the first timely confirmation of an unchanged preview."""
        offered = self.offered[dialog.plan]
        alike = all(
            uid(now) == uid(shown) == uid(offered.objects.get(path)) and of_people(now) == of_people(shown)
            for path, shown in dialog.shown.items()
            for now in [Place.of(path).object(self.at.cluster)]
        )
        return alike and not self.confirmed and offered.ahead == self.at.clock.ahead and not offered.undoes

    def _may_be_refused(self, plan: str, user: str) -> bool:
        offered = self.offered[plan]
        late = offered.ahead != self.at.clock.ahead
        changed = any(
            uid(now) != uid(then) or of_people(now) != of_people(then)
            for path, then in offered.objects.items()
            for now in [Place.of(path).object(self.at.cluster)]
        )
        return late or changed or self.confirmed or user == self.at.guest

    # Parts.

    @contextmanager
    def watched(self, meddle: Meddle | None = None) -> Iterator[Watch]:
        watch = Watch(self.at.cluster, self.others)
        if meddle is not None:
            watch.expect(meddle, self.paths[meddle.step % len(self.paths)])
        try:
            yield watch
        finally:
            watch.over()

    def user(self, who: str) -> str:
        return {"alex": self.at.alex, "bo": self.at.bo, "a guest": self.at.guest}[who]

    def _newest(self, who: str) -> Dialog | None:
        """Return the modal that is open for a user."""
        standing = {view["id"] for view in self.at.slack.views(self.user(who))}
        theirs = [each for each in self.dialogs if each.user == self.user(who)]
        return theirs[-1] if theirs and theirs[-1].view["id"] in standing else None

    @property
    def _messages(self) -> list[tuple[str, Json]]:
        """Return all our messages, each with its channel."""
        return [(channel, message) for channel in self.channels for message in self.at.ours(channel)]

    def _buttons(self) -> Iterator[Button]:
        for channel, message in self._messages:
            for button in buttons_of(message.get("blocks", [])):
                if button["action_id"].startswith(f"{Press.REMEDY}") and button["type"] == "button":
                    yield channel, message["ts"], button

    def _button(self, *, undo: bool = False) -> Button | None:
        found = [each for each in self._buttons() if ("Undo" in words_of(each[-1])) is undo]
        return found[-1] if found else None

    def _look(self, *, after: Sequence[Write] = (), of: Sequence[Dialog] = ()) -> None:
        """Record new buttons."""
        for *_, button in self._buttons():
            if button["value"] not in self.offered:
                undoes = [each.plan for each in of if any((each.plan, one.path) in self.written for one in after)]
                self.offered[button["value"]] = Offered(
                    ahead=self.at.clock.ahead,
                    objects={path: Place.of(path).object(self.at.cluster) for path in self.paths},
                    undoes=undoes[0] if undoes and "Undo" in words_of(button) else "",
                )

    async def _click(self, user: str, button: Button) -> None:
        channel, ts, pressed = button
        await self.at.slack.click(user, channel, ts, pressed["action_id"], value=pressed["value"])

    async def _submits(self, dialog: Dialog) -> AppResponse:
        delivered = await self.at.submit(dialog.user, dialog.view["id"], dialog.typed)
        self.sent[dialog.user] = dict(self.at.slack.deliveries[-1].payload)
        return delivered

    async def _sends(self, dialog: Dialog, *, user: str = "") -> AppResponse:
        """Submit a closed modal as `user`, by default the user who saw it."""
        like = next(one.payload for one in reversed(self.at.slack.deliveries) if "trigger_id" in one.payload)
        view = {**dialog.view, "state": {"values": {
            block: {key: {"type": "plain_text_input", "value": typed} for key, typed in typed_there.items()}
            for block, typed_there in dialog.typed.items()
        }}}  # fmt: skip
        sender = {**like["user"], "id": user or dialog.user}
        kept = {key: like[key] for key in ("team", "api_app_id", "token", "trigger_id")}
        return await self.at.send({**kept, "type": "view_submission", "user": sender, "view": view})

    def _shown(self) -> str:
        return "\n".join(words_of(message.get("blocks", [])) for _, message in self._messages)

    def _told(self, user: str) -> tuple[Any, ...]:
        """Return everything that a user sees."""
        return (self._shown(), len(self.at.slack.ephemerals(user)))
