"""Share code between actions: bases for one kind of write, and readers of workloads, volumes, budgets and sources."""
