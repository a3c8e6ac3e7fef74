"""Reads that several probes share: the pods in question, logs, backends of Services, leases. None is a probe."""
