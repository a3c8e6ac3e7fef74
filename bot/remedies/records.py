"""Record a remedy: the audit entry of each stage, and the Event on the object."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from bot.cluster.connection import Connection
from bot.cluster.errors import ClusterError, Conflict
from bot.cluster.events import EVENTS, OUR_COMPONENT
from bot.cluster.snapshot import Snapshot
from bot.cluster.writer import Writer
from bot.remedies.contract import Applied, Plan, Preview, Refusal, Verification
from intents.domain import Gap, Json, ObjectRef, Permission, Text
from responses.safety import safe_line, safe_value


@dataclass(frozen=True, slots=True, kw_only=True)
class Denied:
    """Casebook itself refused before any cluster was asked. `rule` is the entry of the policy, or the limit."""

    says: Text
    rule: str = ""


Result = Preview | Applied | Refusal | Verification | Denied


def audit_entry(
    plan: Plan,
    *,
    step: str,
    actor: str,
    at: datetime,
    team: str = "",
    channel: str = "",
    result: Result | None = None,
    token: str = "",
    requested_by: str = "",
) -> Json:
    """Return the fields of an audit entry by name, without credentials.

    `step` is one word: preview, pressed, claimed, applied, verified. `token` names the press: the entry of a stage that
    runs twice has the same `key`. `requested_by` is the requester of what `actor` approved.
    """
    detail: Json = {
        "request": plan.request_id,
        "incident": plan.incident,
        "remedy": plan.remedy,
        "args": plan.args,
        "uid": plan.target.uid,
        "risk": plan.risk,
        "step": step,
    }
    if requested_by:
        detail["requested_by"] = requested_by
    outcome, told = _told(step, result)
    detail |= told
    fields: Json = {
        "at": at,
        "actor": actor,
        "team": team,
        "channel": channel,
        "action": plan.action,
        "cluster": plan.cluster,
        "target": str(plan.target),
        "plan_id": plan.id,
        "outcome": outcome,
        "detail": detail,
    }
    return {**safe_value(fields), "key": _key(plan.id, step, token) if token else ""}


def _key(*parts: str) -> str:
    # A digest, because stored text may be redacted: an id that looks like a credential would give all entries one key,
    # and only the first would be kept.
    return hashlib.blake2b("\0".join(parts).encode("utf-8", "replace"), digest_size=16).hexdigest()


def _told(step: str, result: Result | None) -> tuple[str, Json]:
    """Return the outcome of a step, and the details of its result."""
    match result:
        case Refusal():
            done = {"done": [each.en for each in result.done]} if result.done else {}
            return f"refused: {result.reason}", {"says": result.says.en, "quote": result.quote, **done}
        case Denied():
            return "not allowed", {"says": result.says.en, **({"rule": result.rule} if result.rule else {})}
        case Applied():
            return "applied already" if result.already else "applied", {
                "says": result.says.en,
                "generation": result.generation,
                "resource_version": result.resource_version,
                "written_at": result.at.isoformat(),
            }
        case Preview():
            return step, {"diff": result.diff, "steps": [f"{step.verb} {step.target}" for step in result.steps]}
        case Verification():
            says = result.says.en
            return str(result.state), {"says": says, "ready": result.ready, "wanted": result.wanted}
        case None:
            return step, {}


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
        "metadata": {"name": f"{OUR_COMPONENT}.{_key(plan.id, token)}", "namespace": _home(about)},
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
