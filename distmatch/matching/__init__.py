"""How f is found, and how sure we are."""
