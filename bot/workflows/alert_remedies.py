"""Find the remedies that people applied while the alerts of a post fired, for the post that says it is over."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from bot.cluster.errors import ClusterError
from bot.policy import SILENCE_ALERTS
from bot.store import AuditEntry
from bot.store.alert_groups import StoredAlertPost
from bot.workflows.alert_connections import links_of
from bot.workflows.services import Services
from responses.slack.alert_groups import RemedyDone

_APPLIED: Final = "applied"
# Of the whole audit since the post: more are not read.
_MOST_READ: Final = 500


async def remedies_done(services: Services, post: StoredAlertPost) -> tuple[RemedyDone, ...]:
    """Return what was applied against the post's cause in its cluster and namespace, oldest first.

    Only what the audit records: a fix by other means leaves no trace here. Raises StoreUnavailable.
    """
    links = links_of(post.document)
    if not links.incident or not post.scope.cluster:
        return ()
    try:
        cluster = (await services.clusters.get(post.scope.cluster)).name
    except ClusterError:
        return ()
    entries = await services.store.audit.entries(since=post.opened, limit=_MOST_READ)
    done = _done(reversed(entries), incident=links.incident, cluster=cluster, namespace=links.namespace)
    return tuple(dict.fromkeys(done))


def _done(entries: Iterator[AuditEntry], *, incident: str, cluster: str, namespace: str) -> Iterator[RemedyDone]:
    for entry in entries:
        _, _, place = entry.target.partition(" ")
        within = not namespace or place.startswith(f"{namespace}/")
        same = entry.cluster == cluster and entry.detail.get("incident") == incident
        if same and within and entry.outcome == _APPLIED and entry.action != SILENCE_ALERTS:
            yield RemedyDone(action=entry.action, target=entry.target, by=entry.actor)
