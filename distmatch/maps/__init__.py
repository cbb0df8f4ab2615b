"""What f may be: keys, lexicons, linear maps."""
