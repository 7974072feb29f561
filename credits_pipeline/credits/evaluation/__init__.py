"""What a file says of a month, and what follows from it: pure functions over what was read."""
