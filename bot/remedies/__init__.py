"""Remedies of catalog entries: offered, checked, previewed, applied once, verified, audited, undone."""
