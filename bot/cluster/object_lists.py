"""Read lists page by page: what a request asks for, what it returned, and which part of it was cut."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, TypeAlias

from bot.cluster.access import PARTIAL, PARTIAL_ZH
from bot.cluster.api_calls import ClusterRequest
from bot.cluster.errors import Expired, ServerError, TooLarge
from bot.cluster.resources import Resource
from bot.kube.access import Access
from bot.kube.field_paths import get, printed
from bot.kube.objects import labels_of, namespace_of
from intents.domain import Gap, GapReason, Json

PAGE: Final = 500
# Requested instead if a page is too large: objects may have up to 1.5 MiB each.
SMALL_PAGE: Final = 25
# A term of a label selector, and of a field selector: https://kubernetes.io/docs/concepts/overview/working-with-objects
_LABELS: Final = re.compile(
    r"(?P<no>!?)(?P<key>[\w./-]+)(?:(?P<differs>!)?==?(?P<value>[\w.-]*)|\s+(?P<not>not)?in\s*\((?P<set>[^()]*)\))?(?:,|$)"
)
_FIELDS: Final = re.compile(r"(?P<key>[\w.]+)(?P<differs>!)?==?(?P<value>[^,=\\]*)(?:,|$)")
# Up to this many allowed namespaces are listed one by one; beyond, all are listed and most items dropped.
MOST_APART: Final = 8
# A server may send empty pages without end; the largest list has 5,000 objects.
_MOST_PAGES: Final = 250


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectList:
    """The items of a list in the server's order.

    `truncated` is set if the server has more items, or if hidden items may have been left out; then `partial` is set
    too. `cut` is the error that ended the reading before the requested number of items; then `truncated` is set too.
    """

    items: tuple[Json, ...]
    truncated: bool = False
    partial: bool = False
    cut: TooLarge | None = None

    def gap(self, what: str) -> Gap | None:
        """Return what the list lacks as a gap, or None if it is complete."""
        if self.partial:
            return Gap(what=what, reason=GapReason.FORBIDDEN, detail=PARTIAL, detail_zh=PARTIAL_ZH)
        if not self.truncated:
            return None
        en, zh = (
            f"only the first {len(self.items)} were read, and there are more",
            f"实际数量多于已读取的 {len(self.items)} 个",
        )
        if self.cut is not None:
            en = f"only the first {len(self.items)} were read: {self.cut.detail}"
            zh = f"仅读取了前 {len(self.items)} 个：{self.cut.detail_zh}"
        return Gap(what=what, reason=GapReason.TRUNCATED, detail=en, detail_zh=zh)


Term: TypeAlias = Callable[[Json], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class ListQuery:
    """A list query; identical queries of one snapshot share one read."""

    resource: Resource
    namespace: str = ""
    labels: str = ""
    fields: str = ""
    limit: int = 0
    fresh: bool = True

    @property
    def selects(self) -> bool:
        """Tell whether it asks for a part of the objects by a selector."""
        return bool(self.labels or self.fields)

    @property
    def terms(self) -> tuple[Term, ...] | None:
        """Return what its selectors ask of an object; None if they have a term that is not known here."""
        labels, fields = _terms(_LABELS, self.labels), _terms(_FIELDS, self.fields)
        return None if labels is None or fields is None else (*map(_of_label, labels), *map(_of_field, fields))

    @property
    def what(self) -> str:
        """Return the plural and the namespace, as errors and gaps name the list."""
        if not self.resource.namespaced:
            return self.resource.plural
        return f"{self.resource.plural} in {self.namespace or 'all namespaces'}"


def parts_of(wanted: ListQuery, access: Access) -> list[ListQuery]:
    """Return the queries that cover a list: itself, or one for each of a few namespaces that may be read."""
    apart = access.literal if wanted.resource.namespaced and not wanted.namespace else ()
    return [replace(wanted, namespace=each) for each in apart] if 0 < len(apart) <= MOST_APART else [wanted]


def _terms(term: re.Pattern[str], selector: str) -> list[re.Match[str]] | None:
    """Return the terms of a selector, None if it has anything else."""
    found, at = [], 0
    while at < len(selector):
        one = term.match(selector, at)
        if one is None:
            return None
        found.append(one)
        at = one.end()
    return found


def _of_label(term: re.Match[str]) -> Term:
    key, negated = term["key"], any((term["no"], term["differs"], term["not"]))
    values = {each.strip() for each in term["set"].split(",")} if term["set"] is not None else {term["value"]}
    # Without a value, that there is the label is asked.
    return lambda item: (key in (own := labels_of(item)) and (values == {None} or own[key] in values)) != negated


def _of_field(term: re.Match[str]) -> Term:
    path, value, differs = term["key"].split("."), term["value"], bool(term["differs"])
    # As the API server compares: a field that is not there is an empty one.
    return lambda item: (printed(get(item, path)) == value) != differs


ReadJson = Callable[[ClusterRequest], Awaitable[Json]]


async def read_list(read: ReadJson, wanted: ListQuery, *, shows: Callable[[Json], bool]) -> ObjectList:
    """Read all pages of a list, without the items for which `shows` is false. Raise ClusterError.

    If a later page exceeds a limit, the items before it are returned and `cut` is set.
    """
    items: list[Json] = []
    more, cut = False, None
    try:
        async for page in pages_of(read, wanted):
            if page.first:
                items.clear()
            items += page.items
            more = page.more
    except TooLarge as error:
        if not items:
            raise
        cut = error
    shown = tuple(item for item in items[: wanted.limit] if shows(item))
    return ObjectList(items=shown, truncated=more or cut is not None or len(items) > wanted.limit, cut=cut)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """The items of one page of a list; `first` if the reading begins with it, `more` if the server has further ones.

    `namespace` is that of the query, "" for all namespaces and for objects without one.
    A watch begins after `revision`.
    """

    items: Sequence[Json]
    namespace: str = ""
    first: bool = True
    more: bool = False
    revision: str = ""


async def pages_of(read: ReadJson, wanted: ListQuery) -> AsyncIterator[Page]:
    """Yield the pages of a list, until `wanted.limit` items were read; a page that is too large is read in parts.

    A list that expires while it is read begins again once, with a page that has `first` set. Raises ClusterError, after
    the pages read so far: TooLarge also for a list with too many pages.
    """
    try:
        async for page in _pages(read, wanted):
            yield page
    except Expired:
        # The first page's revision was compacted while later pages were read.
        async for page in _pages(read, wanted):
            yield page


async def _pages(read: ReadJson, wanted: ListQuery) -> AsyncIterator[Page]:
    token, size, have = "", PAGE, 0
    for _ in range(_MOST_PAGES):
        try:
            answer = await read(_page_request(wanted, token=token, have=have, size=size))
        except TooLarge as error:
            if error.smaller_may_fit and size > SMALL_PAGE and wanted.fresh:
                size = SMALL_PAGE
                continue
            raise
        found, token, revision = _content(answer, wanted)
        for item in found:
            # Items of built-in kinds carry neither, because the list's own kind implies them.
            item.setdefault("kind", wanted.resource.kind)
            item.setdefault("apiVersion", wanted.resource.api_version)
        yield Page(items=found, namespace=wanted.namespace, first=not have, more=bool(token), revision=revision)
        have += len(found)
        if not token or have >= wanted.limit:
            return
    raise TooLarge(
        what=wanted.what, detail=f"the list has more than {_MOST_PAGES} pages", detail_zh=f"列表超过 {_MOST_PAGES} 页"
    )


def _content(page: Json, wanted: ListQuery) -> tuple[list[Json], str, str]:
    """Return a page's items, the token of the next page ("" after the last) and the revision of the list.

    Raises ServerError for anything else.
    """
    items, metadata = page.get("items") or [], page.get("metadata") or {}
    if not (isinstance(items, list) and all(map(_is_object, items)) and isinstance(metadata, dict)):
        raise ServerError(what=wanted.what, detail="the answer is not a list: is this a Kubernetes API server?")
    return items, metadata.get("continue") or "", str(metadata.get("resourceVersion") or "")


def _is_object(item: object) -> bool:
    return isinstance(item, dict) and isinstance(item.get("metadata") or {}, dict)


def _page_request(wanted: ListQuery, *, token: str, have: int, size: int) -> ClusterRequest:
    """Return the request for the page of `size` items after `token`; `have` items were read before it."""
    query = [("labelSelector", wanted.labels)] if wanted.labels else []
    query += [("fieldSelector", wanted.fields)] if wanted.fields else []
    if wanted.fresh:
        query.append(("limit", str(min(size, wanted.limit - have))))
    elif not token:
        # The server's cache does not page: a limit would be ignored, or send the read to etcd.
        query.append(("resourceVersion", "0"))
    query += [("continue", token)] if token else []
    return ClusterRequest(
        path=wanted.resource.path(namespace=wanted.namespace),
        query=tuple(query),
        what=wanted.what,
        permission=wanted.resource.permission("list"),
    )


def narrowed(listing: ObjectList, *, namespace: str, terms: Sequence[Term], limit: int) -> ObjectList:
    """Return the part of a wider list that lies in `namespace` and that all `terms` select."""
    items = tuple(
        item
        for item in listing.items
        if namespace in ("", namespace_of(item)) and all(selects(item) for selects in terms)
    )
    return ObjectList(items=items[:limit], truncated=len(items) > limit)


def joined(parts: Sequence[ObjectList | BaseException], *, limit: int) -> ObjectList:
    """Return several lists as one. Raise the error of the first that failed."""
    listings: list[ObjectList] = []
    for part in parts:
        if isinstance(part, BaseException):
            raise part
        listings.append(part)
    items = tuple(item for listing in listings for item in listing.items)
    truncated = len(items) > limit or any(each.truncated for each in listings)
    cut = next((each.cut for each in listings if each.cut is not None), None)
    return ObjectList(items=items[:limit], truncated=truncated, cut=cut)


Reads: TypeAlias = Mapping[object, asyncio.Task[Any]]


def objects_in(reads: Iterable[asyncio.Task[Any]]) -> tuple[Json, ...]:
    """Return the objects that were read; items of lists carry their kind too."""
    done = [task.result() for task in reads if task.done() and not _failed(task)]
    lists = (item for one in done if isinstance(one, ObjectList) for item in one.items)
    return (*(one for one in done if isinstance(one, dict) and "metadata" in one and "kind" in one), *lists)


def lists_of(
    reads: Reads, resource: Resource, *, namespace: str, fresh: bool = False
) -> tuple[tuple[ListQuery, asyncio.Task[ObjectList]], ...]:
    """Return the lists, done or in flight, of a kind in `namespace` or all; only `fresh` ones if asked."""
    return tuple(
        (key, task)
        for key, task in reads.items()
        if isinstance(key, ListQuery)
        and key.resource == resource
        and key.namespace in ("", namespace)
        and (key.fresh or not fresh)
    )


def read_in_full(reads: Reads, resource: Resource, *, namespace: str, fields: str) -> tuple[Json, ...] | None:
    """Return the objects that a list, which is done, holds in full: all in the namespace, or those with `fields`.

    None if no such list has been read.
    """
    for query, task in lists_of(reads, resource, namespace=namespace):
        if query.labels or query.fields not in ("", fields) or not task.done() or _failed(task):
            continue
        if not (listing := task.result()).truncated:
            return tuple(item for item in listing.items if namespace in ("", namespace_of(item)))
    return None


def _failed(task: asyncio.Task[Any]) -> bool:
    return task.cancelled() or task.exception() is not None
