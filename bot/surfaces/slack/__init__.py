"""Turn Slack's events, commands, shortcuts and button presses into requests and jobs."""

from intents.lean_imports import postpone

# Their own code imports the synchronous app; the asynchronous one is imported by its own module.
postpone("slack_bolt", "slack_bolt.app")
