"""Keep with a plan what its dialog was filled with: a press must come from it, and the write rests on it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bot.common.portable import Portable
from bot.remedies.contract import Plan, Preview
from bot.store import StoredPlan
from intents.asking import complaints
from intents.domain import Question, Text


@dataclass(frozen=True, slots=True, kw_only=True)
class DialogContent(Portable):
    """What a dialog was filled with: what guards the write, the values given for what the plan asks, and whose
    confirmation it approves, "" for nobody's.
    """

    preview: Preview
    answers: dict[str, str] = field(default_factory=dict)
    approves: str = ""

    @property
    def fill(self) -> str:
        """Name this filling among those of one dialog."""
        return hashlib.sha256(json.dumps(self.as_json(), sort_keys=True).encode()).hexdigest()[:12]


def dialog_key(user: str) -> str:
    """Return where a plan keeps which dialog it was last shown in to that user."""
    return f"dialog:{user}"


def filling_id(view: str, fill: str) -> str:
    """Name one filling of a dialog."""
    return f"{view}.{fill}"


def content_key(view: str) -> str:
    """Return where a plan keeps what one filling of a dialog holds.

    Each filling has its own: while one is submitted the next is filled, and the person who confirms has seen this one.
    """
    return f"shown:{view}"


def dialog_content(plan: StoredPlan, view: str) -> DialogContent | None:
    """Return what a filling of a dialog holds; None if it was never filled."""
    kept = plan.document.get(content_key(view))
    return DialogContent.from_json(kept) if kept else None


def was_shown_to(plan: StoredPlan, user: str, view: str) -> bool:
    """Tell whether that dialog is the one in which the user was last shown the plan."""
    return bool(plan.document.get(dialog_key(user)) == view)


def name_to_type(plan: StoredPlan) -> str:
    """Return the object's name that must be typed before the plan may be carried out; "" for none."""
    return _plan(plan).name_to_type


def typed_answers(plan: StoredPlan, typed: Mapping[str, str]) -> tuple[dict[str, str], Mapping[str, Text]]:
    """Return the answers to a plan's questions, and by question what is wrong with them."""
    questions: Sequence[Question] = _plan(plan).asks
    return {each.id: typed.get(each.id, "").strip() for each in questions}, complaints(questions, typed)


def _plan(plan: StoredPlan) -> Plan:
    return Plan.from_json(plan.document["plan"])
