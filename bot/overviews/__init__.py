"""Find everything that is unhealthy in a namespace or a cluster, grouped by root cause and ranked by impact."""
