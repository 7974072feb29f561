"""The vocabulary of wing one: findings in a file, decisions of people, the table."""
