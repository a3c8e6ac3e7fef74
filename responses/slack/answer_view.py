"""Define all that an answer shows: the diagnosis, what surrounded the request, and what people did since."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from intents.domain import Language, Text
from responses.safety import SafeDiagnosis
from responses.slack import blocks
from responses.slack.cluster_picker import Picker
from responses.slack.remedy_states import RemedyShown


@dataclass(frozen=True, slots=True, kw_only=True)
class RemedyButton:
    """A button for a remedy: `plan_id` names a stored plan, `risk` is the remedy's."""

    plan_id: str
    label: Text
    risk: str = "low"
    style: blocks.Style = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerView:
    """An answer to show. `seconds` is the wall time of the diagnosis.

    `observed` are the text's error lines, shown where no hypothesis matches. `details_value` is the value of the
    Details button; with "", for no button, the first steps of the runbook are in the answer, unless `runbook` says that
    they are found elsewhere. `count` says how often the same was asked, `last_seen` when last. `text_only_reason` says
    why no cluster was queried, `because` why this one of several; `pick` offers the others. `controls` shows the menu
    to mark the answer as wrong and to mute it. `not_it_by` and `muted_by` are ids of users, `corrections` what users
    said it was, `muted_why` is the reason to mute it. `secrets` are the kinds of secrets that the text held. `related`
    are links to answers about the same fault. `ended` says that the alert which was answered is over: what it was
    stays, nothing is offered any more.
    """

    diagnosis: SafeDiagnosis
    language: Language
    request_id: str
    seconds: float
    of_text: bool
    buttons: tuple[RemedyButton, ...] = ()
    details_value: str = ""
    runbook: bool = True
    count: int = 1
    last_seen: datetime | None = None
    observed: tuple[str, ...] = ()
    text_only_reason: Text | None = None
    controls: bool = True
    remedy_states: Sequence[RemedyShown] = ()
    not_it_by: Sequence[str] = ()
    corrections: Mapping[str, Text] = field(default_factory=dict)
    muted_by: str = ""
    muted_why: str = ""
    because: Text | None = None
    pick: Picker | None = None
    secrets: tuple[Text, ...] = ()
    related: Sequence[str] = ()
    ended: Text | None = None
