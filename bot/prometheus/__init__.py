"""Query the Prometheus of a cluster, if one is configured, for facts that only a metrics history holds.

It receives only queries, and only at the configured address.
"""
