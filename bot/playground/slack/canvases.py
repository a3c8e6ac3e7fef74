"""Store canvases: Markdown documents, at most one per channel."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bot.playground.slack.records import ImpossibleActionError, Json, Refused

_LARGEST = 1024 * 1024


@dataclass(slots=True, kw_only=True)
class Canvas:
    """The canvas of `channel`, created by `user`."""

    id: str
    channel: str
    user: str
    created: int
    title: str = ""
    markdown: str = ""


class Canvases:
    """Canvases by id."""

    def __init__(self, *, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._made = 0
        self._canvases: dict[str, Canvas] = {}

    def create(self, *, channel: str, user: str, title: str = "", markdown: str = "") -> Canvas:
        """Create the canvas of a channel.

        Refuse with `channel_canvas_already_exists` (a user's canvas counts too), and if the text is too long.
        """
        if self.of(channel) is not None:
            raise Refused("channel_canvas_already_exists")
        if len(markdown) > _LARGEST:
            raise Refused("canvas_creation_failed")
        self._made += 1
        canvas = Canvas(
            id=f"F0CANVAS{self._made:03d}", channel=channel, user=user, created=int(self._clock()), title=title,
            markdown=markdown,
        )  # fmt: skip
        self._canvases[canvas.id] = canvas
        return canvas

    def edit(self, canvas_id: str, *, operation: str, markdown: str) -> Canvas:
        """Apply one operation to the whole canvas. Refuse with `canvas_not_found` or `canvas_editing_failed`."""
        if (canvas := self._canvases.get(canvas_id)) is None:
            raise Refused("canvas_not_found")
        changed = {
            "replace": markdown,
            "insert_at_start": f"{markdown}\n{canvas.markdown}",
            "insert_at_end": f"{canvas.markdown}\n{markdown}",
        }.get(operation)
        # The other operations need sections, which are not simulated.
        if changed is None or len(changed) > _LARGEST:
            raise Refused("canvas_editing_failed")
        canvas.markdown = changed
        return canvas

    def get(self, canvas_id: str) -> Canvas | None:
        """Return a canvas, or None."""
        return self._canvases.get(canvas_id)

    def of(self, channel: str) -> Canvas | None:
        """Return the canvas of a channel, or None."""
        return next((each for each in self._canvases.values() if each.channel == channel), None)

    def delete(self, canvas_id: str) -> None:
        """Delete a canvas as a user would. Raise ImpossibleActionError if it does not exist."""
        if self._canvases.pop(canvas_id, None) is None:
            raise ImpossibleActionError(f"no canvas {canvas_id!r}")


def canvas_json(canvas: Canvas, *, url: str, team: str) -> Json:
    """Return a canvas as `files.info` shows it: a file whose content is elsewhere."""
    return {
        "id": canvas.id, "created": canvas.created, "timestamp": canvas.created, "name": canvas.title,
        "title": canvas.title, "mimetype": "application/vnd.slack-docs", "filetype": "quip", "pretty_type": "Canvas",
        "user": canvas.user, "user_team": team, "editable": True, "size": len(canvas.markdown.encode()),
        "mode": "quip", "is_external": False, "external_type": "", "is_public": True, "channels": [canvas.channel],
        "groups": [], "ims": [], "permalink": f"{url}/docs/{team}/{canvas.id}",
    }  # fmt: skip
