"""Searches whose f maps symbols to letters: one file a kind of cipher."""
