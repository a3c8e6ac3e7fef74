"""The parts of a drain: which pods are evicted, what blocks them, and whether other nodes have room for them."""
