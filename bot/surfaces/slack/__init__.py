"""Turn Slack's events, commands, shortcuts and button presses into requests and jobs."""
