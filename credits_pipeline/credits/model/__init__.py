"""The words of wing one: what a file is found to say, what a person decides, the table."""
