"""What X and Y are made of: alphabets and text."""
