"""Word vectors: the type, its files, and ways to learn them."""
