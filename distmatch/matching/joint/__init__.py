"""Searches for the f that shortens a joint code."""
