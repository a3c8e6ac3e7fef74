"""Run durable jobs step by step: answer, count repeats, withdraw, preview a remedy and apply it.

A workflow only orders its steps. A step may run more than once, so each one finds out what is already done. Data
between steps is small JSON: ids and redacted text.
"""
