"""Extract and summarise the facts of incident channels, as pure functions."""
