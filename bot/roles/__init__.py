"""The roles that Casebook asks of a cluster, generated from what probes, entries and actions declare."""
