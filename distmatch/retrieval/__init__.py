"""Reading a map out: nearest neighbours, CSLS, lexicons, decoding word by word."""
