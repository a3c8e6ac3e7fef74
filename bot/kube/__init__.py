"""Rules of Kubernetes itself as pure functions over plain JSON: no network, no clock, nothing of the probes."""
