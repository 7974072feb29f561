"""What people are told without looking: what is wrong, told once, by every channel that is set."""
