"""What clouds say of their resources: read, never written; NULL where it could not be seen."""
