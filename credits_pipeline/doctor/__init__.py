"""Is everything here that a month needs? Each part looked at, with what to do where it is not."""
