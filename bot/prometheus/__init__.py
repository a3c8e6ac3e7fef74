"""The Prometheus beside a cluster, where one is configured: what nobody but a metrics history can tell.

It is asked nothing but queries, at no other address than the configured one.
"""
