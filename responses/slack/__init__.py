"""How answers look in Slack: values in, blocks out. Pure; every string in them has passed `responses.safety`."""
