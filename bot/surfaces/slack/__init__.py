"""Slack's events, commands, shortcuts and button presses become requests and jobs."""
