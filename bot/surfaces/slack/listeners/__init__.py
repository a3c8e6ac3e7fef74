"""One module for each kind of arrival, each with `register`: make a request or a press, start a job, answer Slack.

The app runs a listener before it acknowledges (`process_before_response`). So a listener that raises, because nothing
could be recorded, is not acknowledged, and Slack sends the event again.
"""

from typing import Final

# What a listener may take to tell somebody something: Slack waits three seconds for its acknowledgement, whatever its
# own API does meanwhile.
TELL_S: Final = 0.8
