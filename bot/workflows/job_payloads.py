"""Define what each kind of job is started with: all that a workflow knows before its first step.

A job counts for the person `user`, else for its channel, so that one person's jobs do not delay those of others.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Final, TypedDict

from bot.jobs import JobPayload, JobTurn, JobUrgency
from bot.overviews.watched_rows import LastingTrouble
from intents.alerts.links import Matcher
from intents.domain import Json, Language, Text
from responses import failures, learned_words
from responses.slack.presses import Press

_KINDS: Final[dict[str, type[Payload]]] = {}


class By(TypedDict):
    """The person who asked, with workspace and channel."""

    team: str
    channel: str
    user: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Payload(JobPayload):
    """What every job may name: a person, a channel, a request."""

    # People wait for it with a dialog or a button before them.
    interactive: ClassVar[bool] = False

    team: str = ""
    channel: str = ""
    user: str = ""
    request: str = ""

    def __init_subclass__(cls) -> None:
        if kind := cls.__dict__.get("kind"):
            _KINDS[kind] = cls

    @property
    def urgency(self) -> JobUrgency:
        return JobUrgency.INTERACTIVE if self.interactive else JobUrgency.BACKGROUND

    @property
    def sender(self) -> By:
        return {"team": self.team, "channel": self.channel, "user": self.user}

    @property
    def where(self) -> str:
        """Return the channel, if need be from a request's id, which is team.channel.message."""
        parts = self.request.split(".")
        return self.channel or (parts[1] if len(parts) > 2 else "")


def kinds() -> Collection[str]:
    """Return the kinds of jobs."""
    return _KINDS.keys()


def read_payload(kind: str, kept: Json) -> Payload:
    """Return the payload of a recorded job. Raise ValueError for a kind or a payload that is unknown here."""
    if kind not in _KINDS:
        raise ValueError(f"there are no jobs of kind {kind}")
    return _KINDS[kind].from_json(kept)


def turn_of(kind: str, kept: Json) -> JobTurn:
    """Return the turn of a job; one without a user is counted to its channel."""
    try:
        payload = read_payload(kind, kept)
    except ValueError:
        # Recorded by another version: it waits its turn, and fails visibly.
        return JobTurn()
    # An integration may have more requests waiting than a person: answers are bounded where they are submitted.
    bounded = bool(payload.user) and not isinstance(payload, AnswerJob)
    person = payload.user or f"#{payload.where}"
    return JobTurn(person=person, channel=payload.where, urgency=payload.urgency, bounded=bounded)


@dataclass(frozen=True, slots=True, kw_only=True)
class DialogJob(Payload):
    """Fill a dialog: one that the `trigger` opens, or the open `view`. Without one the person is told in a thread.

    `late` says that the trigger expired, `failed` that the dialog could not be filled.
    """

    late: ClassVar[Text]
    failed: ClassVar[Text]

    trigger: str = ""
    view: str = ""
    thread_ts: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerJob(Payload):
    """Answer a request. `asked`: somebody asked for it. With `anyway` a repeated request is answered by itself."""

    kind = "answer"
    asked: bool = False
    revision: int = 1
    anyway: bool = False

    @property
    def urgency(self) -> JobUrgency:
        return JobUrgency.ASKED if self.asked else JobUrgency.UNASKED


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedJob(Payload):
    """A job that fills a page of the app in Slack; `channel` is the direct message of the person who opened it."""

    @property
    def urgency(self) -> JobUrgency:
        return JobUrgency.ASKED


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeJob(OpenedJob):
    """Publish the Home tab of a person."""

    kind = "home"


@dataclass(frozen=True, slots=True, kw_only=True)
class PaneJob(OpenedJob):
    """Suggest prompts in the agent view of a person."""

    kind = "pane"


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawJob(Payload):
    """Delete an answer and what was kept of its request."""

    kind, interactive = "withdraw", True


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertOverJob(Payload):
    """Close an answer: another post says that its alert is over."""

    kind = "alert_over"


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureJob(Payload):
    """Report the failed job `id` of the kind `of` to the people who wait for it; `error` is the name of its type."""

    kind = "failure"
    of: str
    id: str
    payload: Json
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OpinionJob(Payload):
    """Record what a person pressed about an answer."""

    kind, interactive = "opinion", True
    what: Press
    trigger: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelAnswersJob(Payload):
    """Answer a kind of text in the channel no longer, or `again`. The press was below the answer to the request."""

    kind, interactive = "channel_answers", True
    about: str = ""
    again: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectionJob(Payload):
    """Store what it was instead: an entry of the catalog, or what a person typed."""

    kind, interactive = "correction", True
    entry: str
    says: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PickJob(Payload):
    """Switch an answer to another cluster."""

    kind, interactive = "pick", True
    cluster: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewJob(DialogJob):
    """Preview a plan in a dialog: a new one, or the one in which its questions were answered."""

    kind, interactive = "preview", True
    late, failed = failures.PRESS_AGAIN, failures.PREVIEW_FAILED
    plan: str
    answers: dict[str, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RemedyJob(Payload):
    """Apply a plan that was confirmed in the dialog `view`."""

    kind, interactive = "remedy", True
    plan: str
    view: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertGroupJob(Payload):
    """Place the alerts of a round into posts."""

    kind = "alert_group"
    cluster: str
    round: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertPostJob(Payload):
    """Show a post as it is now; `edit` counts its earlier messages."""

    kind = "alert_post"
    post: str
    edit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertPressJob(Payload):
    """Take a press below a post about alerts; `dialog` names the dialog that was submitted, if one was."""

    interactive = True
    post: str
    dialog: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SilenceDialogJob(AlertPressJob):
    """Open the dialog that silences the alerts of a post."""

    kind = "silence_dialog"
    trigger: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SilenceJob(AlertPressJob):
    """Silence the alerts of a post, as its dialog showed."""

    kind = "silence"
    minutes: int
    why: str
    matchers: tuple[Matcher, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SilenceEndJob(AlertPressJob):
    """End the silence of a post."""

    kind = "silence_end"


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchJob(Payload):
    """Look at a namespace whose trouble lasts."""

    kind = "watch"
    namespace: str
    cluster: str
    lasting: tuple[LastingTrouble, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchOverJob(Payload):
    """Edit a post of the watch: its trouble is over."""

    kind = "watch_over"
    post: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchPressJob(Payload):
    """Take what a person pressed below a post of the watch."""

    kind, interactive = "watch_press", True
    post: str
    what: Press
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportJob(Payload):
    """Post what changed in namespaces since the last report."""

    kind = "report"
    key: str
    namespaces: tuple[str, ...]
    cluster: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedbackReportJob(Payload):
    """Post the feedback of a period."""

    kind = "feedback_report"
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SaveDialogJob(DialogJob):
    """Open the dialog that saves an incident: from the message `ts`, or to edit the saved incident `id`."""

    kind = "save_dialog"
    late, failed = learned_words.TRY_AGAIN, learned_words.DIALOG_FAILED
    ts: str = ""
    text: str = ""
    id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SaveJob(Payload):
    """Save a version of an incident. `home` is the channel that it comes from, `by` who solved it."""

    kind = "save_incident"
    thread_ts: str
    language: Language
    id: str
    version: int
    title: str
    yaml: str
    home: str
    channel_name: str
    author: str
    by: str
    shared: bool
    unshared: bool
