"""Incident channels: recorded as they are talked in, summed up in one message, told to whoever comes late."""
