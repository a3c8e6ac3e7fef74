"""One small file per action: what it writes, what it needs, how it is previewed and when it has settled."""
