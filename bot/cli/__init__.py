"""Define the command line: one module per command, imported only when its command is given, for a quick start."""
