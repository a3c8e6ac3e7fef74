"""Check what is missing before the bot can work, and how to fix it. Nothing is changed."""
