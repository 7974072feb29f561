"""Checks that everything a month needs is in place, and says what to do where it is not."""
