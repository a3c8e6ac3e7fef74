"""Define what else a press can come to than a job: refused, invalid, to be confirmed, or another dialog."""

from __future__ import annotations

from collections.abc import Mapping

from bot.store import StoreUnavailable
from intents.domain import ExternalManager, Text
from responses import failures
from responses.slack.message import View


class InvalidInput(Exception):
    """Error: input of a dialog is invalid. Maps the input's block id to the message."""

    def __init__(self, wrong: Mapping[str, Text]) -> None:
        self.wrong = wrong
        super().__init__(", ".join(wrong))


class ConfirmationNeeded(Exception):
    """Error: the change needs a second confirmation, because another controller will revert it."""

    def __init__(self, carried: str, custodian: ExternalManager) -> None:
        self.carried = carried
        self.custodian = custodian
        super().__init__(custodian.name)


class NextDialog(Exception):
    """Error: the dialog goes on with this view."""

    def __init__(self, view: View) -> None:
        self.view = view
        super().__init__(str(view.get("callback_id", "")))


class PressRefused(Exception):
    """Error: the press starts nothing. `why` goes into the audit, `says` to the user who pressed."""

    def __init__(self, why: str, says: Text = failures.UNKNOWN_BUTTON) -> None:
        self.why = why
        self.says = says
        super().__init__(why)


class AnswerNotStored(StoreUnavailable):
    """Error: the pressed message is ours, and its answer is not stored yet: the user may press again in a moment."""

    usual = "the answer is not stored yet"
