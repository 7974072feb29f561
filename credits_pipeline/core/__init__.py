"""The vocabulary that every room shares: the billing month, and exact US dollars."""
