"""Incident channels in Slack: the summary that is kept, the timeline, what somebody missed, notes."""
