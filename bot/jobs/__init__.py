"""Durable work: jobs that outlive the process that began them. The only room that knows the engine (DBOS)."""
