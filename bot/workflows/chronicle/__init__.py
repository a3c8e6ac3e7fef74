"""Record incident channels, keep one summary message of them, and tell people who come late what they missed."""
