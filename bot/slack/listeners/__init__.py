"""One module per surface, each with `register`: what arrives becomes a request or a press, a job is started, Slack is
answered. Nothing is decided here.

The app runs a listener before it acknowledges (`process_before_response`). So a listener that raises, because nothing
could be recorded, is not acknowledged, and Slack sends the event again.
"""
