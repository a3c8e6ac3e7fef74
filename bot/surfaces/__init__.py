"""Take in what arrives, from Slack and over HTTP: make a neutral request and start its job, nothing else."""
