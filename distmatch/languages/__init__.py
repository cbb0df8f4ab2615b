"""Models of P_Y: how likely a text is in a language, in bits."""
