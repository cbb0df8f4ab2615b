"""Searches whose f maps symbols to words."""
