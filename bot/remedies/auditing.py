"""What the audit keeps of each step of a remedy: who did what to what, and what came of it. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from bot.remedies.contract import Applied, Plan, Preview, Refusal, Verification

Json = dict[str, Any]

Result = Preview | Applied | Refusal | Verification


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
) -> Json:
    """The fields of an audit entry, by name. `step` is a word: pressed, previewed, applied, verified.

    `token` names the press; with it the entry of a step that runs twice has the same `key`.
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
    detail |= _of_result(result)
    return {
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
        "key": f"{plan.id}:{step}:{token}" if token else "",
    }


def _outcome(step: str, result: Result | None) -> str:
    match result:
        case Refusal():
            return f"refused: {result.reason}"
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
