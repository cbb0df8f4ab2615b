"""Searches whose f is a linear map of vectors."""
