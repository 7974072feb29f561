"""What can be saved: rules over the table of resources, and the life of what they find."""
