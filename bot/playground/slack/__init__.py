"""A Slack on loopback that answers and delivers as the real one does: the far end of tests and of the demo."""
