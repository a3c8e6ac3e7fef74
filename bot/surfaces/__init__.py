"""Take in what arrives from Slack and over HTTP: create a neutral request and start its job, nothing else."""
