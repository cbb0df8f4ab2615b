"""Kinds of cipher, ciphertext files, enciphering."""
