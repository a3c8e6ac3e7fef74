"""Implement the Web API methods, one module per family."""
