"""Define the words of an action in a dialog: a verb with its object, and one sentence that says what confirming does.

Each action brings its own: `bot.remedies.actions`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from intents.domain import Text

# Slack cuts the title and the button of a dialog beyond this.
LONGEST_VERB: Final = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionWords:
    """The title and the button of a dialog, and the sentence below them.

    `verb` is a verb and its object, such as "Restart pod"; it fits into LONGEST_VERB characters.
    """

    verb: Text
    does: Text
