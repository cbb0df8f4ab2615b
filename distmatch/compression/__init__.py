"""Code lengths in bits, and coders that reach them."""
