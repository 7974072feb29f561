"""What clouds report about their resources: read, never written; NULL if it could not be read."""
