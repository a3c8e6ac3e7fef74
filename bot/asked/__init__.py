"""Answer requests that need no verdict: logs, events, history, where something runs, who calls it."""
