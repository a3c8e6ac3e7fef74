"""Build the Slack messages of incident channels: summary, timeline, catch-up, announcements."""
