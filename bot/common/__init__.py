"""Provide small tools that every room may use; they know nothing of Slack, clusters or requests."""
