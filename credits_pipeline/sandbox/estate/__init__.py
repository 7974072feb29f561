"""A made-up organisation of three accounts: forty resources, each with a story, and its bill."""
