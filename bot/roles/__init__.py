"""Generate the roles that Casebook needs in a cluster from the declarations of probes, entries and actions."""
