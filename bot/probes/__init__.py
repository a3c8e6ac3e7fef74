"""Reads of the cluster, one small file each. A new probe is a new module with a `read`; nothing else to register."""
