"""Records an applied remedy as a Kubernetes Event on the object, for people who look at the cluster and not at Slack.

The Event is a courtesy: if it cannot be written, nothing else stops or changes.
"""

from __future__ import annotations

import hashlib
from datetime import UTC
from typing import Final

from bot.cluster.connection import Connection
from bot.cluster.errors import ClusterError, Conflict
from bot.cluster.events import EVENTS, OUR_COMPONENT
from bot.cluster.snapshot import Snapshot
from bot.cluster.writer import Writer
from bot.remedies.contract import Applied, Plan
from intents.domain import Gap, Json, ObjectRef, Permission
from responses.safety import safe_line

DEADLINE_S: Final = 4.0
PERMISSIONS: Final[tuple[Permission, ...]] = (EVENTS.permission("create"),)

# The API server's limits; it counts messages in bytes.
_LONGEST_REASON: Final = 128
_LONGEST_MESSAGE: Final = 1024
_LONGEST_WHO: Final = 80


async def mark(
    connection: Connection, *, plan: Plan, applied: Applied, who: str, token: str, deadline: float = DEADLINE_S
) -> Gap | None:
    """Write the Event as Casebook itself, also for a deleted object. Return None if it exists already.

    `who` is safe to show. The same plan and `token` give one Event, however often this runs. `deadline` is in seconds.
    """
    about = applied.target
    try:
        await Writer(connection, deadline=deadline).create(
            EVENTS,
            _event(plan, applied, who=who, token=token, api_version=await _api_version(connection, about, deadline)),
            namespace=_home(about),
        )
    except Conflict:
        return None
    except ClusterError as error:
        return error.gap(f"the Event about {about}")
    return None


async def _api_version(connection: Connection, about: ObjectRef, deadline: float) -> str:
    """Return the API version of the kind, "" if the cluster does not say: the uid still identifies the object."""
    async with Snapshot(connection, deadline=deadline) as snapshot:
        try:
            resource = await snapshot.served(about.kind)
        except ClusterError:
            return ""
    return resource.api_version if resource else ""


def _event(plan: Plan, applied: Applied, *, who: str, token: str, api_version: str) -> Json:
    about = applied.target
    # No resourceVersion: the Event is about the versions before and after the write.
    involved = {
        "kind": about.kind,
        "namespace": about.namespace,
        "name": about.name,
        "uid": about.uid,
        "apiVersion": api_version,
    }
    at = applied.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "kind": "Event",
        "apiVersion": EVENTS.api_version,
        "metadata": {"name": _name(plan, token), "namespace": _home(about)},
        "involvedObject": {key: value for key, value in involved.items() if value},
        "type": "Normal",
        "reason": _reason(plan),
        "message": _message(plan, applied, who),
        "action": plan.action,
        "source": {"component": OUR_COMPONENT},
        "reportingComponent": OUR_COMPONENT,
        "firstTimestamp": at,
        "lastTimestamp": at,
        "count": 1,
    }


def _home(about: ObjectRef) -> str:
    # The API server's rule for objects outside namespaces.
    return about.namespace or "default"


def _name(plan: Plan, token: str) -> str:
    digest = hashlib.blake2b(f"{plan.id}\0{token}".encode("utf-8", "replace"), digest_size=16).hexdigest()
    return f"{OUR_COMPONENT}.{digest}"


def _reason(plan: Plan) -> str:
    """Return one word that `kubectl get events --field-selector reason=…` finds, such as CasebookUndoScale."""
    words = [OUR_COMPONENT, *(["undo"] if plan.undoes else []), *plan.action.split("-")]
    return "".join(word[:1].upper() + word[1:] for word in words)[:_LONGEST_REASON]


def _message(plan: Plan, applied: Applied, who: str) -> str:
    """Return what was done, by whom, under which plan. Only the first is cut: the rest leads to the audit."""
    end = f" by {safe_line(who, limit=_LONGEST_WHO)} (plan {plan.id})"
    room = _LONGEST_MESSAGE - len(end.encode())
    done = f"Casebook: {safe_line(applied.says.en)}"
    if len(done.encode()) > room:
        done = done.encode()[: room - 3].decode("utf-8", "ignore") + "…"
    return f"{done}{end}"
