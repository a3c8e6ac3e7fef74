"""Slack's side: what people say and press comes in here, what they are told goes out here. Nothing is decided here."""
