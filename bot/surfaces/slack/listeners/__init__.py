"""Listen to arrivals, one module per kind, each with `register`: create a request or press, start a job, respond.

The app runs a listener before it acknowledges (`process_before_response`). A listener that raises, because nothing
could be recorded, is not acknowledged, and Slack sends the event again.
"""

from typing import Final

# Time limit for a listener's message to a user: Slack waits three seconds for the acknowledgement, even if its own
# API is slow.
TELL_S: Final = 0.8
