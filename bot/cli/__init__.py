"""The command line: one module per command, each imported only when its command is given, so that starting is quick."""
