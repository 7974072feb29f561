"""A made-up organisation of three accounts: forty resources that each tell a story, and its bill."""
