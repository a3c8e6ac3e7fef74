"""What emptying a node needs to know: which pods go, what holds them back, and whether they find room elsewhere."""
