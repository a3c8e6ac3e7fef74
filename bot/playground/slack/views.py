"""Store what people see of the app besides messages: dialogs (none upon another), Home tabs, prompts and sessions."""

from __future__ import annotations

from bot.playground.copies import copied
from bot.playground.slack.changes import Changes
from bot.playground.slack.records import ChangeKind, Identity, ImpossibleActionError, Json, Refused

_GIVEN = (
    "type", "title", "submit", "close", "blocks", "private_metadata", "callback_id", "external_id", "clear_on_close",
    "notify_on_close", "submit_disabled",
)  # fmt: skip


class Views:
    """Open views by user."""

    def __init__(self, *, identity: Identity, changes: Changes) -> None:
        self._identity = identity
        self._changes = changes
        self._open: dict[str, Json] = {}
        # The options that the app offered, by view and action id.
        self._offered: dict[str, dict[str, list[Json]]] = {}
        self._made = 0

    def open(self, user: str, given: Json) -> Json:
        """Open a view; it replaces the one that was open. Refuse with `duplicate_external_id`."""
        if user in self._open:
            self.close(user, self._open[user]["id"])
        external = given.get("external_id")
        if external and any(view["external_id"] == external for view in self._open.values()):
            raise Refused("duplicate_external_id")
        self._made += 1
        view_id = f"V0{self._made:09d}"
        view = self._built(given) | {"id": view_id, "root_view_id": view_id, "previous_view_id": None}
        self._open[user] = view
        return self._changes.publish(ChangeKind.VIEW_OPENED, view, user=user)

    def update(self, view_id: str, given: Json, *, external_id: str = "", hash: str = "") -> Json:
        """Replace an open view's content. Refuse with `not_found` or `hash_conflict`."""
        user, view = self._find(view_id, external_id=external_id)
        if hash and view["hash"] != hash:
            raise Refused("hash_conflict")
        self._made += 1
        kept = {name: view[name] for name in ("id", "root_view_id", "previous_view_id")}
        self._open[user] = self._built(given) | kept
        return self._changes.publish(ChangeKind.VIEW_UPDATED, self._open[user], user=user)

    def close(self, user: str, view_id: str) -> None:
        """Close a view. Raise ImpossibleActionError if it is not open."""
        self._changes.publish(ChangeKind.VIEW_CLOSED, self._opened(user, view_id), user=user)
        del self._open[user]

    def fill(self, user: str, view_id: str, *, values: Json) -> Json:
        """Store what the user entered and return the view."""
        view = self._opened(user, view_id)
        view["state"] = {"values": copied(values)}
        return copied(view)

    def offer(self, view_id: str, action_id: str, options: list[Json]) -> None:
        """Keep the options that the app offered: a user may choose one until the next ones come."""
        self._offered.setdefault(view_id, {})[action_id] = copied(options)

    def offered(self, view_id: str) -> dict[str, list[Json]]:
        """Return the options that the app offered in a view, by action id."""
        return copied(self._offered.get(view_id, {}))

    def refuse(self, user: str, view_id: str, *, errors: Json) -> None:
        """Show the app's errors beside the inputs of a view, if it is still open."""
        if self.is_open(user, view_id):
            view = self._opened(user, view_id)
            view["errors"] = copied(errors)
            self._changes.publish(ChangeKind.VIEW_UPDATED, view, user=user)

    def all(self, user: str) -> list[Json]:
        """Return the user's open dialog, if there is one; `errors` are the app's input errors."""
        return [copied(self._open[user])] if user in self._open else []

    def is_open(self, user: str, view_id: str) -> bool:
        """Return whether a view is open."""
        return user in self._open and self._open[user]["id"] == view_id

    def require(self, user: str, view_id: str) -> Json:
        """Return an open view. Raise ImpossibleActionError if it is not open."""
        return copied(self._opened(user, view_id))

    def _opened(self, user: str, view_id: str) -> Json:
        if not self.is_open(user, view_id):
            opened = self._open[user]["id"] if user in self._open else "none"
            raise ImpossibleActionError(f"view {view_id!r} is not open for {user}; open views: {opened}")
        return self._open[user]

    def _find(self, view_id: str, *, external_id: str) -> tuple[str, Json]:
        for user, view in self._open.items():
            if (view_id and view["id"] == view_id) or (external_id and view["external_id"] == external_id):
                return user, view
        raise Refused("not_found")

    def _built(self, given: Json) -> Json:
        own: Json = {
            "team_id": self._identity.team_id, "app_id": self._identity.app_id, "bot_id": self._identity.bot_id,
            "app_installed_team_id": self._identity.team_id, "hash": f"{self._made}.{self._made:08x}",
            "state": {"values": {}}, "callback_id": "", "private_metadata": "", "external_id": "", "submit": None,
            "close": None, "clear_on_close": False, "notify_on_close": False,
        }  # fmt: skip
        view = own | {name: copied(given[name]) for name in _GIVEN if name in given}
        view["blocks"] = with_block_ids(view.get("blocks", []), prefix=f"v{self._made}")
        return view


def with_block_ids(blocks: list[Json], *, prefix: str) -> list[Json]:
    """Return blocks as Slack stores them: each with a block_id."""
    return [{"block_id": f"{prefix}-{at}"} | copied(block) for at, block in enumerate(blocks)]


class AppPlaces:
    """The Home tab of each user, the prompts of each direct message, and the session of each thread."""

    def __init__(self, *, changes: Changes) -> None:
        self._changes = changes
        self._homes: dict[str, Json] = {}
        self._prompts: dict[str, Json] = {}
        self._sessions: dict[tuple[str, str], Json] = {}

    def publish(self, user: str, view: Json) -> None:
        """Show a Home tab."""
        self._homes[user] = view
        self._changes.publish(ChangeKind.HOME_PUBLISHED, view, user=user)

    def home(self, user: str) -> Json | None:
        """Return the Home tab of a user, None before the first one."""
        return copied(self._homes.get(user))

    def suggest(self, channel: str, prompts: Json) -> None:
        """Offer prompts in a direct message."""
        self._prompts[channel] = prompts
        self._changes.publish(ChangeKind.PROMPTS_SET, prompts, channel=channel)

    def prompts(self, channel: str) -> Json | None:
        """Return the title and the prompts of a direct message, None without any."""
        return copied(self._prompts.get(channel))

    def set_session(self, channel: str, thread_ts: str, *, status: str, title: str) -> Json:
        """Set the status of a thread; a title counts only for a new session."""
        known = self._sessions.get((channel, thread_ts), {"title": title})
        session = {**known, "status": status, "channel": channel, "thread_ts": thread_ts}
        self._sessions[(channel, thread_ts)] = session
        return self._changes.publish(ChangeKind.SESSION_SET, session, channel=channel)

    def sessions(self, channel: str) -> list[Json]:
        """Return the agent sessions of a channel: status, title and thread."""
        return [copied(each) for (where, _), each in self._sessions.items() if where == channel]
