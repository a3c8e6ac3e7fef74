"""Relate the objects of a cluster by typed edges, which are derived from their fields in one place."""
