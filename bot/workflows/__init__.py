"""What is done durably, step by step: answer, count again, take back, preview a remedy, carry it out.

A workflow only puts steps in order; a step may run more than once, so each finds out what is done already. What goes
from step to step is small JSON: ids and redacted text.
"""
