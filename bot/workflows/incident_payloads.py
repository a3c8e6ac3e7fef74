"""Define what each kind of job of incident channels is started with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.workflows.job_payloads import DialogJob, Payload
from intents.channel_commands import ChannelAction
from intents.domain import Language
from responses.chronicle import incident_replies
from responses.slack.chronicle import mark_dialog


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentJob(Payload):
    """Open the chronicle of a channel if it is an incident channel.

    `said`: a member's command says that it is one. `back`: a user invited us, perhaps again.
    """

    kind = "incident"
    name: str = ""
    at: datetime
    join: bool = False
    said: bool = False
    back: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class WelcomeJob(Payload):
    """Show a user who joined what they missed."""

    kind = "welcome"


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchivedJob(Payload):
    """Send the result of an incident to the user who archived its channel."""

    kind = "archived"


@dataclass(frozen=True, slots=True, kw_only=True)
class RemovedJob(Payload):
    """Tell the user who removed us from a channel, if Slack says who, how to invite us again."""

    kind = "removed"


@dataclass(frozen=True, slots=True, kw_only=True)
class BackfillJob(Payload):
    """Read the whole history of a channel."""

    kind = "backfill"


@dataclass(frozen=True, slots=True, kw_only=True)
class RereadJob(Payload):
    """Read what was missed in a channel."""

    kind = "reread"


@dataclass(frozen=True, slots=True, kw_only=True)
class SummaryJob(Payload):
    """Update the summary of a channel after `wait` seconds, when the slot of changes is over."""

    kind = "summary"
    wait: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class NudgeJob(Payload):
    """Remind an incident channel of what is open."""

    kind = "nudge"


@dataclass(frozen=True, slots=True, kw_only=True)
class MentionJob(Payload):
    """Answer a command of an incident channel that was given by a mention; `thread_ts` is "" in a direct message."""

    kind, interactive = "mention", True
    thread_ts: str
    text: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolveDialogJob(DialogJob):
    """Open the dialog that asks before an incident is resolved."""

    kind = "resolve"
    late, failed = incident_replies.TYPE_AGAIN, incident_replies.DIALOG_FAILED


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenCause:
    """The root cause from the dialog; `template` is the key of the fact that was chosen."""

    says: str
    state: str = ""
    template: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandJob(Payload):
    """Apply an incident command.

    `thread_ts` is None unless it was given by a mention. `here`: export to the channel. `anew`: nothing was recorded
    until now.
    """

    kind, interactive = "command", True
    doing: ChannelAction
    at: datetime
    language: Language
    response_url: str = ""
    thread_ts: str | None = None
    here: bool = False
    anew: bool = False
    cause: GivenCause | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkJob(Payload):
    """Set what message `ts` is, or take it back if it no longer `stands`.

    `says` replaces its words. With `alone`, what was set for the message before no longer counts.
    """

    kind, interactive = "mark", True
    ts: str
    what: str
    at: datetime
    says: str = ""
    stands: bool = True
    alone: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FactCorrectionJob(Payload):
    """Correct the fact with this key: it is `what` now; `says` replaces its words."""

    kind, interactive = "fact_correction", True
    key: str
    what: str
    at: datetime
    says: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkDialogJob(DialogJob):
    """Open the dialog that asks what message `ts` is; without one, which fact of the channel is to be corrected."""

    kind = "mark_dialog"
    late, failed = mark_dialog.TRY_AGAIN, incident_replies.DIALOG_FAILED
    ts: str = ""
    text: str = ""
