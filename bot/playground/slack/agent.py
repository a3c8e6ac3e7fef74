"""Keep what people see of the app besides messages: Home tabs, suggested prompts, and the status of agent sessions."""

from __future__ import annotations

from bot.playground.copies import copied
from bot.playground.slack.changes import Changes
from bot.playground.slack.records import ChangeKind, Json


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
