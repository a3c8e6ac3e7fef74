"""Answer watches: the changes after a revision as events, with bookmarks, until the time of the request is over."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass

from bot.playground.kubernetes import selectors
from bot.playground.kubernetes.objects import labels_of
from bot.playground.kubernetes.reads import parse_revision, shown
from bot.playground.kubernetes.resources import Json, Resource
from bot.playground.kubernetes.status import refusal
from bot.playground.kubernetes.store import Store

# A real server chooses a time between 30 and 60 minutes for a request without one.
_USUAL_S = 1800
_LOOK_S = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """One accepted watch. Create it with `accept`, then send what `events` yields."""

    store: Store
    resource: Resource
    namespace: str
    revision: int
    seconds: float
    bookmarks: bool
    bookmark_s: float
    initial: bool
    marks_end: bool
    by_labels: Callable[[Json], bool]
    by_fields: Callable[[Json], bool]

    async def events(self, *, closed: Callable[[], bool]) -> AsyncIterator[Json]:
        """Yield the events until the time is over, the client is gone or the revision is compacted."""
        at, ends = self.revision, time.monotonic() + self.seconds
        told, next_bookmark = at, time.monotonic() + self.bookmark_s
        for event in self._present() if self.initial else ():
            yield event
        while not closed():
            if at < self.store.compacted:
                message = f"too old resource version: {at} ({self.store.compacted})"
                yield {"type": "ERROR", "object": refusal(code=410, message=message, reason="Expired").body}
                return
            current = self.store.revision
            if current != at:
                for event in self._since(at):
                    told = int(event["object"]["metadata"]["resourceVersion"])
                    yield event
                at = current
            over = time.monotonic() >= ends
            if self.bookmarks and (over or time.monotonic() >= next_bookmark):
                next_bookmark = time.monotonic() + self.bookmark_s
                if at != told:
                    told = at
                    yield self._bookmark(at)
            if over:
                return
            await asyncio.sleep(_LOOK_S)

    def _present(self) -> list[Json]:
        """Return the objects that exist as events, with a bookmark after the last if the client asked for it."""
        found = self.store.objects(table=self.resource.table, namespace=self.namespace)
        objects = [shown(obj, resource=self.resource) for obj in found if self._selects(obj)]
        events: list[Json] = [{"type": "ADDED", "object": obj} for obj in objects]
        end = self._bookmark(self.revision, annotations={"k8s.io/initial-events-end": "true"})
        return [*events, end] if self.marks_end else events

    def _since(self, revision: int) -> list[Json]:
        events = []
        for change in self.store.changes(table=self.resource.table, namespace=self.namespace, after=revision):
            was = change.before is not None and self._selects(change.before)
            now = change.after is not None and self._selects(change.after)
            if not (was or now):
                continue
            kind = "MODIFIED" if was and now else "ADDED" if now else "DELETED"
            obj = change.after if now else change.before
            assert obj is not None
            # The event of a removal carries the last state under the revision of the removal.
            metadata = obj["metadata"] | {"resourceVersion": str(change.revision)}
            events.append({"type": kind, "object": shown(obj | {"metadata": metadata}, resource=self.resource)})
        return events

    def _selects(self, obj: Json) -> bool:
        return self.by_labels(labels_of(obj)) and self.by_fields(obj)

    def _bookmark(self, revision: int, **more: Json) -> Json:
        metadata = {"resourceVersion": str(revision), "creationTimestamp": None} | more
        obj = {"kind": self.resource.kind, "apiVersion": self.resource.api_version, "metadata": metadata}
        return {"type": "BOOKMARK", "object": obj}


def accept(*, store: Store, resource: Resource, namespace: str, query: Mapping[str, str], bookmark_s: float) -> Watch:
    """Accept a watch. Refusal 400 for what cannot be parsed, 504 for a revision that lies in the future."""
    revision = parse_revision(query.get("resourceVersion"), store=store)
    return Watch(
        store=store,
        resource=resource,
        namespace=namespace,
        revision=revision or store.revision,
        # Without a revision, a client has listed nothing yet.
        initial=not revision or query.get("sendInitialEvents") == "true",
        marks_end=query.get("sendInitialEvents") == "true",
        seconds=float(selectors.parse_integer(query.get("timeoutSeconds")) or _USUAL_S),
        bookmarks=query.get("allowWatchBookmarks") in ("true", "1"),
        bookmark_s=bookmark_s,
        by_labels=selectors.label_selector(query.get("labelSelector", "")),
        by_fields=selectors.field_selector(query.get("fieldSelector", ""), resource=resource),
    )
