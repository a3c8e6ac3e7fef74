"""The audit entry of each stage of a remedy: who did what to which object, and the result. Pure."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.remedies.contract import Applied, Plan, Preview, Refusal, Verification
from intents.domain import Text
from responses.safety import safe_value

Json = dict[str, Any]


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
    detail |= _of_result(result)
    fields: Json = {
        "at": at,
        "actor": actor,
        "team": team,
        "channel": channel,
        "action": plan.action,
        "cluster": plan.cluster,
        "target": str(plan.target),
        "plan_id": plan.id,
        "outcome": _outcome(step, result),
        "detail": detail,
    }
    return {**safe_value(fields), "key": _key(plan.id, step, token) if token else ""}


def _key(*parts: str) -> str:
    # A digest, because stored text may be redacted: an id that looks like a credential would give all entries one key,
    # and only the first would be kept.
    return hashlib.blake2b("\0".join(parts).encode("utf-8", "replace"), digest_size=16).hexdigest()


def _outcome(step: str, result: Result | None) -> str:
    match result:
        case Refusal():
            return f"refused: {result.reason}"
        case Denied():
            return "not allowed"
        case Applied():
            return "applied already" if result.already else "applied"
        case Verification():
            return str(result.state)
        case _:
            return step


def _of_result(result: Result | None) -> Json:
    match result:
        case Refusal():
            done = {"done": [each.en for each in result.done]} if result.done else {}
            return {"says": result.says.en, "quote": result.quote, **done}
        case Denied():
            return {"says": result.says.en, **({"rule": result.rule} if result.rule else {})}
        case Applied():
            return {
                "says": result.says.en,
                "generation": result.generation,
                "resource_version": result.resource_version,
                "written_at": result.at.isoformat(),
            }
        case Preview():
            return {"diff": result.diff, "steps": [f"{step.verb} {step.target}" for step in result.steps]}
        case Verification():
            return {"says": result.says.en, "ready": result.ready, "wanted": result.wanted}
        case None:
            return {}
