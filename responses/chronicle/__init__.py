"""Word the facts of an incident channel, for any surface."""
