"""Store the open dialogs (modals) of each user, as a stack."""

from __future__ import annotations

from bot.playground.copies import copied
from bot.playground.slack.changes import Changes
from bot.playground.slack.records import ChangeKind, Identity, ImpossibleActionError, Json, Refused

_HIGHEST_STACK = 3
_GIVEN = (
    "type", "title", "submit", "close", "blocks", "private_metadata", "callback_id", "external_id", "clear_on_close",
    "notify_on_close", "submit_disabled",
)  # fmt: skip


class Views:
    """Open views by user, the visible one last."""

    def __init__(self, *, identity: Identity, changes: Changes) -> None:
        self._identity = identity
        self._changes = changes
        self._stacks: dict[str, list[Json]] = {}
        # The options that the app offered, by view and action id.
        self._offered: dict[str, dict[str, list[Json]]] = {}
        self._made = 0

    def open(self, user: str, given: Json) -> Json:
        """Open a first view; it replaces every view that was open."""
        for view in self._stacks.pop(user, []):
            self._changes.publish(ChangeKind.VIEW_CLOSED, view, user=user)
        return self._show(user, given)

    def push(self, user: str, given: Json) -> Json:
        """Push a view onto the stack. Refuse if the stack is empty or already has three views."""
        if not self._stack(user):
            raise Refused("not_found")
        if len(self._stack(user)) >= _HIGHEST_STACK:
            raise Refused("push_limit_reached")
        return self._show(user, given)

    def update(self, view_id: str, given: Json, *, external_id: str = "", hash: str = "") -> Json:
        """Replace an open view's content. Refuse with `not_found` or `hash_conflict`."""
        user, view = self._find(view_id, external_id=external_id)
        if hash and view["hash"] != hash:
            raise Refused("hash_conflict")
        self._made += 1
        kept = {name: view[name] for name in ("id", "root_view_id", "previous_view_id")}
        view.clear()
        view.update(self._built(given) | kept)
        return self._changes.publish(ChangeKind.VIEW_UPDATED, view, user=user)

    def close(self, user: str, view_id: str, *, all: bool = False) -> list[Json]:
        """Close a view and those above it, or the whole stack; return the closed ones, top first."""
        stack = self._stack(user)
        at = 0 if all else stack.index(self._opened(user, view_id))
        closed = stack[at:][::-1]
        del stack[at:]
        for view in closed:
            self._changes.publish(ChangeKind.VIEW_CLOSED, view, user=user)
        return closed

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
        """Return the user's open dialogs, the visible one last; `errors` are the app's input errors."""
        return copied(self._stack(user))

    def is_open(self, user: str, view_id: str) -> bool:
        """Return whether a view is open."""
        return any(view["id"] == view_id for view in self._stack(user))

    def require(self, user: str, view_id: str) -> Json:
        """Return an open view. Raise ImpossibleActionError if it is not open."""
        return copied(self._opened(user, view_id))

    def _opened(self, user: str, view_id: str) -> Json:
        for view in self._stack(user):
            if view["id"] == view_id:
                return view
        opened = ", ".join(view["id"] for view in self._stack(user)) or "none"
        raise ImpossibleActionError(f"view {view_id!r} is not open for {user}; open views: {opened}")

    def _stack(self, user: str) -> list[Json]:
        return self._stacks.setdefault(user, [])

    def _find(self, view_id: str, *, external_id: str) -> tuple[str, Json]:
        for user, stack in self._stacks.items():
            for view in stack:
                if (view_id and view["id"] == view_id) or (external_id and view["external_id"] == external_id):
                    return user, view
        raise Refused("not_found")

    def _show(self, user: str, given: Json) -> Json:
        if (external := given.get("external_id")) and any(
            view["external_id"] == external for stack in self._stacks.values() for view in stack
        ):
            raise Refused("duplicate_external_id")
        self._made += 1
        stack = self._stack(user)
        view_id = f"V0{self._made:09d}"
        root, previous = (stack[0]["id"], stack[-1]["id"]) if stack else (view_id, None)
        view = self._built(given) | {"id": view_id, "root_view_id": root, "previous_view_id": previous}
        stack.append(view)
        return self._changes.publish(ChangeKind.VIEW_OPENED, view, user=user)

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
