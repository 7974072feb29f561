"""What clouds say of their resources: read and never written, and "not known" where it can't be seen."""
