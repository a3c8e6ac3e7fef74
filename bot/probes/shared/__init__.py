"""What several probes read in the same way: which pods, whose owners, which runs, which logs. No probe itself."""
