"""The rules of Kubernetes as pure functions over plain JSON: no network, no clock, no probe."""
