"""Call Slack: messages, files, people, groups, canvases, history. Knows nothing of requests, jobs or clusters."""
