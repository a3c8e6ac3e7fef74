"""Define what a list request asks for, page by page, and what it returned."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bot.cluster.access import PARTIAL, PARTIAL_ZH
from bot.cluster.api_calls import ClusterRequest
from bot.cluster.resources import Resource
from intents.domain import Gap, GapReason, Json

PAGE: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectList:
    """The items of a list in the server's order.

    `truncated` is set if the server has more items, or if hidden items may have been left out; then `partial` is set
    too.
    """

    items: tuple[Json, ...]
    truncated: bool = False
    partial: bool = False

    def gap(self, what: str) -> Gap | None:
        """Return what the list lacks as a gap, or None if it is complete."""
        if self.partial:
            return Gap(what=what, reason=GapReason.FORBIDDEN, detail=PARTIAL, detail_zh=PARTIAL_ZH)
        if self.truncated:
            return Gap(
                what=what,
                reason=GapReason.TRUNCATED,
                detail=f"only the first {len(self.items)} were read, and there are more",
                detail_zh=f"实际数量多于已读取的 {len(self.items)} 个",
            )
        return None


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
    def what(self) -> str:
        """Return the plural and the namespace, as errors and gaps name the list."""
        if not self.resource.namespaced:
            return self.resource.plural
        return f"{self.resource.plural} in {self.namespace or 'all namespaces'}"


def page_request(wanted: ListQuery, *, token: str, have: int) -> ClusterRequest:
    """Return the request for the page after `token`; `have` items were read before it."""
    query = [("labelSelector", wanted.labels)] if wanted.labels else []
    query += [("fieldSelector", wanted.fields)] if wanted.fields else []
    if wanted.fresh:
        query.append(("limit", str(min(PAGE, wanted.limit - have))))
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


def narrowed(listing: ObjectList, *, namespace: str, limit: int) -> ObjectList:
    """Return the part of a wider list that lies in `namespace`."""
    items = listing.items
    if namespace:
        items = tuple(item for item in items if ((item.get("metadata") or {}).get("namespace") or "") == namespace)
    return ObjectList(items=items[:limit], truncated=len(items) > limit)
