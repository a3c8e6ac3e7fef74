"""Answer reads: single objects, lists by selectors, resourceVersion and continue token, and watches.

All pages of a list show the revision of the first. A watch sends the changes after a revision as events, with
bookmarks, until the time of the request is over.
"""

from __future__ import annotations

import asyncio
import base64
import json
import string
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from bot.playground.kubernetes import events, selectors
from bot.playground.kubernetes.calls import Call
from bot.playground.kubernetes.objects import without
from bot.playground.kubernetes.resources import NEW_EVENTS, WIRE, Json, Resource
from bot.playground.kubernetes.state import State
from bot.playground.kubernetes.status import bad_request, invalid, not_allowed, not_found, refusal
from bot.playground.kubernetes.store import Store, etcd_key

_URL_SAFE = frozenset(string.ascii_letters + string.digits + "-_")
# A real server chooses a time between 30 and 60 minutes for a request without one.
_USUAL_S = 1800
_LOOK_S = 0.02
_BOOKMARK_S = 60.0


def _token(revision: int, start: str) -> str:
    """Return the continue token of a list at a revision, after this key."""
    text = json.dumps({"v": "meta.k8s.io/v1", "rv": revision, "start": start + "\0"}, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _parse_token(text: str) -> tuple[int, str]:
    """Return the revision and the key of a continue token. Refusal 400 if it is malformed."""
    wrong = next((at for at, letter in enumerate(text) if letter not in _URL_SAFE), None)
    if wrong is None and len(text) % 4 == 1:
        wrong = len(text) - 1
    try:
        if wrong is not None:
            raise ValueError(f"illegal base64 data at input byte {wrong}")
        parsed = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        return int(parsed["rv"]), str(parsed["start"]).rstrip("\0").lstrip("/")
    except (ValueError, KeyError, TypeError) as error:
        raise bad_request(f"invalid continue token: continue key is not valid: {error}") from None


@dataclass(frozen=True, slots=True, kw_only=True)
class _View:
    """The objects a list reads, before the selectors: of which revision, and after which key of an earlier page."""

    objects: list[Json]
    revision: int
    start: str = ""
    paged: bool = True


def get(call: Call, *, state: State) -> Json:
    """Return one object. Refusal 404 if it does not exist, 504 if the requested resourceVersion lies in the future."""
    parse_revision(call.query.get("resourceVersion"), store=state.store)
    return shown(existing(call, state=state), resource=call.resource)


def existing(call: Call, *, state: State) -> Json:
    """Return the stored object that a call names. Refusal 404 if it does not exist."""
    resource = call.resource
    obj = state.find(resource, call.name, namespace=call.namespace)
    if obj is None:
        raise not_found(group=resource.group, resource=resource.plural, name=call.name)
    return obj


def shown(obj: Json, *, resource: Resource) -> Json:
    """Return a stored object in the requested version."""
    if resource.group == NEW_EVENTS:
        return events.as_new_event(obj)
    return {"kind": resource.kind, "apiVersion": resource.api_version} | without(obj, "kind", "apiVersion")


def partial(obj: Json) -> Json:
    """Return the metadata-only form of an object."""
    return {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": obj["metadata"]}


def list_objects(call: Call, *, state: State, metadata_only: bool = False) -> Json:
    """Return a list. Items of built-in kinds carry neither kind nor apiVersion; those of custom kinds do."""
    found, metadata = page(call, store=state.store)
    if metadata_only:
        head = {"kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1"}
        return head | {"metadata": metadata, "items": [partial(obj) for obj in found]}
    items = [shown(obj, resource=call.resource) for obj in found]
    if call.resource.custom:
        metadata = {"continue": "", **metadata}
    else:
        items = [without(obj, "kind", "apiVersion") for obj in items]
    return list_of(items, resource=call.resource, metadata=metadata)


def list_of(items: list[Json], *, resource: Resource, metadata: Json) -> Json:
    """Return the list of a kind with these items."""
    head = {"kind": f"{resource.kind}List", "apiVersion": resource.api_version}
    return head | {"metadata": metadata, "items": items}


def parse_revision(text: str | None, *, store: Store) -> int | None:
    """Parse the resourceVersion of a request. Refusal 400 if it is no number, 504 if it lies in the future."""
    if not text:
        return None
    if not text.isdigit():
        raise bad_request(
            f'invalid resource version: resourceVersion: Invalid value: "{text}": '
            f'strconv.ParseUint: parsing "{text}": invalid syntax'
        )
    if (asked := int(text)) > store.revision:
        too_large = {"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}
        message = f"Timeout: {too_large['message']}: {asked}, current: {store.revision}"
        details = {"causes": [too_large], "retryAfterSeconds": 1}
        raise refusal(code=504, message=message, reason="Timeout", details=details, headers={"Retry-After": "1"})
    return asked


def page(call: Call, *, store: Store) -> tuple[list[Json], Json]:
    """Return the objects that a list request asks for, and the metadata of the list. Refusal 400, 410, 422 or 504."""
    query, namespace = call.query, call.namespace
    limit = selectors.parse_integer(query.get("limit")) or 0
    selects = selectors.selector(query, resource=call.resource)
    view = _view(call, store=store)
    metadata: Json = {"resourceVersion": str(view.revision)}
    after = f"{namespace}/{view.start}" if view.start and namespace else view.start
    selected = [obj for obj in view.objects if etcd_key(obj) > after and selects(obj)]
    if limit <= 0 or len(selected) <= limit or not view.paged:
        return selected, metadata
    last = etcd_key(selected[limit - 1])
    start = "/" + (last.removeprefix(f"{namespace}/") if namespace else last)
    metadata["continue"] = _token(view.revision, start)
    if not query.get("labelSelector") and not query.get("fieldSelector"):
        metadata["remainingItemCount"] = len(selected) - limit
    return selected[:limit], metadata


def _view(call: Call, *, store: Store) -> _View:
    """Return the objects at the revision that the continue token or the resourceVersion asks for."""
    query, table, namespace = call.query, call.resource.table, call.namespace
    match = query.get("resourceVersionMatch", "")
    version = query.get("resourceVersion")
    if match and not version:
        wrong = not_allowed(
            "resourceVersionMatch", "resourceVersionMatch is forbidden unless resourceVersion is provided"
        )
        raise invalid(group="meta.k8s.io", kind="ListOptions", name="", causes=[wrong])
    if token := query.get("continue"):
        if version and version != "0":
            raise bad_request("specifying resource version is not allowed when using continue")
        return _continued(*_parse_token(token), call=call, store=store)
    asked = parse_revision(version, store=store)
    if match == "Exact" and asked is not None:
        if asked < store.compacted:
            message = "The resourceVersion for the provided list is too old."
            raise refusal(code=410, message=message, reason="Expired")
        return _View(objects=store.objects_at(table=table, namespace=namespace, revision=asked), revision=asked)
    # The watch cache answers resourceVersion 0, and it ignores the limit.
    objects = store.objects(table=table, namespace=namespace)
    return _View(objects=objects, revision=store.revision, paged=asked != 0)


def _continued(revision: int, start: str, *, call: Call, store: Store) -> _View:
    """Return the objects of the list that a continue token belongs to."""
    if revision == -1:
        objects = store.objects(call.resource.table, call.namespace)
        return _View(objects=objects, revision=store.revision, start=start)
    if revision < store.compacted:
        message, metadata = WIRE["texts"]["expired_token"], {"continue": _token(-1, start)}
        raise refusal(code=410, message=message, reason="Expired", metadata=metadata)
    objects = store.objects_at(table=call.resource.table, namespace=call.namespace, revision=revision)
    return _View(objects=objects, revision=revision, start=start)


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """One accepted watch. Create it with `accept`, then send what `events` yields."""

    call: Call
    store: Store
    revision: int
    seconds: float
    initial: bool
    selects: selectors.Predicate

    async def events(self, *, closed: Callable[[], bool]) -> AsyncIterator[Json]:
        """Yield the events until the time is over, the client is gone or the revision is compacted."""
        at, ends = self.revision, time.monotonic() + self.seconds
        told, next_bookmark = at, time.monotonic() + _BOOKMARK_S
        bookmarks = self.call.query.get("allowWatchBookmarks") in ("true", "1")
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
            if bookmarks and (over or time.monotonic() >= next_bookmark):
                next_bookmark = time.monotonic() + _BOOKMARK_S
                if at != told:
                    told = at
                    yield self._bookmark(at)
            if over:
                return
            await asyncio.sleep(_LOOK_S)

    def _present(self) -> list[Json]:
        """Return the objects that exist as events, with a bookmark after the last if the client asked for it."""
        found = self.store.objects(table=self.call.resource.table, namespace=self.call.namespace)
        objects = [shown(obj, resource=self.call.resource) for obj in found if self.selects(obj)]
        events: list[Json] = [{"type": "ADDED", "object": obj} for obj in objects]
        end = self._bookmark(self.revision, annotations={"k8s.io/initial-events-end": "true"})
        return [*events, end] if _sends_initial(self.call) else events

    def _since(self, revision: int) -> list[Json]:
        events = []
        for change in self.store.changes(table=self.call.resource.table, namespace=self.call.namespace, after=revision):
            was = change.before is not None and self.selects(change.before)
            now = change.after is not None and self.selects(change.after)
            if not (was or now):
                continue
            kind = "MODIFIED" if was and now else "ADDED" if now else "DELETED"
            obj = change.after if now else change.before
            assert obj is not None
            # The event of a removal carries the last state under the revision of the removal.
            metadata = obj["metadata"] | {"resourceVersion": str(change.revision)}
            events.append({"type": kind, "object": shown(obj | {"metadata": metadata}, resource=self.call.resource)})
        return events

    def _bookmark(self, revision: int, **more: Json) -> Json:
        metadata = {"resourceVersion": str(revision), "creationTimestamp": None} | more
        obj = {"kind": self.call.resource.kind, "apiVersion": self.call.resource.api_version, "metadata": metadata}
        return {"type": "BOOKMARK", "object": obj}


def accept(call: Call, *, store: Store) -> Watch:
    """Accept a watch. Refusal 400 for what cannot be parsed, 504 for a revision that lies in the future."""
    revision = parse_revision(call.query.get("resourceVersion"), store=store)
    return Watch(
        call=call,
        store=store,
        revision=revision or store.revision,
        # Without a revision, a client has listed nothing yet.
        initial=not revision or _sends_initial(call),
        seconds=float(selectors.parse_integer(call.query.get("timeoutSeconds")) or _USUAL_S),
        selects=selectors.selector(call.query, resource=call.resource),
    )


def _sends_initial(call: Call) -> bool:
    return call.query.get("sendInitialEvents") == "true"
