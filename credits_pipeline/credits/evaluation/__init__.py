"""What a file says about a month, and what follows from it: pure functions over what was read."""
