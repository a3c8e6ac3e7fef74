"""Store the content of a plan's dialog with the plan: a press must come from it, and the write is guarded by it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bot.common.portable import Portable
from bot.remedies.contract import Plan, Preview
from bot.store import StoredPlan
from intents.domain import Question, Text
from intents.typed_values import complaints


@dataclass(frozen=True, slots=True, kw_only=True)
class DialogContent(Portable):
    """Content of a dialog: the guards of the write, the entered values, and the user who confirmed before.

    That user is set when a second person approves, else "".
    """

    preview: Preview
    answers: dict[str, str] = field(default_factory=dict)
    approves: str = ""

    @property
    def fill(self) -> str:
        """Return the id of this content among the contents of one dialog."""
        return hashlib.sha256(json.dumps(self.as_json(), sort_keys=True).encode()).hexdigest()[:12]


def dialog_key(user: str) -> str:
    """Return the key under which a plan stores the dialog that it last showed to that user."""
    return f"dialog:{user}"


def filling_id(view: str, fill: str) -> str:
    """Return the id of one content of a dialog."""
    return f"{view}.{fill}"


def content_key(view: str) -> str:
    """Return the key under which a plan stores one content of a dialog.

    Each content has its own key: while one is submitted the next is prepared, and the user confirms the one they saw.
    """
    return f"shown:{view}"


def dialog_content(plan: StoredPlan, view: str) -> DialogContent | None:
    """Return the content with this id; None if it was never stored."""
    kept = plan.document.get(content_key(view))
    return DialogContent.from_json(kept) if kept else None


def was_shown_to(plan: StoredPlan, user: str, view: str) -> bool:
    """Tell whether this is the dialog in which the user last saw the plan."""
    return bool(plan.document.get(dialog_key(user)) == view)


def name_to_type(plan: StoredPlan) -> str:
    """Return the object's name that must be typed before the plan is applied; "" for none."""
    return _plan(plan).name_to_type


def typed_answers(plan: StoredPlan, typed: Mapping[str, str]) -> tuple[dict[str, str], Mapping[str, Text]]:
    """Return the answers to a plan's questions, and the input errors by question."""
    questions: Sequence[Question] = _plan(plan).asks
    return {each.id: typed.get(each.id, "").strip() for each in questions}, complaints(questions, typed)


def _plan(plan: StoredPlan) -> Plan:
    return Plan.from_json(plan.document["plan"])
