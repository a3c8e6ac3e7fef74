"""What is missing before the bot can work, and what to do about it: each area is looked at, none is changed."""
