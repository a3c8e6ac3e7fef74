"""Alerts: what a monitoring system reports, and the object that it is about."""
