"""One module per change of the tables; none is edited after its release."""
