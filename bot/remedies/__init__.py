"""Carrying out what a catalog entry offers: planned, checked, previewed, applied once, verified, audited."""
